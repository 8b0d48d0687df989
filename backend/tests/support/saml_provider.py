"""A SAML identity provider for tests, with keys of its own: says what a test wants, signed as a test wants."""

import base64
import datetime
import secrets
import zlib
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from lxml import etree
from signxml import (  # type: ignore[attr-defined]
    CanonicalizationMethod,
    DigestAlgorithm,
    SignatureConstructionMethod,
    SignatureMethod,
    XMLSigner,
)

SAML, SAMLP = "urn:oasis:names:tc:SAML:2.0:assertion", "urn:oasis:names:tc:SAML:2.0:protocol"
DS = "http://www.w3.org/2000/09/xmldsig#"
PASSWORD = "urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport"  # pragma: allowlist secret


@dataclass(frozen=True)
class Pair:
    """A key and its certificate."""

    key: rsa.RSAPrivateKey
    certificate: x509.Certificate

    @property
    def pem(self) -> str:
        return self.certificate.public_bytes(serialization.Encoding.PEM).decode()


def make_pair(*, bits: int = 2048, days: int = 365, starts: int = -1) -> Pair:
    """A self-signed certificate, valid from `starts` days from now until `days`."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=bits)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "Test provider")])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now + datetime.timedelta(days=starts))
        .not_valid_after(now + datetime.timedelta(days=days))
        .sign(key, hashes.SHA256())
    )
    return Pair(key, certificate)


class _OldSigner(XMLSigner):
    """Signs with SHA-1, which the library refuses."""

    def check_deprecated_methods(self) -> None:
        pass


@dataclass
class Said:
    """What an answer says. Instants are seconds from now."""

    issuer: str
    audience: str
    recipient: str
    destination: str
    request_id: str
    subject: str = "subject-1"
    email: str | None = "kim@proven.example"
    groups: tuple[str, ...] = ()
    response_issuer: str | None = None
    response_request_id: str | None = None
    issued: float = 0
    not_before: float | None = -60
    until: float = 300
    confirmed_until: float = 300
    confirmed_from: float | None = None
    authenticated: float = 0
    session_until: float | None = None
    status: str = "urn:oasis:names:tc:SAML:2.0:status:Success"
    method: str = "urn:oasis:names:tc:SAML:2.0:cm:bearer"
    context: str = PASSWORD
    version: str = "2.0"
    assertion_id: str = field(default_factory=lambda: f"_{secrets.token_hex(16)}")
    response_id: str = field(default_factory=lambda: f"_{secrets.token_hex(16)}")


def at(seconds: float) -> str:
    """An instant as SAML writes it."""
    moment = datetime.datetime.now(datetime.UTC) + datetime.timedelta(seconds=seconds)
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}"


def request_of(location: str) -> dict[str, str]:
    """Id, relay state and addresses of the request that a browser was sent with."""
    query = {name: values[0] for name, values in parse_qs(urlsplit(location).query).items()}
    root = etree.fromstring(zlib.decompress(base64.b64decode(query["SAMLRequest"]), -15))
    issuer = root.find(f"{{{SAML}}}Issuer")
    assert issuer is not None
    return {
        "id": str(root.get("ID")),
        "consumer": str(root.get("AssertionConsumerServiceURL")),
        "issuer": str(issuer.text),
        "relay_state": query["RelayState"],
        "force": str(root.get("ForceAuthn")),
    }


def assertion_xml(said: Said) -> str:
    """An unsigned assertion."""
    optional = {
        "not_before": f' NotBefore="{at(said.not_before)}"' if said.not_before is not None else "",
        "from": f' NotBefore="{at(said.confirmed_from)}"' if said.confirmed_from is not None else "",
        "session": f' SessionNotOnOrAfter="{at(said.session_until)}"' if said.session_until is not None else "",
    }
    attributes = [("name", ("Kim Tester",)), ("groups", said.groups)]
    if said.email is not None:
        attributes.append(("email", (said.email,)))
    values = "".join(
        f'<saml:Attribute Name="{name}">'
        + "".join(f"<saml:AttributeValue>{one}</saml:AttributeValue>" for one in several)
        + "</saml:Attribute>"
        for name, several in attributes
    )
    return (
        f'<saml:Assertion xmlns:saml="{SAML}" ID="{said.assertion_id}" Version="{said.version}"'
        f' IssueInstant="{at(said.issued)}"><saml:Issuer>{said.issuer}</saml:Issuer>'
        f"<saml:Subject><saml:NameID>{said.subject}</saml:NameID>"
        f'<saml:SubjectConfirmation Method="{said.method}"><saml:SubjectConfirmationData{optional["from"]}'
        f' NotOnOrAfter="{at(said.confirmed_until)}" Recipient="{said.recipient}" InResponseTo="{said.request_id}"/>'
        f"</saml:SubjectConfirmation></saml:Subject>"
        f'<saml:Conditions{optional["not_before"]} NotOnOrAfter="{at(said.until)}"><saml:AudienceRestriction>'
        f"<saml:Audience>{said.audience}</saml:Audience></saml:AudienceRestriction></saml:Conditions>"
        f'<saml:AuthnStatement AuthnInstant="{at(said.authenticated)}" SessionIndex="s1"{optional["session"]}>'
        f"<saml:AuthnContext><saml:AuthnContextClassRef>{said.context}</saml:AuthnContextClassRef>"
        f"</saml:AuthnContext></saml:AuthnStatement>"
        f"<saml:AttributeStatement>{values}</saml:AttributeStatement></saml:Assertion>"
    )


def response_xml(said: Said, content: str) -> str:
    """An unsigned response around some content."""
    return (
        f'<samlp:Response xmlns:samlp="{SAMLP}" xmlns:saml="{SAML}" ID="{said.response_id}" Version="2.0"'
        f' IssueInstant="{at(0)}" Destination="{said.destination}"'
        f' InResponseTo="{said.response_request_id or said.request_id}">'
        f"<saml:Issuer>{said.response_issuer or said.issuer}</saml:Issuer>"
        f'<samlp:Status><samlp:StatusCode Value="{said.status}"/></samlp:Status>{content}</samlp:Response>'
    )


def sign(
    xml: str,
    pair: Pair,
    element_id: str,
    *,
    method: Any = SignatureMethod.RSA_SHA256,
    digest: Any = DigestAlgorithm.SHA256,
    c14n: Any = CanonicalizationMethod.EXCLUSIVE_XML_CANONICALIZATION_1_0,
    certificate: Pair | None = None,
) -> str:
    """The element with an enveloped signature after its issuer. `certificate`: what KeyInfo shows instead."""
    root = etree.fromstring(xml.encode())
    placeholder = etree.Element(f"{{{DS}}}Signature", Id="placeholder", nsmap={"ds": DS})
    root.insert(1, placeholder)
    signer = _OldSigner(
        method=SignatureConstructionMethod.enveloped,
        signature_algorithm=method,
        digest_algorithm=digest,
        c14n_algorithm=c14n,
    )
    signed = signer.sign(
        root, key=pair.key, cert=[(certificate or pair).certificate], reference_uri=f"#{element_id}", id_attribute="ID"
    )
    return etree.tostring(signed).decode()


def signed_response(said: Said, pair: Pair, *, whole: bool = False, **options: Any) -> str:
    """A right answer: the assertion signed, and with `whole` the response too."""
    made = response_xml(said, sign(assertion_xml(said), pair, said.assertion_id, **options))
    return sign(made, pair, said.response_id, **options) if whole else made


def encode(xml: str | bytes) -> str:
    """As the browser posts it."""
    return base64.b64encode(xml.encode() if isinstance(xml, str) else xml).decode()
