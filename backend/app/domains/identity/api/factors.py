"""Routes of second factors: between password and session, a person's own factors, and lost ones."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response

from app.core.errors import Conflict, Forbidden, NotFound, StepUpRequired, problems
from app.core.http import Caller, DbSession, allow, allow_detached
from app.core.pagination import Page
from app.domains.identity import service
from app.domains.identity.api.answers import answer_tokens
from app.domains.identity.errors import (
    LastFactor,
    LoginFailed,
    MfaEnded,
    MfaFailed,
    MfaRequired,
    NoFactor,
    OwnReset,
    PasskeyFailed,
    PasskeyRefused,
    TooManyFactors,
)
from app.domains.identity.schemas import TokenRead
from app.domains.identity.schemas.factors import (
    FactorProof,
    FactorResetRead,
    FactorsRead,
    FactorUpdate,
    MfaToken,
    Nothing,
    PasskeyCreate,
    PasskeyCreated,
    PasskeyOptionsRead,
    PasskeySignIn,
    RecoveryCodesIssued,
    RecoveryCodesRead,
    SecondFactor,
    StepUp,
    TotpConfirm,
    TotpCreate,
    TotpSetupRead,
)
from app.domains.identity.service import second_factor, signing_in, stepping_up
from app.domains.identity.service.factors import managing, resets
from app.domains.identity.service.factors.checking import Proof

auth_router = APIRouter(prefix="/auth", tags=["auth"])
users_router = APIRouter(prefix="/users/factor-resets", tags=["users"])
routers = [auth_router, users_router]

MyProfile = Annotated[Caller, Depends(allow("profile:read"))]
MyDetachedProfile = Annotated[Caller, Depends(allow_detached("profile:read"))]
MyFreshProfile = Annotated[Caller, Depends(allow_detached("profile:read", step_up=True))]
Owner = Annotated[Caller, Depends(allow("ownership:write"))]
FreshOwner = Annotated[Caller, Depends(allow("ownership:write", step_up=True))]


def _proof(body: FactorProof) -> Proof:
    return Proof(
        otp=body.otp,
        recovery_code=body.recovery_code,
        ticket=body.passkey.ticket if body.passkey else None,
        credential=body.passkey.credential if body.passkey else None,
    )


@auth_router.post("/mfa", responses=problems(MfaFailed, MfaEnded))
async def finish_sign_in(body: SecondFactor, request: Request, response: Response) -> TokenRead:
    """Bring the second factor after `mfa-required`; five tries in five minutes."""
    settings = service.settings_of(request)
    signed_in = await second_factor.finish_sign_in(
        settings,
        mfa_token=body.mfa_token,
        proof=_proof(body),
        client=body.client,
        origin=service.origin_of(request),
    )
    return answer_tokens(response, settings, signed_in)


@auth_router.post("/mfa/passkey-options", responses=problems(MfaEnded))
async def start_mfa_passkey(body: MfaToken, request: Request) -> PasskeyOptionsRead:
    """What the browser needs to bring a passkey as the second factor."""
    options = await second_factor.start_passkey(
        service.settings_of(request), body.mfa_token, service.origin_of(request)
    )
    return PasskeyOptionsRead.model_validate(options)


@auth_router.post("/mfa/lost", status_code=202, responses=problems(MfaEnded))
async def report_lost_factors(body: MfaToken, request: Request) -> None:
    """Ask the owners to remove one's factors; two of them approve, and 24 hours pass."""
    await second_factor.report_lost(body.mfa_token, service.origin_of(request))


@auth_router.post("/passkey/options")
async def start_passkey_sign_in(body: Nothing, request: Request) -> PasskeyOptionsRead:
    """What the browser needs to sign in with a passkey and no name."""
    return PasskeyOptionsRead.model_validate(await signing_in.start_passkey_sign_in(service.settings_of(request)))


@auth_router.post("/passkey", responses=problems(PasskeyFailed))
async def sign_in_with_passkey(body: PasskeySignIn, request: Request, response: Response) -> TokenRead:
    """Sign in with a passkey alone."""
    settings = service.settings_of(request)
    signed_in = await signing_in.sign_in_with_passkey(
        settings,
        ticket=body.ticket,
        credential=body.credential,
        client=body.client,
        origin=service.origin_of(request),
    )
    return answer_tokens(response, settings, signed_in)


@auth_router.post("/step-up", responses=problems(LoginFailed, MfaRequired, MfaFailed))
async def confirm_identity(body: StepUp, request: Request, response: Response, caller: MyDetachedProfile) -> TokenRead:
    """Prove again who one is; new tokens of a new session, which the sensitive routes accept for ten minutes."""
    settings = service.settings_of(request)
    signed_in = await stepping_up.step_up(
        settings, caller, password=body.password, proof=_proof(body), origin=service.origin_of(request)
    )
    return answer_tokens(response, settings, signed_in)


