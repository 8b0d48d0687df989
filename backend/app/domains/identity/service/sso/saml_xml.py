"""Reading and checking SAML answers: one parser, one pinned key, and values only from what was verified.

The document may not hold a DTD, an entity, a comment, CDATA or a processing instruction at all, so that no two
readers can see different text. `KeyInfo` is never looked at.
"""

import base64
import binascii
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from lxml import etree
from signxml import (  # type: ignore[attr-defined]
    DigestAlgorithm,
    SignatureConfiguration,
    SignatureMethod,
    XMLVerifier,
)
from signxml.exceptions import SignXMLException

from app.domains.identity.rules.sso import SKEW_SECONDS, Refused

MAX_BYTES = 262_144
MAX_ELEMENTS = 5_000
MIN_RSA_BITS = 2_048
SAML, SAMLP = "urn:oasis:names:tc:SAML:2.0:assertion", "urn:oasis:names:tc:SAML:2.0:protocol"
DS, EC14N = "http://www.w3.org/2000/09/xmldsig#", "http://www.w3.org/2001/10/xml-exc-c14n#"
ENVELOPED = DS + "enveloped-signature"
SUCCESS = "urn:oasis:names:tc:SAML:2.0:status:Success"
BEARER = "urn:oasis:names:tc:SAML:2.0:cm:bearer"
_METHODS = frozenset(
    {
        SignatureMethod.RSA_SHA256, SignatureMethod.RSA_SHA384, SignatureMethod.RSA_SHA512,
        SignatureMethod.ECDSA_SHA256, SignatureMethod.ECDSA_SHA384, SignatureMethod.ECDSA_SHA512,
        SignatureMethod.SHA256_RSA_MGF1, SignatureMethod.SHA384_RSA_MGF1, SignatureMethod.SHA512_RSA_MGF1,
    }
)  # fmt: skip
_DIGESTS = frozenset({DigestAlgorithm.SHA256, DigestAlgorithm.SHA384, DigestAlgorithm.SHA512})
_ID_ATTRIBUTES = ("ID", "Id", "id", "{http://www.w3.org/XML/1998/namespace}id")
_DECLARATION = re.compile(
    rb"\A\s*<\?xml version=[\"']1\.0[\"'](?: encoding=[\"']UTF-8[\"'])?(?: standalone=[\"'](?:yes|no)[\"'])?\s*\?>",
    re.IGNORECASE,
)
_ID = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]{0,255}")


@dataclass(frozen=True, kw_only=True)
class SamlExpectation:
    """What an answer has to say."""

    entity_id: str  # the provider's
    audience: str  # ours
    consumer_url: str
    request_id: str
    certificates: Sequence[str]


@dataclass(frozen=True, kw_only=True)
class SamlFacts:
    """What the verified assertion says; instants in Unix seconds."""

    assertion_id: str
    subject: str
    attributes: dict[str, tuple[str, ...]]
    contexts: tuple[str, ...]
    authenticated_at: float
    session_index: str | None
    issued_at: float
    expires_at: float


def read_response(encoded: str, wanted: SamlExpectation, now: float) -> SamlFacts:
    """Check a base64 answer and return what its assertion says. Raises Refused."""
    root = _parse(_decode(encoded))
    assertion = _only_assertion(root)
    _check_shape(root, assertion)
    _check_response(root, wanted)
    if any(child.tag == _ds("Signature") for child in root):
        _verify(root, "./", wanted.certificates, now, root)
    verified = _verify(root, f"./{{{SAML}}}Assertion/", wanted.certificates, now, assertion)
    return _read(verified, wanted, now)


def _decode(encoded: str) -> bytes:
    if len(encoded) > MAX_BYTES * 4 // 3 + 4:
        raise Refused("saml-size")
    try:
        content = base64.b64decode("".join(encoded.split()), validate=True)
    except (ValueError, binascii.Error):
        raise Refused("saml-encoding") from None
    if len(content) > MAX_BYTES:
        raise Refused("saml-size")
    return content


def _parse(content: bytes) -> etree._Element:
    try:
        content.decode("utf-8")
    except UnicodeDecodeError:
        raise Refused("saml-encoding") from None
    body = _DECLARATION.sub(b"", content, count=1)
    if b"<!" in body or b"<?" in body or b"\x00" in body:
        raise Refused("saml-markup")  # DTD, entity, comment, CDATA or instruction
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, dtd_validation=False, huge_tree=False, recover=False
    )
    try:
        root = etree.fromstring(body, parser)
    except (etree.XMLSyntaxError, ValueError):
        raise Refused("saml-xml") from None
    elements = list(root.iter())
    if len(elements) > MAX_ELEMENTS or not all(isinstance(element.tag, str) for element in elements):
        raise Refused("saml-xml")
    return root


