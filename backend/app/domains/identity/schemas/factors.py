"""Bodies of factors, passwords by link and addresses."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import AfterValidator, Field, model_validator

from app.core.schemas import Name, ReadModel, RequestModel
from app.domains.identity.rules import Client
from app.domains.identity.rules.factors import check_address
from app.domains.identity.schemas import Password

MAX_CREDENTIAL_ITEMS = 20
Token = Annotated[str, Field(min_length=1, max_length=200)]
Address = Annotated[str, Field(min_length=3, max_length=254), AfterValidator(check_address)]
Code = Annotated[str, Field(min_length=1, max_length=64)]
Method = Literal["totp", "passkey", "recovery_code"]


class PasskeyAnswer(RequestModel):
    """`credential` is what `PublicKeyCredential.toJSON()` gives; `ticket` came with its options."""

    ticket: Token
    credential: Annotated[dict[str, Any], Field(max_length=MAX_CREDENTIAL_ITEMS)]


class FactorProof(RequestModel):
    """At most one of the three."""

    otp: Code | None = None
    recovery_code: Code | None = None
    passkey: PasskeyAnswer | None = None

    @model_validator(mode="after")
    def _one_only(self) -> "FactorProof":
        if sum(value is not None for value in (self.otp, self.recovery_code, self.passkey)) > 1:
            raise ValueError("must hold one of otp, recovery_code and passkey")
        return self


class SecondFactor(FactorProof):
    mfa_token: Token
    client: Client = "web"

    @model_validator(mode="after")
    def _one_at_least(self) -> "SecondFactor":
        if self.otp is None and self.recovery_code is None and self.passkey is None:
            raise ValueError("must hold one of otp, recovery_code and passkey")
        return self


class StepUp(FactorProof):
    """The password, a factor, or both: whoever has a factor needs it, and a passkey is enough alone."""

    password: Password | None = None

    @model_validator(mode="after")
    def _something(self) -> "StepUp":
        if self.password is None and self.otp is None and self.recovery_code is None and self.passkey is None:
            raise ValueError("must hold password, otp, recovery_code or passkey")
        return self


class MfaToken(RequestModel):
    mfa_token: Token


class Nothing(RequestModel):
    """An empty object."""


class PasskeyOptionsRead(ReadModel):
    """`public_key` goes to `PublicKeyCredential.parseCreationOptionsFromJSON` or `parseRequestOptionsFromJSON`."""

    ticket: str
    public_key: dict[str, Any]


class PasskeySignIn(PasskeyAnswer):
    client: Client = "web"


class TotpCreate(RequestModel):
    name: Annotated[Name, Field(max_length=60)] = "Authenticator app"


class TotpSetupRead(ReadModel):
    """`secret` is base32; `qr_svg` is a whole SVG picture of `uri`."""

    id: UUID
    secret: str
    uri: str
    qr_svg: str


class TotpConfirm(RequestModel):
    otp: Code
    end_other_sessions: bool = False


class RecoveryCodesIssued(ReadModel):
    """Codes shown once; null when the person has some already."""

    recovery_codes: list[str] | None


class PasskeyCreate(PasskeyAnswer):
    name: Annotated[Name, Field(max_length=60)] = "Passkey"
    end_other_sessions: bool = False


class PasskeyCreated(ReadModel):
    id: UUID
    recovery_codes: list[str] | None


class FactorUpdate(RequestModel):
    name: Annotated[Name, Field(max_length=60)]


class RecoveryCodesRead(ReadModel):
    codes: list[str]


class TotpRead(ReadModel):
    id: UUID
    name: str
    created_at: datetime
    last_used_at: datetime | None


class PasskeyRead(ReadModel):
    id: UUID
    name: str
    created_at: datetime
    last_used_at: datetime | None
    backed_up: bool


class RecoveryCodesState(ReadModel):
    left: int
    created_at: datetime


class FactorsRead(ReadModel):
    """`required` and `grace_ends_at` are the present organization's wish."""

    totp: list[TotpRead]
    passkeys: list[PasskeyRead]
    recovery_codes: RecoveryCodesState | None
    required: bool
    grace_ends_at: datetime | None


class ForgottenPassword(RequestModel):
    """`email` is any one text: what cannot be an address fails like an unknown one."""

    email: Annotated[str, Field(min_length=1, max_length=320)]


class PasswordReset(RequestModel):
    token: Token
    new_password: Password


class EmailToken(RequestModel):
    token: Token


class EmailUpdate(RequestModel):
    email: Address


class SessionsEnded(ReadModel):
    ended: int


class FactorResetRead(ReadModel):
    """Somebody of the organization who lost their factors. `needed` approvals; `due_at` once they are there."""

    id: UUID
    user_id: UUID
    email: str
    name: str
    client_address: str
    requested_at: datetime
    approvals: int
    needed: int
    approved_by_me: bool
    due_at: datetime | None
    expires_at: datetime
