"""Bodies of the first-party clients' routes."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field

from app.core.schemas import ReadModel, RequestModel, ShortText


class Authorize(RequestModel):
    """What the client put into the address of the sign-in page, handed on by that page."""

    client_id: ShortText
    redirect_uri: Annotated[str, Field(max_length=500)]
    code_challenge: Annotated[str, Field(max_length=128)]
    code_challenge_method: Literal["S256"]
    state: Annotated[str, Field(min_length=8, max_length=500)]


class Authorized(ReadModel):
    """Where the browser goes next, with the code."""

    redirect_to: str


class DeviceStart(RequestModel):
    client_id: ShortText


class DeviceStarted(ReadModel):
    """RFC 8628 section 3.2; times in seconds."""

    device_code: str
    user_code: str
    verification_uri: str
    verification_uri_complete: str
    expires_in: int
    interval: int


class DeviceRead(RequestModel):
    user_code: Annotated[str, Field(max_length=40)]


class DevicePending(ReadModel):
    """Which program waits, and where it runs by its own word."""

    client_id: str
    client_name: str
    device: str
    client_address: str
    started_at: datetime


class DeviceApprove(RequestModel):
    user_code: Annotated[str, Field(max_length=40)]
    approve: bool


class TokenRequest(RequestModel):
    """RFC 6749 section 3.2, RFC 7636 and RFC 8628; which fields are needed depends on `grant_type`."""

    grant_type: Annotated[str, Field(max_length=100)]
    client_id: Annotated[str, Field(max_length=100)] = ""
    code: Annotated[str, Field(max_length=200)] = ""
    redirect_uri: Annotated[str, Field(max_length=500)] = ""
    code_verifier: Annotated[str, Field(max_length=200)] = ""
    device_code: Annotated[str, Field(max_length=200)] = ""
    refresh_token: Annotated[str, Field(max_length=200)] = ""
