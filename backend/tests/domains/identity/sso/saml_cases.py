"""Wrong SAML answers, each with the cause that the audit log has to name."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from signxml import CanonicalizationMethod, DigestAlgorithm, SignatureMethod  # type: ignore[attr-defined]
from tests.support.saml_provider import (
    DS,
    SAML,
    SAMLP,
    Pair,
    Said,
    assertion_xml,
    encode,
    response_xml,
    sign,
    signed_response,
)

EVIL = "evil-subject"


@dataclass
class Pairs:
    """Keys that a case may sign with. Only `own` is pinned (and `expired` at the connection for that case)."""

    own: Pair
    other: Pair
    expired: Pair


@dataclass
class Wrong:
    """One wrong answer: changed statements, or a whole document, encoded by `encode` unless it is bytes of base64."""

    name: str
    cause: str
    said: dict[str, Any] = field(default_factory=dict)
    xml: Callable[[Said, Pairs], str | bytes] | None = None
    encoded: Callable[[str], str] | None = None
    relay: str = "own"  # own | none | other
    cookie: bool = True


def build(case: Wrong, said: Said, pairs: Pairs) -> str:
    """The posted value."""
    said = replace(said, **case.said)
    xml = case.xml(said, pairs) if case.xml else signed_response(said, pairs.own)
    return case.encoded(encode(xml)) if case.encoded else encode(xml)


def _evil(said: Said, **changes: Any) -> str:
    """An unsigned assertion about somebody else."""
    return assertion_xml(replace(said, subject=EVIL, assertion_id="_evil", **changes))


def _signed(said: Said, pairs: Pairs) -> str:
    return sign(assertion_xml(said), pairs.own, said.assertion_id)


def _signature_of(xml: str) -> str:
    found = re.search(r"<ds:Signature.*?</ds:Signature>", xml, re.S)
    assert found
    return found[0]


def _inside(xml: str, tag: str, content: str) -> str:
    """Content put before the end of an element."""
    return xml.replace(f"</{tag}>", f"{content}</{tag}>", 1)


# The eight ways of Somorovsky et al. (USENIX Security 2012) to wrap a signed assertion, and four of our own.
def _wrap_1(said: Said, pairs: Pairs) -> str:
    """The signed response inside the evil one's signature."""
    signed = signed_response(said, pairs.own, whole=True)
    inner = re.sub(r"<ds:Signature.*?</ds:Signature>", "", signed, count=1, flags=re.S)
    signature = _signature_of(signed).replace("</ds:Signature>", f"<ds:Object>{inner}</ds:Object></ds:Signature>")
    return response_xml(replace(said, response_id="_evil-response"), signature + _evil(said))


def _wrap_2(said: Said, pairs: Pairs) -> str:
    """The signed response before the evil assertion, signature beside both."""
    signed = signed_response(said, pairs.own, whole=True)
    inner = re.sub(r"<ds:Signature.*?</ds:Signature>", "", signed, count=1, flags=re.S)
    return response_xml(replace(said, response_id="_evil-response"), _signature_of(signed) + inner + _evil(said))


def _wrap_3(said: Said, pairs: Pairs) -> str:
    """The evil assertion before the signed one."""
    return response_xml(said, _evil(said) + _signed(said, pairs))


def _wrap_4(said: Said, pairs: Pairs) -> str:
    """The signed assertion inside the evil one."""
    return response_xml(said, _inside(_evil(said), "saml:Assertion", _signed(said, pairs)))


def _wrap_5(said: Said, pairs: Pairs) -> str:
    """The signature moved into the evil assertion, the signed one behind it."""
    signed = _signed(said, pairs)
    bare = re.sub(r"<ds:Signature.*?</ds:Signature>", "", signed, count=1, flags=re.S)
    evil = _evil(said).replace("</saml:Issuer>", "</saml:Issuer>" + _signature_of(signed), 1)
    return response_xml(said, evil + bare)


def _wrap_6(said: Said, pairs: Pairs) -> str:
    """The signed assertion inside the signature inside the evil one."""
    signed = _signed(said, pairs)
    bare = re.sub(r"<ds:Signature.*?</ds:Signature>", "", signed, count=1, flags=re.S)
    signature = _signature_of(signed).replace("</ds:Signature>", f"{bare}</ds:Signature>")
    return response_xml(said, _evil(said).replace("</saml:Issuer>", "</saml:Issuer>" + signature, 1))


