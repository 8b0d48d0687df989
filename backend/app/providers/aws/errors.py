"""The SDK's many failures, mapped once to the few kinds that the product tells apart."""

from botocore import exceptions as sdk
from botocore.parsers import ResponseParserError
from urllib3.exceptions import HTTPError

from app.providers.aws.permissions import permission_for
from app.providers.base import ErrorKind, ProviderError

_ACCESS_DENIED = frozenset(
    {
        "AccessDenied",
        "AccessDeniedException",
        "AuthorizationError",
        "AuthorizationErrorException",
        "Forbidden",
        "ForbiddenException",
        "NotAuthorized",
        "UnauthorizedException",
        "UnauthorizedOperation",
        "403",
    }
)
THROTTLE_CODES = frozenset(
    {
        "BandwidthLimitExceeded",
        "EC2ThrottledException",
        "LimitExceededException",
        "PriorRequestNotComplete",
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "RequestThrottled",
        "RequestThrottledException",
        "SlowDown",
        "Throttling",
        "ThrottlingException",
        "ThrottledException",
        "TooManyRequestsException",
        "TransactionInProgressException",
        "429",
    }
)
_NOT_ENABLED = frozenset(
    {
        "InvalidAction",
        "NotImplemented",
        "OptInRequired",
        "SubscriptionRequiredException",
        "UnknownOperationException",
        "404",
        "405",
        "501",
    }
)
_BAD_CREDENTIALS = frozenset(
    {
        "AuthFailure",
        "ExpiredToken",
        "ExpiredTokenException",
        "IncompleteSignature",
        "InvalidAccessKeyId",
        "InvalidClientTokenId",
        "InvalidSignatureException",
        "InvalidToken",
        "MissingAuthenticationToken",
        "MissingAuthenticationTokenException",
        "NotSignedUp",
        "RequestExpired",
        "SignatureDoesNotMatch",
        "UnrecognizedClientException",
    }
)
_TIMED_OUT = frozenset({"RequestTimeout", "RequestTimeoutException"})
_MESSAGE_LIMIT = 300


class AwsError(ProviderError):
    """A failed AWS call. `code` is the vendor's own error code, empty where there was no answer."""

    def __init__(
        self, kind: ErrorKind, message: str, *, call: str = "", permission: str | None = None, code: str = ""
    ) -> None:
        super().__init__(kind, message, call=call, permission=permission)
        self.code = code

    @property
    def reason(self) -> str:
        """Why a field is unread, for people: the missing permission, or the failed call."""
        if self.kind is ErrorKind.ACCESS_DENIED and self.permission:
            return f"missing permission {self.permission}"
        return f"{self.call} failed: {self.message}" if self.call else self.message


class GarbledAnswer(Exception):
    """A success status with a body that is not the service's."""


# Services without a code of its own for it say so in words.
_GONE_WORDS = ("does not exist", "could not find", "not found", "is not owned by the current account")
_VAGUE = frozenset({"BadRequestException", "InvalidRequestException", "ValidationError", "ValidationException"})


def is_gone(error: AwsError) -> bool:
    """Whether the failure says that the thing does not exist (any more)."""
    code = error.code
    return (
        "NotFound" in code
        or code.startswith("NoSuch")
        or code.endswith(("DoesNotExist", "NonExistentQueue"))
        or (code in _VAGUE and any(words in error.message.lower() for words in _GONE_WORDS))
    )


def translate(error: Exception, client: str, operation: str) -> AwsError:
    """Any exception of an SDK call as ours."""
    permission = permission_for(client, operation)
    call = f"{permission.partition(':')[0]}:{operation}"
    if isinstance(error, AwsError):
        return error
    if isinstance(error, sdk.ClientError):
        details = error.response.get("Error", {})
        code = str(details.get("Code", ""))
        status = int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0) or 0)
        kind = _kind_of_code(code, status)
        message = str(details.get("Message") or code or "no message")[:_MESSAGE_LIMIT]
        if kind is ErrorKind.ACCESS_DENIED:
            return AwsError(kind, message, call=call, permission=permission, code=code)
        return AwsError(kind, f"{code}: {message}" if code and code not in message else message, call=call, code=code)
    kind, message = _kind_of_exception(error)
    return AwsError(kind, message[:_MESSAGE_LIMIT], call=call)


def _kind_of_code(code: str, status: int) -> ErrorKind:
    short = code.rsplit(".", 1)[-1]
    for codes, kind in (
        (_ACCESS_DENIED, ErrorKind.ACCESS_DENIED),
        (THROTTLE_CODES, ErrorKind.THROTTLED),
        (_NOT_ENABLED, ErrorKind.NOT_ENABLED),
        (_BAD_CREDENTIALS, ErrorKind.BAD_CREDENTIALS),
        (_TIMED_OUT, ErrorKind.TIMED_OUT),
    ):
        if code in codes or short in codes:
            return kind
    if status == 403:
        return ErrorKind.ACCESS_DENIED
    if status == 429:
        return ErrorKind.THROTTLED
    if status >= 500 or code in ("InternalError", "InternalFailure", "ServiceUnavailable"):
        return ErrorKind.UNREACHABLE
    return ErrorKind.INVALID_ANSWER


def _kind_of_exception(error: Exception) -> tuple[ErrorKind, str]:
    match error:
        case sdk.ReadTimeoutError() | sdk.ConnectTimeoutError():
            return ErrorKind.TIMED_OUT, "no answer in time"
        case sdk.EndpointConnectionError():
            return ErrorKind.UNREACHABLE, f"cannot connect to {error.kwargs.get('endpoint_url', 'the endpoint')}"
        case sdk.SSLError():
            return ErrorKind.UNREACHABLE, "the server's certificate is not trusted"
        case sdk.ProxyConnectionError():
            return ErrorKind.UNREACHABLE, "cannot connect to the proxy"
        case sdk.ConnectionClosedError() | sdk.ResponseStreamingError() | sdk.HTTPClientError():
            return ErrorKind.UNREACHABLE, "the connection broke off"
        case (
            sdk.NoCredentialsError()
            | sdk.PartialCredentialsError()
            | sdk.CredentialRetrievalError()
            | sdk.TokenRetrievalError()
            | sdk.UnauthorizedSSOTokenError()
        ):
            return ErrorKind.BAD_CREDENTIALS, "no usable AWS credentials"
        case ResponseParserError() | GarbledAnswer() | sdk.PaginationError():
            return ErrorKind.INVALID_ANSWER, f"the answer could not be read ({type(error).__name__})"
        case sdk.UnknownRegionError() | sdk.InvalidRegionError():
            return ErrorKind.INVALID_ANSWER, "no such region"
        case OSError() | HTTPError():  # the SDK does not wrap what breaks off inside a body
            return ErrorKind.UNREACHABLE, "the connection broke off"
    return ErrorKind.INVALID_ANSWER, f"the answer could not be read ({type(error).__name__})"
