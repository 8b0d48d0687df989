"""Google's errors, mapped once to the few kinds that the product tells apart."""

import re
from collections.abc import Mapping
from typing import Any

import orjson

from app.providers.base import ErrorKind, ProviderError

_MESSAGE_LIMIT = 300
_QUOTED = re.compile(r"[Pp]ermission[s]? ['\"`]?([a-z][A-Za-z]*(?:\.[A-Za-z]+)+)")
_THROTTLE_REASONS = frozenset(
    {"RATE_LIMIT_EXCEEDED", "RESOURCE_QUOTA_EXCEEDED", "rateLimitExceeded", "userRateLimitExceeded", "quotaExceeded"}
)
_OFF_REASONS = frozenset({"SERVICE_DISABLED", "BILLING_DISABLED", "accessNotConfigured", "API_DISABLED"})
_BAD_TOKEN_REASONS = frozenset({"ACCESS_TOKEN_EXPIRED", "ACCESS_TOKEN_TYPE_UNSUPPORTED", "CREDENTIALS_MISSING",
                                "ACCOUNT_STATE_INVALID", "authError"})  # fmt: skip
# Refusals that no permission mends: a service perimeter, a policy of the organization.
_FENCE_REASONS = frozenset({"SECURITY_POLICY_VIOLATED", "ORG_RESTRICTION_VIOLATION", "LOCATION_ORG_POLICY_VIOLATED"})
_FENCE = "vpcServiceControlsUniqueIdentifier"
_PERMISSION_OF_REASON = {"USER_PROJECT_DENIED": "serviceusage.services.use"}


class GcpError(ProviderError):
    """A failed call. `status` is HTTP's, 0 without an answer; `retry_after` seconds that the answer asked for."""

    def __init__(
        self,
        kind: ErrorKind,
        message: str,
        *,
        call: str = "",
        permission: str | None = None,
        status: int = 0,
        retry_after: float = 0.0,
        reason: str = "",
    ) -> None:
        super().__init__(kind, message[:_MESSAGE_LIMIT], call=call, permission=permission)
        self.status, self.retry_after, self.reason = status, retry_after, reason

    @property
    def told(self) -> str:
        """Why a property is unread, for people: the missing permission, or the failed call."""
        if self.kind is ErrorKind.ACCESS_DENIED and self.permission:
            return f"missing permission {self.permission}"
        return f"{self.call}: {self.message}" if self.call else self.message


def from_answer(status: int, body: bytes, headers: Mapping[str, str], call: str, permission: str) -> GcpError:
    """From an answer that is no success, whatever its body is."""
    error = _error_of(body)
    message = str(error.get("message") or f"status {status}")
    reason, metadata = _reason_of(error)
    kind = _kind_of(status, str(error.get("status") or ""), reason)
    missing: str | None = None
    is_fenced = reason in _FENCE_REASONS or _FENCE in message
    if kind is ErrorKind.ACCESS_DENIED and not is_fenced:
        told = metadata.get("permission") or _PERMISSION_OF_REASON.get(reason)
        quoted = _QUOTED.search(message)
        missing = told if isinstance(told, str) and told else quoted[1] if quoted else permission or None
    return GcpError(
        kind,
        message,
        call=call,
        permission=missing,
        status=status,
        retry_after=_seconds(headers.get("retry-after", "")),
        reason=reason or str(error.get("status") or ""),
    )


def translate(error: Exception, call: str) -> GcpError:
    """From whatever the libraries below raise; a GcpError stays as it is."""
    from google.auth import exceptions as auth
    from requests import exceptions as http
    from urllib3 import exceptions as pool

    match error:
        case GcpError():
            return error
        case auth.RefreshError():
            return _from_refresh(error, call)
        case auth.TransportError():
            kind = ErrorKind.TIMED_OUT if "timed out" in str(error).lower() else ErrorKind.UNREACHABLE
            return GcpError(kind, "the token service cannot be reached", call=call or "oauth2.token")
        case auth.GoogleAuthError():
            return GcpError(ErrorKind.BAD_CREDENTIALS, f"no usable Google credentials: {_first_line(error)}", call=call)
        case http.Timeout() | pool.TimeoutError() | TimeoutError():
            return GcpError(ErrorKind.TIMED_OUT, "no answer in time", call=call)
        case http.SSLError():
            return GcpError(ErrorKind.UNREACHABLE, "the server's certificate is not trusted", call=call)
        case http.ConnectionError() if "Connection refused" in str(error) or "Failed to resolve" in str(error):
            return GcpError(ErrorKind.UNREACHABLE, "cannot connect to the address", call=call)
        case http.RequestException() | pool.HTTPError() | OSError():
            return GcpError(ErrorKind.UNREACHABLE, "the connection broke off", call=call)
    return GcpError(ErrorKind.INVALID_ANSWER, f"the answer could not be read ({type(error).__name__})", call=call)


def _from_refresh(error: Exception, call: str) -> GcpError:
    """A token that was refused; the token service's own words, never its input."""
    details = error.args[1] if len(error.args) > 1 else None
    if isinstance(details, Mapping) and isinstance(details.get("error"), str):
        message = f"{details['error']}: {details.get('error_description') or 'no reason given'}"
    else:
        message = _first_line(error)
    kind = ErrorKind.UNREACHABLE if getattr(error, "retryable", False) else ErrorKind.BAD_CREDENTIALS
    return GcpError(kind, f"no token was given: {message}", call=call or "oauth2.token")


def _first_line(error: Exception) -> str:
    text = str(error.args[0]) if error.args else type(error).__name__
    return text.strip().partition("\n")[0]


def _error_of(body: bytes) -> dict[str, Any]:
    try:
        document = orjson.loads(body)
    except ValueError:
        return {}
    error = document.get("error") if isinstance(document, dict) else None
    if isinstance(error, str):
        return {"message": f"{error}: {document.get('error_description', '')}", "status": error}
    return error if isinstance(error, dict) else {}


def _reason_of(error: Mapping[str, Any]) -> tuple[str, Mapping[str, Any]]:
    """The reason and metadata of google.rpc.ErrorInfo, or the reason of the older form."""
    details, errors = error.get("details"), error.get("errors")
    for detail in details if isinstance(details, list) else ():
        if isinstance(detail, dict) and isinstance(detail.get("reason"), str):
            metadata = detail.get("metadata")
            return detail["reason"], metadata if isinstance(metadata, dict) else {}
    for entry in errors if isinstance(errors, list) else ():
        if isinstance(entry, dict) and isinstance(entry.get("reason"), str):
            return entry["reason"], {}
    return "", {}


def _kind_of(status: int, code: str, reason: str) -> ErrorKind:
    if status == 429 or code == "RESOURCE_EXHAUSTED" or reason in _THROTTLE_REASONS:
        return ErrorKind.THROTTLED
    if status == 401 or code == "UNAUTHENTICATED" or reason in _BAD_TOKEN_REASONS:
        return ErrorKind.BAD_CREDENTIALS
    if reason in _OFF_REASONS:
        return ErrorKind.NOT_ENABLED
    if status == 403:
        return ErrorKind.ACCESS_DENIED
    if status in (404, 405, 501):
        return ErrorKind.NOT_ENABLED
    if status in (408, 504):
        return ErrorKind.TIMED_OUT
    return ErrorKind.UNREACHABLE if status >= 500 else ErrorKind.INVALID_ANSWER


def _seconds(text: str) -> float:
    """A Retry-After in seconds; Google does not send dates."""
    try:
        return max(0.0, min(float(text), 3600.0))
    except ValueError:
        return 0.0