def _wrap_7(said: Said, pairs: Pairs) -> str:
    """The evil assertion in an extension before the signed one."""
    extension = f'<samlp:Extensions xmlns:samlp="{SAMLP}">{_evil(said)}</samlp:Extensions>'
    return response_xml(said, extension + _signed(said, pairs))


def _wrap_8(said: Said, pairs: Pairs) -> str:
    """The signed assertion in an object of the signature of the evil one, with its id."""
    signed = _signed(said, pairs)
    bare = re.sub(r"<ds:Signature.*?</ds:Signature>", "", signed, count=1, flags=re.S)
    signature = _signature_of(signed).replace("</ds:Signature>", f"<ds:Object>{bare}</ds:Object></ds:Signature>")
    evil = _evil(said).replace('ID="_evil"', f'ID="{said.assertion_id}"')
    return response_xml(said, evil.replace("</saml:Issuer>", "</saml:Issuer>" + signature, 1))


def _same_id_twice(said: Said, pairs: Pairs) -> str:
    signed = _signed(said, pairs)
    twin = f'<samlp:Extensions><x xmlns="" ID="{said.assertion_id}"/></samlp:Extensions>'
    return response_xml(said, twin + signed)


def _other_namespace(said: Said, pairs: Pairs) -> str:
    evil = _evil(said).replace(SAML, "urn:other")
    return response_xml(said, _signed(said, pairs) + evil)


def _signature_in_subject(said: Said, pairs: Pairs) -> str:
    signed = _signed(said, pairs)
    bare = re.sub(r"<ds:Signature.*?</ds:Signature>", "", signed, count=1, flags=re.S)
    return response_xml(said, _inside(bare, "saml:Subject", _signature_of(signed)))


def _response_signed_only(said: Said, pairs: Pairs) -> str:
    return sign(response_xml(said, assertion_xml(said)), pairs.own, said.response_id)


def _changed(old: str, new: str) -> Callable[[Said, Pairs], str]:
    """A signed answer with a piece changed afterwards."""

    def change(said: Said, pairs: Pairs) -> str:
        xml = signed_response(said, pairs.own)
        assert old in xml, old
        return xml.replace(old, new, 1)

    return change


def _reference(new: str) -> Callable[[Said, Pairs], str]:
    return lambda said, pairs: signed_response(said, pairs.own).replace(f'URI="#{said.assertion_id}"', f'URI="{new}"')


def _more_transforms(said: Said, pairs: Pairs) -> str:
    transform = f'<ds:Transform Algorithm="{DS}base64"/>'
    return signed_response(said, pairs.own).replace("</ds:Transforms>", transform + "</ds:Transforms>", 1)


def _xslt(said: Said, pairs: Pairs) -> str:
    transform = '<ds:Transform Algorithm="http://www.w3.org/TR/1999/REC-xslt-19991116"/>'
    return signed_response(said, pairs.own).replace("</ds:Transforms>", transform + "</ds:Transforms>", 1)


def _two_references(said: Said, pairs: Pairs) -> str:
    xml = signed_response(said, pairs.own)
    reference = re.search(r"<ds:Reference.*?</ds:Reference>", xml, re.S)
    assert reference
    return xml.replace(reference[0], reference[0] * 2, 1)


def _signed_by(which: str, **options: Any) -> Callable[[Said, Pairs], str]:
    def run(said: Said, pairs: Pairs) -> str:
        return signed_response(said, getattr(pairs, which), **options)

    return run


def _before_signing(old: str, new: str) -> Callable[[Said, Pairs], str]:
    """A statement changed before it is signed: the signature is right, the content is not."""

    def run(said: Said, pairs: Pairs) -> str:
        xml = assertion_xml(said)
        assert old in xml, old
        return response_xml(said, sign(xml.replace(old, new), pairs.own, said.assertion_id))

    return run


def _around(head: str, change: Callable[[str], str] = lambda xml: xml) -> Callable[[Said, Pairs], str]:
    return lambda said, pairs: head + change(signed_response(said, pairs.own))


_XXE = '<!DOCTYPE r [<!ENTITY x SYSTEM "file:///etc/passwd">]>'
_BOMB = '<!DOCTYPE r [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;&b;">]>'