@auth_router.post("/step-up/passkey-options")
async def start_step_up_passkey(request: Request, caller: MyDetachedProfile) -> PasskeyOptionsRead:
    """What the browser needs to prove it with a passkey."""
    return PasskeyOptionsRead.model_validate(await stepping_up.start_passkey(service.settings_of(request), caller))


@auth_router.get("/factors")
async def list_factors(session: DbSession, caller: MyProfile) -> FactorsRead:
    """The person's own factors, and whether the organization requires one."""
    return FactorsRead.model_validate(await managing.list_factors(session, caller))


@auth_router.post("/factors/totp", status_code=201, responses=problems(TooManyFactors, StepUpRequired))
async def start_totp(body: TotpCreate, caller: MyFreshProfile) -> TotpSetupRead:
    """Begin to set up an authenticator app; it counts once its first code is confirmed."""
    return TotpSetupRead.model_validate(await managing.start_totp(caller, body.name))


@auth_router.post(
    "/factors/totp/{factor_id}/confirm", responses=problems(MfaFailed, NotFound, Forbidden, StepUpRequired)
)
async def confirm_totp(
    factor_id: UUID, body: TotpConfirm, request: Request, caller: MyFreshProfile
) -> RecoveryCodesIssued:
    """Take an authenticator app into use."""
    codes = await managing.confirm_totp(
        service.settings_of(request), caller, factor_id, body.otp, end_others=body.end_other_sessions
    )
    return RecoveryCodesIssued(recovery_codes=codes)


@auth_router.post("/factors/passkeys/options", responses=problems(TooManyFactors, StepUpRequired))
async def start_passkey(request: Request, caller: MyFreshProfile) -> PasskeyOptionsRead:
    """What the browser needs to make a passkey."""
    return PasskeyOptionsRead.model_validate(await managing.start_passkey(service.settings_of(request), caller))


@auth_router.post("/factors/passkeys", status_code=201, responses=problems(PasskeyRefused, StepUpRequired))
async def add_passkey(body: PasskeyCreate, request: Request, caller: MyFreshProfile) -> PasskeyCreated:
    """Take a new passkey into use."""
    factor_id, codes = await managing.add_passkey(
        service.settings_of(request),
        caller,
        ticket=body.ticket,
        name=body.name,
        credential=body.credential,
        end_others=body.end_other_sessions,
    )
    return PasskeyCreated(id=factor_id, recovery_codes=codes)


@auth_router.post("/factors/recovery-codes", responses=problems(NoFactor, StepUpRequired))
async def make_recovery_codes(caller: MyFreshProfile) -> RecoveryCodesRead:
    """Ten new codes, shown once; the earlier ones do not work any more."""
    return RecoveryCodesRead(codes=await managing.make_recovery_codes(caller))


@auth_router.patch("/factors/{factor_id}", status_code=204)
async def rename_factor(factor_id: UUID, body: FactorUpdate, caller: MyDetachedProfile) -> None:
    """Give a factor another name."""
    await managing.rename_factor(caller, factor_id, body.name)


@auth_router.delete("/factors/{factor_id}", status_code=204, responses=problems(LastFactor, StepUpRequired))
async def remove_factor(
    factor_id: UUID, request: Request, caller: MyFreshProfile, end_other_sessions: bool = False
) -> None:
    """Remove a factor; the last one stays where the organization requires one."""
    await managing.remove_factor(service.settings_of(request), caller, factor_id, end_others=end_other_sessions)


@users_router.get("")
async def list_factor_resets(session: DbSession, caller: Owner) -> Page[FactorResetRead]:
    """Members who lost their factors and wait for owners to approve."""
    rows = await resets.list_resets(session, caller)
    return Page(items=[FactorResetRead.model_validate(row) for row in rows], total=len(rows))


@users_router.post("/{reset_id}/approve", status_code=204, responses=problems(OwnReset, Conflict, StepUpRequired))
async def approve_factor_reset(reset_id: UUID, session: DbSession, caller: FreshOwner) -> None:
    """Approve that a member's factors are removed, 24 hours after the last approval that is needed."""
    await resets.approve_reset(session, caller, reset_id)


@users_router.delete("/{reset_id}", status_code=204)
async def refuse_factor_reset(reset_id: UUID, session: DbSession, caller: Owner) -> None:
    """Refuse it, or take an approval back."""
    await resets.refuse_reset(session, caller, reset_id)
