"""A syslog receiver over TLS (RFC 5425) and a certificate authority that only tests know."""

import datetime
import json
import re
import socket
import ssl
import struct
import threading
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

_DAY = datetime.timedelta(days=1)


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


@dataclass
class Authority:
    """A key and its own certificate, in a file."""

    folder: Path
    key: ec.EllipticCurvePrivateKey
    root: x509.Certificate

    @property
    def certificate(self) -> Path:
        return self.folder / "authority.pem"

    def issue(self, host: str) -> Path:
        """Certificate and key of a server, in one file."""
        key = ec.generate_private_key(ec.SECP256R1())
        made = (
            _builder(host, self.root.subject, key.public_key())
            .add_extension(x509.SubjectAlternativeName([x509.DNSName(host)]), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key()), critical=False)
            .sign(self.key, hashes.SHA256())
        )
        path = self.folder / f"{host}.pem"
        private = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        path.write_bytes(private + made.public_bytes(serialization.Encoding.PEM))
        return path


def _builder(subject: str, issuer: x509.Name, public_key: ec.EllipticCurvePublicKey) -> x509.CertificateBuilder:
    now = datetime.datetime.now(datetime.UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(_name(subject))
        .issuer_name(issuer)
        .public_key(public_key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _DAY)
        .not_valid_after(now + _DAY)
    )


def make_authority(folder: Path) -> Authority:
    """A new authority of its own, good for a day."""
    folder.mkdir(parents=True)
    key = ec.generate_private_key(ec.SECP256R1())
    usage = x509.KeyUsage(
        digital_signature=True, key_cert_sign=True, crl_sign=True, content_commitment=False, key_encipherment=False,
        data_encipherment=False, key_agreement=False, encipher_only=False, decipher_only=False,
    )  # fmt: skip
    root = (
        _builder("Test authority", _name("Test authority"), key.public_key())
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
    made = Authority(folder, key, root)
    made.certificate.write_bytes(root.public_bytes(serialization.Encoding.PEM))
    return made


class TlsReceiver:
    """Reads each connection to its end; `break_off` resets it after the first bytes instead."""

    def __init__(self, certificate: Path) -> None:
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.load_cert_chain(certificate)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        self.streams: list[bytearray] = []
        self.versions: set[str] = set()
        self.break_off = False

    def __enter__(self) -> "TlsReceiver":
        threading.Thread(target=self._serve, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._listener.close()

    def _serve(self) -> None:
        while True:
            try:
                plain, _ = self._listener.accept()
            except OSError:
                return
            with suppress(OSError):  # a client that does not trust us goes away
                self._read(self._context.wrap_socket(plain, server_side=True))

    def _read(self, connection: ssl.SSLSocket) -> None:
        self.versions.add(connection.version() or "")
        if self.break_off:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            connection.recv(1)
            connection.close()
            return
        stream = bytearray()
        self.streams.append(stream)
        while part := connection.recv(65_536):
            stream += part
        connection.unwrap().close()

    def _split(self) -> tuple[list[bytes], bytes]:
        frames, rest = [], b""
        for stream in self.streams:
            left = bytes(stream)
            while match := re.match(rb"([1-9]\d*) ", left):
                end = match.end() + int(match[1])
                if len(left) < end:
                    break
                frames.append(left[match.end() : end])
                left = left[end:]
            rest += left
        return frames, rest

    def frames(self) -> list[dict[str, Any]]:
        """The events of whole frames."""
        return [json.loads(frame.partition(b"\xef\xbb\xbf")[2]) for frame in self._split()[0]]

    def rest(self) -> bytes:
        """What is no frame."""
        return self._split()[1]