def _utf16(said: Said, pairs: Pairs) -> bytes:
    return ('<?xml version="1.0" encoding="UTF-16"?>' + signed_response(said, pairs.own)).encode("utf-16")


def _deep(said: Said, pairs: Pairs) -> str:
    return response_xml(said, "<x>" * 300 + "</x>" * 300)


def _many(said: Said, pairs: Pairs) -> str:
    return response_xml(said, _signed(said, pairs) + '<x xmlns=""/>' * 6_000)


def _encrypted(said: Said, pairs: Pairs) -> str:
    return response_xml(said, f'<saml:EncryptedAssertion xmlns:saml="{SAML}"/>')


def _root(said: Said, pairs: Pairs) -> str:
    return _signed(said, pairs)


def _no_id(said: Said, pairs: Pairs) -> str:
    return signed_response(said, pairs.own).replace(f' ID="{said.response_id}"', "", 1)


def _renamed_response(said: Said, pairs: Pairs) -> str:
    return signed_response(said, pairs.own).replace(SAMLP, "urn:other")


def _sha1(method: bool) -> Callable[[Said, Pairs], str]:
    chosen: dict[str, Any] = {"method": SignatureMethod.RSA_SHA1} if method else {"digest": DigestAlgorithm.SHA1}
    return lambda said, pairs: signed_response(said, pairs.own, **chosen)


def _comments(old: str, new: str) -> Wrong:
    return Wrong(f"a comment in {old}", "saml-markup", xml=_changed(old, new))


_PLAIN = CanonicalizationMethod.CANONICAL_XML_1_0
_COMMENTED = CanonicalizationMethod.EXCLUSIVE_XML_CANONICALIZATION_1_0_WITH_COMMENTS