def _only_assertion(root: etree._Element) -> etree._Element:
    if root.tag != f"{{{SAMLP}}}Response":
        raise Refused("saml-root")
    found = [element for element in root.iter() if _local(element) in ("Assertion", "EncryptedAssertion")]
    if len(found) != 1 or found[0].tag != f"{{{SAML}}}Assertion" or found[0].getparent() is not root:
        raise Refused("saml-assertions")
    if sum(1 for element in root.iter() if _local(element) == "Response") != 1:
        raise Refused("saml-root")
    return found[0]


def _check_shape(root: etree._Element, assertion: etree._Element) -> None:
    """Every id once; signatures only where SAML puts them, each over its own parent and by plain transforms."""
    ids = [value for element in root.iter() for name in _ID_ATTRIBUTES if (value := element.get(name)) is not None]
    if len(ids) != len(set(ids)) or root.get("ID") is None or assertion.get("ID") is None:
        raise Refused("saml-ids")
    if not _ID.fullmatch(str(root.get("ID"))) or not _ID.fullmatch(str(assertion.get("ID"))):
        raise Refused("saml-ids")
    signatures = [element for element in root.iter() if _local(element) == "Signature"]
    parents = [signature.getparent() for signature in signatures]
    if parents.count(assertion) != 1 or parents.count(root) > 1 or not all(one in (root, assertion) for one in parents):
        raise Refused("saml-signatures")
    for signature, parent in zip(signatures, parents, strict=True):
        _check_signature_shape(signature, str(parent.get("ID")) if parent is not None else "")


def _check_signature_shape(signature: etree._Element, parent_id: str) -> None:
    references = signature.findall(f"{_ds('SignedInfo')}/{_ds('Reference')}")
    everywhere = [element for element in signature.iter() if _local(element) in ("Reference", "Object", "Manifest")]
    if signature.tag != _ds("Signature") or len(references) != 1 or len(everywhere) != 1:
        raise Refused("saml-references")
    if references[0].get("URI") != f"#{parent_id}":
        raise Refused("saml-references")
    transforms = [one.get("Algorithm") for one in references[0].iter() if _local(one) == "Transform"]
    if sorted(map(str, transforms)) != sorted([ENVELOPED, EC14N]):
        raise Refused("saml-transforms")
    method = signature.find(f"{_ds('SignedInfo')}/{_ds('CanonicalizationMethod')}")
    if method is None or method.get("Algorithm") != EC14N:
        raise Refused("saml-transforms")


def _check_response(root: etree._Element, wanted: SamlExpectation) -> None:
    """What stands outside the assertion can only refuse, never say who somebody is."""
    if root.get("Version") != "2.0":
        raise Refused("saml-version")
    if root.get("Destination") != wanted.consumer_url:
        raise Refused("saml-destination")
    if root.get("InResponseTo") != wanted.request_id:
        raise Refused("saml-in-response-to")
    issuer = root.find(f"{{{SAML}}}Issuer")
    if issuer is not None and _value(issuer) != wanted.entity_id:
        raise Refused("saml-issuer")
    codes = root.findall(f"{{{SAMLP}}}Status/{{{SAMLP}}}StatusCode")
    if len(codes) != 1 or codes[0].get("Value") != SUCCESS:
        raise Refused("saml-status")


def _verify(
    root: etree._Element, location: str, certificates: Sequence[str], now: float, wanted: etree._Element
) -> etree._Element:
    """The element parsed from the very bytes that were signed. Raises Refused unless a pinned certificate fits."""
    config = SignatureConfiguration(
        require_x509=True,
        location=location,
        expect_references=1,
        signature_methods=_METHODS,
        digest_algorithms=_DIGESTS,
        ignore_ambiguous_key_info=True,
        verification_time=datetime.fromtimestamp(now, UTC),
    )
    for pem in certificates:
        certificate = x509.load_pem_x509_certificate(pem.encode())
        if not _is_strong(certificate):
            continue
        try:
            result = XMLVerifier().verify(root, x509_cert=certificate, expect_config=config)
        except (SignXMLException, ValueError, TypeError, AttributeError, KeyError, etree.LxmlError):
            continue
        verified = None if isinstance(result, list) else result.signed_xml
        if verified is None or verified.tag != wanted.tag or verified.get("ID") != wanted.get("ID"):
            raise Refused("saml-signed-element")
        return verified
    raise Refused("saml-signature")


def _is_strong(certificate: x509.Certificate) -> bool:
    key = certificate.public_key()
    if isinstance(key, rsa.RSAPublicKey):
        return key.key_size >= MIN_RSA_BITS
    return isinstance(key, ec.EllipticCurvePublicKey)


