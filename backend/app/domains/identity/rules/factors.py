"""One-time codes (RFC 6238), recovery codes, and what a person with factors has to prove."""

import base64
import hashlib
import hmac
import re
import secrets
import struct
from datetime import datetime, timedelta
from urllib.parse import quote, urlsplit

TOTP_STEP_SECONDS = 30
TOTP_DRIFT_STEPS = 1
SEED_BYTES = 20  # RFC 4226 section 4: as long as the hash
RECOVERY_CODES = 10
RECOVERY_BYTES = 15
MAX_FACTORS_OF_A_KIND = 10
MFA_LIFETIME = timedelta(minutes=5)
MFA_TRIES = 5
CHALLENGE_LIFETIME = timedelta(minutes=5)
SETUP_LIFETIME = timedelta(minutes=15)
RESET_LIFETIME = timedelta(minutes=30)
EMAIL_LIFETIME = timedelta(hours=24)
MAX_OPEN_LINKS = 3
FACTOR_RESET_DELAY = timedelta(hours=24)
FACTOR_RESET_LIFETIME = timedelta(days=7)
FACTOR_RESET_APPROVALS = 2
OFFERED_ROLES = ("owner", "admin", "operator")

# `[0-9]`, never `\d` or `str.isdigit`: another spelling of the same digits is another text (OpenBao CVE-2025-55000).
_OTP = re.compile(r"[0-9]{6}")
_RECOVERY = re.compile(r"[A-Z2-7]{24}")
_ADDRESS = re.compile(r"[^\s@<>(),;:\"\\\[\]]+@[^\s@<>(),;:\"\\\[\]]+\.[^\s@<>(),;:\"\\\[\]]+")


def totp_code(seed: bytes, step: int) -> str:
    """The six digits of a 30-second step since 1970 (RFC 6238, SHA-1, as every authenticator app reads it)."""
    digest = hmac.digest(seed, struct.pack(">Q", step), hashlib.sha1)
    start = digest[-1] & 0x0F
    number = struct.unpack(">I", digest[start : start + 4])[0] & 0x7FFF_FFFF
    return f"{number % 1_000_000:06d}"


def find_totp_step(seed: bytes, code: str, now: datetime, last_step: int | None) -> int | None:
    """The step whose code this is: the present one or a neighbour, later than the last accepted one; else None."""
    if not _OTP.fullmatch(code):
        return None
    present = int(now.timestamp()) // TOTP_STEP_SECONDS
    found = None
    for step in range(present - TOTP_DRIFT_STEPS, present + TOTP_DRIFT_STEPS + 1):
        if hmac.compare_digest(totp_code(seed, step).encode(), code.encode()) and (
            last_step is None or step > last_step
        ):
            found = step
    return found


def totp_uri(seed: bytes, email: str, issuer: str) -> str:
    """What authenticator apps read from the QR code (Google's key URI format)."""
    label = f"{quote(issuer, safe='')}:{quote(email, safe='@')}"
    values = f"secret={encode_seed(seed)}&issuer={quote(issuer, safe='')}&algorithm=SHA1&digits=6&period=30"
    return f"otpauth://totp/{label}?{values}"


def encode_seed(seed: bytes) -> str:
    """Base32, as it is typed in by hand."""
    return base64.b32encode(seed).decode()


def new_recovery_code() -> str:
    """120 random bits as six groups of four letters and digits."""
    text = base64.b32encode(secrets.token_bytes(RECOVERY_BYTES)).decode()
    return "-".join(text[start : start + 4] for start in range(0, len(text), 4))


def recovery_hash(code: str) -> bytes | None:
    """What is stored of a recovery code, also typed in small letters or without hyphens; None for anything else."""
    plain = code.strip().replace("-", "").replace(" ", "")
    if not plain.isascii() or not _RECOVERY.fullmatch(plain.upper()):
        return None
    return hashlib.sha256(b"recovery\0" + plain.upper().encode()).digest()


def relying_party(public_url: str) -> tuple[str, str]:
    """(RP id, origin) of the installation: passkeys work on exactly this address."""
    address = urlsplit(public_url)
    return address.hostname or "localhost", f"{address.scheme}://{address.netloc}"


def approvals_needed(other_owners: int) -> int:
    """How many owners, besides the person, have to approve a removal of factors; 0: nobody can."""
    return min(FACTOR_RESET_APPROVALS, other_owners)


def check_address(email: str) -> str:
    """A plain e-mail address, for pydantic. Raises ValueError."""
    if not _ADDRESS.fullmatch(email):
        raise ValueError("must be an e-mail address")
    return email