CASES: list[Wrong] = [
    # Not signed, or not by the pinned key.
    Wrong("nothing signed", "saml-signatures", xml=lambda s, p: response_xml(s, assertion_xml(s))),
    Wrong("only the response signed", "saml-signatures", xml=_response_signed_only),
    Wrong("signature removed", "saml-signatures",
          xml=lambda s, p: re.sub(r"<ds:Signature.*?</ds:Signature>", "", signed_response(s, p.own), flags=re.S)),
    Wrong("another key", "saml-signature", xml=_signed_by("other")),
    Wrong("another key that shows the pinned certificate", "saml-signature",
          xml=lambda s, p: signed_response(s, p.other, certificate=p.own)),
    Wrong("an expired certificate", "saml-signature", xml=_signed_by("expired")),
    Wrong("response by another key, assertion by the pinned", "saml-signature",
          xml=lambda s, p: sign(signed_response(s, p.own), p.other, s.response_id)),
    Wrong("SHA-1 signature", "saml-signature", xml=_sha1(True)),
    Wrong("SHA-1 digest", "saml-signature", xml=_sha1(False)),
    Wrong("HMAC with the certificate", "saml-signature",
          xml=lambda s, p: signed_response(s, p.own).replace("2001/04/xmldsig-more#rsa-sha256",
                                                             "2001/04/xmldsig-more#hmac-sha256")),
    Wrong("subject changed", "saml-signature", xml=_changed("subject-1", "subject-2")),
    Wrong("address changed", "saml-signature", xml=_changed("kim@proven.example", "eve@proven.example")),
    Wrong("audience changed", "saml-signature", xml=_changed("<saml:Audience>", "<saml:Audience> x")),
    Wrong("an attribute added", "saml-signature",
          xml=_changed("</saml:AttributeStatement>", '<saml:Attribute Name="x"/></saml:AttributeStatement>')),
    Wrong("empty signature value", "saml-signature",
          xml=lambda s, p: re.sub(r"(<ds:SignatureValue>).*?(</ds:SignatureValue>)", r"\1\2",
                                  signed_response(s, p.own), flags=re.S)),
    Wrong("no signed info", "saml-references",
          xml=lambda s, p: re.sub(r"<ds:SignedInfo>.*?</ds:SignedInfo>", "", signed_response(s, p.own), flags=re.S)),
    # Wrapped.
    Wrong("wrapped, way 1", "saml-assertions", xml=_wrap_1),
    Wrong("wrapped, way 2", "saml-assertions", xml=_wrap_2),
    Wrong("wrapped, way 3", "saml-assertions", xml=_wrap_3),
    Wrong("wrapped, way 4", "saml-assertions", xml=_wrap_4),
    Wrong("wrapped, way 5", "saml-assertions", xml=_wrap_5),
    Wrong("wrapped, way 6", "saml-assertions", xml=_wrap_6),
    Wrong("wrapped, way 7", "saml-assertions", xml=_wrap_7),
    Wrong("wrapped, way 8", "saml-assertions", xml=_wrap_8),
    Wrong("two assertions, both signed", "saml-assertions",
          xml=lambda s, p: response_xml(s, _signed(s, p) + _signed(replace(s, assertion_id="_second"), p))),
    Wrong("an assertion of another namespace", "saml-assertions", xml=_other_namespace),
    Wrong("an encrypted assertion", "saml-assertions", xml=_encrypted),
    Wrong("the id given twice", "saml-ids", xml=_same_id_twice),
    Wrong("the signature inside the subject", "saml-signatures", xml=_signature_in_subject),
    Wrong("no id", "saml-ids", xml=_no_id),
    # References and transforms.
    Wrong("a reference to the whole document", "saml-references", xml=_reference("")),
    Wrong("a reference to another id", "saml-references", xml=_reference("#other")),
    Wrong("a reference outside", "saml-references", xml=_reference("http://127.0.0.1/assertion")),
    Wrong("a reference by a path", "saml-references", xml=_reference("#xpointer(/)")),
    Wrong("two references", "saml-references", xml=_two_references),
    Wrong("a base64 transform", "saml-transforms", xml=_more_transforms),
    Wrong("an XSLT transform", "saml-transforms", xml=_xslt),
    Wrong("inclusive canonical form", "saml-transforms", xml=_signed_by("own", c14n=_PLAIN)),
    Wrong("canonical form with comments", "saml-transforms", xml=_signed_by("own", c14n=_COMMENTED)),
    # Markup.
    _comments("subject-1", "subject<!---->-1"),
    _comments("kim@proven.example", "kim@proven.example<!-- -->.evil.example"),
    _comments("<saml:Subject>", "<!-- x --><saml:Subject>"),
    Wrong("a comment signed with the rest", "saml-markup", xml=_before_signing("subject-1", "subject<!---->-1")),
    Wrong("CDATA", "saml-markup", xml=_changed("subject-1", "<![CDATA[subject-1]]>")),
    Wrong("an instruction", "saml-markup", xml=_changed("subject-1", "subject<?x?>-1")),
    Wrong("a DTD", "saml-markup", xml=_around("<!DOCTYPE r>")),
    Wrong("an outer DTD", "saml-markup", xml=_around('<!DOCTYPE r SYSTEM "http://127.0.0.1:1/x.dtd">')),
    Wrong("an outer entity", "saml-markup", xml=_around(_XXE, lambda xml: xml.replace("subject-1", "&x;"))),
    Wrong("growing entities", "saml-markup", xml=_around(_BOMB, lambda xml: xml.replace("subject-1", "&c;"))),
    Wrong("an unknown entity", "saml-xml", xml=_changed("subject-1", "&unknown;")),
    Wrong("UTF-16", "saml-encoding", xml=_utf16),
    Wrong("bytes that are no text", "saml-encoding", xml=lambda s, p: b"\xff\xfe\x00<"),
    Wrong("an unknown encoding", "saml-markup",
          xml=_around('<?xml version="1.0" encoding="UTF-7"?>')),
    Wrong("not XML", "saml-xml", xml=lambda s, p: "hello"),
    Wrong("cut off", "saml-xml", xml=lambda s, p: signed_response(s, p.own)[:-30]),
    Wrong("empty", "saml-xml", xml=lambda s, p: ""),
    Wrong("300 levels deep", "saml-xml", xml=_deep),
    Wrong("6,000 elements", "saml-xml", xml=_many),
    Wrong("elements inside a name", "saml-text", xml=_before_signing("subject-1", "subject<b/>-1")),
    Wrong("only an assertion", "saml-root", xml=_root),
    Wrong("a response of another namespace", "saml-root", xml=_renamed_response),
    Wrong("not base64", "saml-encoding", encoded=lambda text: text + "!"),
    Wrong("more than 256 KiB", "saml-size", encoded=lambda text: text + "A" * 360_000),
    # Whom it is for, and who speaks.
    Wrong("another issuer", "saml-issuer", {"issuer": "https://other.example"}),
    Wrong("another issuer outside", "saml-issuer", {"response_issuer": "https://other.example"}),
    Wrong("another audience", "saml-audience", {"audience": "https://other.example"}),
    Wrong("no audience", "saml-audience",
          xml=lambda s, p: response_xml(s, sign(re.sub(r"<saml:AudienceRestriction>.*</saml:AudienceRestriction>", "",
                                                       assertion_xml(s)), p.own, s.assertion_id))),
    Wrong("another recipient", "saml-recipient", {"recipient": "https://other.example/acs"}),
    Wrong("another destination", "saml-destination", {"destination": "https://other.example/acs"}),
    Wrong("no destination", "saml-destination",
          xml=lambda s, p: signed_response(s, p.own).replace(f' Destination="{s.destination}"', "")),
    # Which request.
    Wrong("another request", "saml-in-response-to", {"request_id": "_other"}),
    Wrong("another request inside", "saml-in-response-to",
          xml=lambda s, p: signed_response(replace(s, request_id="_other", response_request_id=s.request_id), p.own)),
    Wrong("no request: the provider begins", "saml-in-response-to",
          xml=lambda s, p: re.sub(r' InResponseTo="[^"]*"', "", signed_response(s, p.own), count=1)),
    Wrong("no relay state", "state", relay="none"),
    Wrong("another relay state", "state", relay="other"),
    Wrong("no cookie", "state-cookie", cookie=False),
    # When.
    Wrong("expired", "saml-times", {"until": -120}),
    Wrong("confirmation expired", "saml-times", {"confirmed_until": -120}),
    Wrong("not yet valid", "saml-times", {"not_before": 300}),
    Wrong("issued in the future", "saml-times", {"issued": 300}),
    Wrong("signed in in the future", "saml-times", {"authenticated": 300}),
    Wrong("the provider's session is over", "saml-times", {"session_until": -120}),
    Wrong("an instant without a zone", "saml-times",
          xml=lambda s, p: response_xml(s, sign(re.sub(r'AuthnInstant="([^"]*)Z"', r'AuthnInstant="\1"',
                                                       assertion_xml(s)), p.own, s.assertion_id))),
    # What is said.
    Wrong("refused", "saml-status", {"status": "urn:oasis:names:tc:SAML:2.0:status:Responder"}),
    Wrong("SAML 1.1", "saml-issuer", {"version": "1.1"}),
    Wrong("holder of key", "saml-confirmation", {"method": "urn:oasis:names:tc:SAML:2.0:cm:holder-of-key"}),
    Wrong("a confirmation that starts later", "saml-confirmation", {"confirmed_from": -10}),
    Wrong("no subject", "saml-subject", {"subject": ""}),
    Wrong("a long subject", "saml-subject", {"subject": "x" * 256}),
    Wrong("two names", "saml-subject",
          xml=_before_signing("<saml:NameID>", "<saml:NameID>first</saml:NameID><saml:NameID>")),
    Wrong("two subjects", "saml-subject",
          xml=_before_signing("<saml:Subject>", f"<saml:Subject><saml:NameID>{EVIL}</saml:NameID></saml:Subject>"
                              "<saml:Subject>")),
    Wrong("one attribute twice", "saml-attributes",
          xml=_before_signing('<saml:Attribute Name="name">', '<saml:Attribute Name="email"/>'
                              '<saml:Attribute Name="name">')),
    Wrong("no sign-in", "saml-authentication",
          xml=lambda s, p: response_xml(s, sign(re.sub(r"<saml:AuthnStatement.*</saml:AuthnStatement>", "",
                                                       assertion_xml(s)), p.own, s.assertion_id))),
    Wrong("no address", "email", {"email": None}),
    Wrong("a domain nobody proved", "domain", {"email": "kim@unproven.example"}),
    Wrong("two addresses", "email",
          xml=_before_signing("<saml:AttributeValue>kim@proven.example",
                              "<saml:AttributeValue>a@proven.example</saml:AttributeValue>"
                              "<saml:AttributeValue>kim@proven.example")),
]  # fmt: skip
