"""Texts that leave through the log: nothing with the shape of a secret, nothing that moves a terminal."""

import re

_NAMED_VALUE = (
    r"([\w-]*(?:password|passwd|secret|token|api[_-]?key|authorization|credential|cookie|private[_-]?key)[\w-]*"
    r"[\"']?\s*[:=]\s*)(?:\"[^\"]*\"|'[^']*'|[^\s,;&}\])]+)"
)
_SHAPES: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)", re.S), "[key]"),
    (re.compile(r"\beyJ[\w-]{5,}\.[\w-]{5,}(?:\.[\w-]*)*"), "[token]"),
    (re.compile(r"\b(?:AKIA|ASIA|AROA|AIDA|ABIA|ACCA)[A-Z0-9]{12,}\b"), "[access key]"),
    (re.compile(r"\bcok_[\w-]{6,}"), "[api key]"),
    (re.compile(r"\b(?:gh[pousr]_\w{16,}|github_pat_\w{16,}|glpat-[\w-]{16,})"), "[token]"),
    (re.compile(r"\b(?:xox[a-z]-[\w-]{10,}|sk-[\w-]{16,})"), "[token]"),
    (re.compile(r"(\b(?:bearer|basic)\s+)[\w.~+/=-]{6,}", re.I), r"\1[redacted]"),
    (re.compile(r"(\b[a-z][a-z0-9+.-]*://[^\s:/@]*):[^\s/]+@", re.I), r"\1:[redacted]@"),
    (re.compile(r"(/ingest/hooks/[^/\s]+/)[^\s/?\"']+"), r"\1[redacted]"),
    (re.compile(r"(\bhttps?://[^\s?\"'<>]+)\?[^\s\"'<>]*", re.I), r"\1?[redacted]"),
    (re.compile(_NAMED_VALUE, re.I), r"\1[redacted]"),
)
# One look decides whether the shapes above need to be tried: most texts hold none of their beginnings.
_SUSPICIOUS = re.compile(
    r"-----BEGIN|eyJ|AKIA|ASIA|AROA|AIDA|ABIA|ACCA|cok_|gh[pousr]_|github_pat_|glpat-|xox|sk-|bearer\s|basic\s|://"
    r"|/ingest/hooks/|passw|secret|token|api[_-]?key|authorization|credential|cookie|private[_-]?key",
    re.I,
)
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
_LINE_BREAK = re.compile(r"[\t\n]")


def scrub(text: str) -> str:
    """The text without anything that has the shape of a token, key, password or query string."""
    if _SUSPICIOUS.search(text):
        for pattern, replacement in _SHAPES:
            text = pattern.sub(replacement, text)
    return text


def escape_control(text: str, *, keep_lines: bool = False) -> str:
    """Control, direction and broken characters as `\\xNN`; line breaks too, unless the text is a traceback of ours."""
    if text.isascii() and text.isprintable():
        return text
    text = _CONTROL.sub(lambda found: f"\\x{ord(found[0]):02x}", text)
    return text if keep_lines else _LINE_BREAK.sub(lambda found: "\\t" if found[0] == "\t" else "\\n", text)
