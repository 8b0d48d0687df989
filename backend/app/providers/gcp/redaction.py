"""Taking secret values out of a resource's data, by the names under which Google's services keep them."""

import re
from typing import Any

REDACTED = "(redacted)"

_SECRET_KEYS = frozenset(
    {
        "accesstoken",
        "auth_token",
        "authorization",
        "authstring",
        "authtoken",
        "clientkey",
        "clientsecret",
        "encryptionkeymaterial",
        "hmackey",
        "keystring",
        "oauth2clientsecret",
        "passphrase",
        "password",
        "presharedkey",
        "privatekey",
        "privatekeydata",
        "rawkey",
        "refreshtoken",
        "rootpassword",
        "rsaencryptedkey",
        "secretaccesskey",
        "secretkey",
        "service_key",
        "sharedsecret",
        "sslkey",
        "userpassword",
    }
)
_KEY_PAIRS = frozenset(
    {"ssh-keys", "sshkeys", "windows-keys", "kube-env", "user-data", "kubeconfig", "gci-metrics-key"}
)
_SECRET_NAME = re.compile(
    r"pass(word|wd|phrase)|(?<![a-z])pwd|secret|token|api[_-]?key|private[_-]?key|credential", re.IGNORECASE
)
_SECRET_VALUE = re.compile(
    r"\b(?:AKIA|ASIA)[A-Z0-9]{16}\b"
    r"|-----BEGIN [A-Z ]*PRIVATE KEY-----(?:.*?-----END [A-Z ]*PRIVATE KEY-----)?"
    r"|\bgh[pousr]_[A-Za-z0-9]{36,}|\bxox[abp]-[A-Za-z0-9-]{10,}|\bAIza[0-9A-Za-z_-]{35}|\bya29\.[\w.-]{20,}"
    r"|(?<=://)[^/\s:@]+:[^/\s:@]+(?=@)",
    re.DOTALL,
)
_ASSIGNED = re.compile(
    r"(?P<name>\b\w*(?:passw(?:or)?d|secret|token|api_?key|private_?key)\w*\s*[=:]\s*)(?P<quote>[\"']?)[^\s\"';&]{4,}",
    re.IGNORECASE,
)
_REFERENCE = re.compile(r"^(projects/|//|\$\{|\$\(|/?[\w.-]+(/[\w.-]+)+$|true$|false$|\d{1,5}$)", re.IGNORECASE)


def is_secret_like(name: str, value: Any) -> bool:
    """Whether a variable looks like a credential in plain text, by its value or by a telling name."""
    if not isinstance(value, str) or not value or value == REDACTED:
        return False
    if _SECRET_VALUE.search(value):
        return True
    return bool(_SECRET_NAME.search(name)) and len(value) >= 6 and not _REFERENCE.match(value)


def redact(value: Any) -> None:
    """Replace secret values anywhere below, in place: known names, telling pairs, keys of machines."""
    if isinstance(value, list):
        for entry in value:
            if isinstance(entry, dict | list):
                redact(entry)
        return
    for key, entry in value.items():
        if isinstance(entry, dict | list):
            redact(entry)
        elif isinstance(entry, str) and entry and key.lower() in _SECRET_KEYS:
            value[key] = REDACTED
    text = value.get("value")
    if isinstance(text, str):
        name = value.get("key") or value.get("name")
        value["value"] = _shown(name if isinstance(name, str) else "", text)


def _shown(name: str, text: str) -> str:
    """A pair's value as it may be kept. Scripts stay, without the passwords written into them."""
    if name.lower() in _KEY_PAIRS:
        return REDACTED
    if "script" in name.lower() or "cloud-config" in name.lower() or len(text) > 256:
        return mask(text)
    return REDACTED if is_secret_like(name, text) else text


def mask(text: str) -> str:
    """A text with what looks like a credential in it made unreadable."""
    return _ASSIGNED.sub(rf"\g<name>\g<quote>{REDACTED}", _SECRET_VALUE.sub(REDACTED, text))


def hide(value: Any) -> Any:
    """For values that are secret whatever they look like: names stay, values go."""
    if isinstance(value, dict):
        return dict.fromkeys(value, REDACTED)
    if isinstance(value, list):
        return [
            {**entry, "value": REDACTED} if isinstance(entry, dict) and "value" in entry else entry for entry in value
        ]
    return REDACTED if value not in (None, "") else value


def hide_query(value: Any) -> Any:
    """An address without its query, where tokens are put."""
    if not isinstance(value, str):
        return value
    address, mark, _ = _SECRET_VALUE.sub(REDACTED, value).partition("?")
    return address + (mark and f"?{REDACTED}")