def _read(assertion: etree._Element, wanted: SamlExpectation, now: float) -> SamlFacts:
    if assertion.get("Version") != "2.0" or _one(assertion, "Issuer") != wanted.entity_id:
        raise Refused("saml-issuer")
    issued_at = _instant(assertion.get("IssueInstant"))
    if issued_at > now + SKEW_SECONDS:
        raise Refused("saml-times")
    expires_at = _check_conditions(assertion, wanted, now)
    subject, confirmed_until = _check_subject(assertion, wanted, now)
    statements = assertion.findall(f"{{{SAML}}}AuthnStatement")
    if len(statements) != 1:
        raise Refused("saml-authentication")
    statement = statements[0]
    session_end = statement.get("SessionNotOnOrAfter")
    if session_end is not None and _instant(session_end) <= now - SKEW_SECONDS:
        raise Refused("saml-times")
    authenticated_at = _instant(statement.get("AuthnInstant"))
    if authenticated_at > now + SKEW_SECONDS:
        raise Refused("saml-times")
    contexts = statement.findall(f"{{{SAML}}}AuthnContext/{{{SAML}}}AuthnContextClassRef")
    return SamlFacts(
        assertion_id=str(assertion.get("ID")),
        subject=subject,
        attributes=_attributes(assertion),
        contexts=tuple(_value(context) for context in contexts),
        authenticated_at=authenticated_at,
        session_index=statement.get("SessionIndex"),
        issued_at=issued_at,
        expires_at=max(expires_at, confirmed_until),
    )


def _check_conditions(assertion: etree._Element, wanted: SamlExpectation, now: float) -> float:
    conditions = assertion.findall(f"{{{SAML}}}Conditions")
    if len(conditions) != 1:
        raise Refused("saml-conditions")
    not_before, until = conditions[0].get("NotBefore"), _instant(conditions[0].get("NotOnOrAfter"))
    if until <= now - SKEW_SECONDS or (not_before is not None and _instant(not_before) > now + SKEW_SECONDS):
        raise Refused("saml-times")
    restrictions = conditions[0].findall(f"{{{SAML}}}AudienceRestriction")
    if not restrictions:
        raise Refused("saml-audience")
    for restriction in restrictions:
        audiences = restriction.findall(f"{{{SAML}}}Audience")
        if wanted.audience not in [_value(audience) for audience in audiences]:
            raise Refused("saml-audience")
    return until


def _check_subject(assertion: etree._Element, wanted: SamlExpectation, now: float) -> tuple[str, float]:
    """(name id, end of the confirmation): one subject, confirmed for us, for this request, now."""
    subjects = assertion.findall(f"{{{SAML}}}Subject")
    names = subjects[0].findall(f"{{{SAML}}}NameID") if len(subjects) == 1 else []
    if len(names) != 1:
        raise Refused("saml-subject")
    name = _value(names[0])
    if not 0 < len(name) <= 255 or not name.isprintable():
        raise Refused("saml-subject")
    for confirmation in subjects[0].findall(f"{{{SAML}}}SubjectConfirmation"):
        details = confirmation.find(f"{{{SAML}}}SubjectConfirmationData")
        if confirmation.get("Method") != BEARER or details is None or details.get("NotBefore") is not None:
            continue
        until = _instant(details.get("NotOnOrAfter"))
        if details.get("Recipient") != wanted.consumer_url:
            raise Refused("saml-recipient")
        if details.get("InResponseTo") != wanted.request_id:
            raise Refused("saml-in-response-to")
        if until <= now - SKEW_SECONDS:
            raise Refused("saml-times")
        return name, until
    raise Refused("saml-confirmation")


def _attributes(assertion: etree._Element) -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for attribute in assertion.findall(f"{{{SAML}}}AttributeStatement/{{{SAML}}}Attribute"):
        values = tuple(_value(value) for value in attribute.findall(f"{{{SAML}}}AttributeValue"))
        name = attribute.get("Name")
        if name is None or name in found:
            raise Refused("saml-attributes")  # two values for one name: which one is meant would be a guess
        found[name] = values
    return found


def _one(parent: etree._Element, name: str) -> str:
    found = parent.findall(f"{{{SAML}}}{name}")
    return _value(found[0]) if len(found) == 1 else ""


def _value(element: etree._Element) -> str:
    """The whole text of an element that holds nothing but text."""
    if len(element):
        raise Refused("saml-text")
    return (element.text or "").strip()


def _instant(text: str | None) -> float:
    try:
        moment = datetime.fromisoformat(text or "")
        if moment.tzinfo is None:
            raise ValueError
        return moment.astimezone(UTC).timestamp()
    except (ValueError, OverflowError):
        raise Refused("saml-times") from None


def _local(element: etree._Element) -> str:
    return str(etree.QName(element).localname)


def _ds(name: str) -> str:
    return f"{{{DS}}}{name}"
