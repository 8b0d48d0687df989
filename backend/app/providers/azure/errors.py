"""Azure's failures as ours, mapped once: the missing action and where it is missing come from ARM's own words."""

import re
from collections.abc import Mapping
from typing import Any

import orjson

from app.providers.base import ErrorKind, ProviderError

_DENIED = frozenset(
    {
        "AuthorizationFailed",
        "LinkedAuthorizationFailed",
        "AccessDenied",
        "Forbidden",
        "AuthorizationDenied",
        "RequestDisallowedByPolicy",
        "DisallowedOperation",
        "ReadOnlyDisabledSubscription",
    }
)
_THROTTLED = frozenset(
    {
        "TooManyRequests",
        "RateLimiting",
        "SubscriptionRequestsThrottled",
        "ResourceRequestsThrottled",
        "OperationNotAllowed429",
        "RequestThrottled",
        "ThrottlingException",
    }
)
UNREGISTERED = frozenset({"MissingSubscriptionRegistration", "SubscriptionNotRegistered"})
"""The subscription does not use the provider: there is nothing of it."""
_NOT_ENABLED = UNREGISTERED | frozenset(
    {
        "NoRegisteredProviderFound",
        "InvalidResourceNamespace",
        "InvalidResourceType",
        "FeatureNotSupportedForAccount",
        "UnsupportedOperation",
        "DisabledSubscription",
        "MethodNotAllowed",
    }
)
_BAD_CREDENTIALS = frozenset(
    {
        "AuthenticationFailed",
        "ExpiredAuthenticationToken",
        "InvalidAuthenticationToken",
        "InvalidAuthenticationTokenTenant",
        "InvalidAuthenticationTokenAudience",
        "AuthenticationFailedMissingToken",
    }
)
_GONE = frozenset(
    {
        "ResourceNotFound",
        "ResourceGroupNotFound",
        "SubscriptionNotFound",
        "NotFound",
        "ParentResourceNotFound",
        "RoleAssignmentNotFound",
        "RoleDefinitionDoesNotExist",
        "PolicyAssignmentNotFound",
        "PolicyDefinitionNotFound",
    }
)
_ACTION = re.compile(r"perform action '([\w.*/-]+)'(?: or [^.]*)? over scope '([^']+)'")
_VERSIONS = re.compile(r"supported (?:api-versions|versions) are '([^']+)'", re.IGNORECASE)
_MESSAGE_LIMIT = 300


class AzureError(ProviderError):
    """A failed Azure call. `code` is the vendor's own, empty where there was no answer; `scope` where a right lacks."""

    def __init__(
        self,
        kind: ErrorKind,
        message: str,
        *,
        call: str = "",
        permission: str | None = None,
        code: str = "",
        scope: str = "",
        retry_after_seconds: float | None = None,
        status: int = 0,
    ) -> None:
        super().__init__(kind, message[:_MESSAGE_LIMIT], call=call, permission=permission)
        self.code, self.scope, self.retry_after_seconds, self.status = code, scope, retry_after_seconds, status

    @property
    def reason(self) -> str:
        """Why a field is unread, for people: the missing permission, or the failed call."""
        if self.kind is ErrorKind.ACCESS_DENIED and self.permission:
            return f"missing permission {self.permission}"
        return f"{self.call} failed: {self.message}" if self.call else self.message

    @property
    def is_gone(self) -> bool:
        """Whether the answer says that the thing does not exist (any more)."""
        return self.status == 404 and (self.code in _GONE or not self.code or self.code.endswith("NotFound"))

    @property
    def supported_versions(self) -> list[str]:
        """The api-versions that the answer names, newest last as sorted text."""
        match = _VERSIONS.search(self.full_message)
        return sorted(version.strip() for version in match[1].split(",")) if match else []

    full_message: str = ""


def from_answer(status: int, body: bytes, headers: Mapping[str, str], call: str, permission: str | None) -> AzureError:
    """A refusal as AzureError. `permission` is the action that the call needs, where the answer does not say."""
    code, message = _read_error(body)
    kind = _kind_of(code, status)
    scope = ""
    if kind is ErrorKind.ACCESS_DENIED:
        found = _ACTION.search(message)
        if found:
            scope = found[2]
            if permission is None or permission.lower() != found[1].lower():
                permission = found[1]
    else:
        permission = None
    text = message or code or f"status {status}"
    shown = f"{code}: {text}" if code and kind is not ErrorKind.ACCESS_DENIED and code not in text else text
    error = AzureError(
        kind,
        shown,
        call=call,
        permission=permission,
        code=code,
        scope=scope,
        status=status,
        retry_after_seconds=_retry_after(headers),
    )
    error.full_message = message
    return error


