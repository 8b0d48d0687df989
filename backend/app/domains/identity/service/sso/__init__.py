"""Single sign-on: identity providers of an organization, and sessions that come through them.

A session got through an organization's provider is valid in that organization only, and that provider can never
sign anybody in elsewhere. The identity key is (connection, subject); nothing here links by an e-mail address.
"""
