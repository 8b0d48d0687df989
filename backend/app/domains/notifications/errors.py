"""Failures a caller of notifications can act on."""

from app.core.errors import Conflict, NotFound


class ChannelNotFound(NotFound):
    """Also for another organization's channel."""


class RouteNotFound(NotFound):
    """Also for another organization's route."""


class DeliveryNotFound(NotFound):
    """Also for another organization's delivery."""


class DeliveryNotFailed(Conflict):
    slug, title = "delivery-not-failed", "Only a failed message can be sent again"


class ChannelInUse(Conflict):
    slug, title = "channel-in-use", "A route still sends to this channel"


class MailNotConfigured(Conflict):
    slug, title = "mail-not-configured", "This installation has no mail server"