def from_exception(error: Exception, call: str) -> AzureError:
    """A call without an answer."""
    if isinstance(error, AzureError):
        return error
    from azure.core import exceptions as core  # at first use: the package takes a while to import

    if isinstance(error, core.ClientAuthenticationError):
        return AzureError(ErrorKind.BAD_CREDENTIALS, _sign_in_message(error), call=call)
    if isinstance(error, core.ServiceResponseTimeoutError | core.ServiceRequestTimeoutError):
        return AzureError(ErrorKind.TIMED_OUT, "no answer in time", call=call)
    if isinstance(error, core.ServiceRequestError):
        text = str(error)
        if "certificate" in text.lower():
            return AzureError(ErrorKind.UNREACHABLE, "the server's certificate is not trusted", call=call)
        return AzureError(ErrorKind.UNREACHABLE, "cannot connect", call=call)
    if isinstance(error, core.AzureError | OSError):
        text = str(error).lower()
        if "timed out" in text:
            return AzureError(ErrorKind.TIMED_OUT, "no answer in time", call=call)
        return AzureError(ErrorKind.UNREACHABLE, "the connection broke off", call=call)
    return AzureError(ErrorKind.INVALID_ANSWER, f"the answer could not be read ({type(error).__name__})", call=call)


def _read_error(body: bytes) -> tuple[str, str]:
    """(code, message) of ARM's `{"error": {…}}`, of OData's `{"odata.error": …}`, or of plain members."""
    try:
        content: Any = orjson.loads(body)
    except orjson.JSONDecodeError:
        return "", ""
    if not isinstance(content, dict):
        return "", ""
    inner = content.get("error") or content.get("odata.error") or content
    if not isinstance(inner, dict):
        return str(inner), str(content.get("error_description") or content.get("message") or "")
    message = inner.get("message") or inner.get("Message") or ""
    if isinstance(message, dict):
        message = message.get("value", "")
    details = [
        str(item["message"]) for item in inner.get("details") or () if isinstance(item, dict) and item.get("message")
    ]
    return str(inner.get("code") or inner.get("Code") or ""), " ".join([str(message), *details]).strip()


def _kind_of(code: str, status: int) -> ErrorKind:
    for codes, kind in (
        (_DENIED, ErrorKind.ACCESS_DENIED),
        (_THROTTLED, ErrorKind.THROTTLED),
        (_NOT_ENABLED, ErrorKind.NOT_ENABLED),
        (_BAD_CREDENTIALS, ErrorKind.BAD_CREDENTIALS),
    ):
        if code in codes:
            return kind
    by_status = {
        401: ErrorKind.BAD_CREDENTIALS,
        403: ErrorKind.ACCESS_DENIED,
        408: ErrorKind.TIMED_OUT,
        429: ErrorKind.THROTTLED,
    }
    if status in by_status:
        return by_status[status]
    return ErrorKind.UNREACHABLE if status >= 500 else ErrorKind.INVALID_ANSWER


def _retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds from Retry-After or Azure's own headers; a date is not read, for clocks may be apart."""
    for name, unit in (("retry-after-ms", 0.001), ("x-ms-retry-after-ms", 0.001), ("retry-after", 1.0)):
        try:
            return max(0.0, float(headers[name]) * unit)
        except (KeyError, ValueError):
            continue
    return parse_span(headers.get("x-ms-user-quota-resets-after", ""))


def parse_span(text: str) -> float | None:
    """Seconds of `hh:mm:ss`; None for anything else."""
    try:
        hours, minutes, seconds = text.split(":")
        return int(hours) * 3600 + int(minutes) * 60 + float(seconds)
    except ValueError:
        return None


def _sign_in_message(error: Exception) -> str:
    """The directory's own sentence, from its number on, without trace ids."""
    text = str(getattr(error, "message", "") or error)
    found = re.search(r"AADSTS\d+: [^\r\n]*", text)
    sentence = found[0] if found else text.splitlines()[0] if text else "signing in failed"
    return re.split(r" Trace ID:| Correlation ID:", sentence)[0]
