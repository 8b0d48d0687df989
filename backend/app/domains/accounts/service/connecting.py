"""Connecting a cloud: try it first, with no transaction open, then keep it."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NoReturn
from uuid import UUID

from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.clock import utc_now
from app.core.config import get_settings
from app.core.database import tenant_session
from app.core.egress import check_endpoint
from app.core.errors import FieldProblem, InvalidInput
from app.core.events import publish
from app.core.http import Caller
from app.core.ids import new_id
from app.core.quotas import take_quota
from app.core.scope import require_whole
from app.domains.accounts import queries, rules
from app.domains.accounts.errors import (
    AccountAlreadyConnected,
    CloudUnreachable,
    ConnectionRefused,
    DifferentCloudAccount,
    ExternalIdUnknown,
)
from app.domains.accounts.events import AccountChanged, AccountConnected
from app.domains.accounts.models import Account
from app.domains.accounts.schemas import (
    AccountRead,
    AccountUpdate,
    AwsAccountCreate,
    AzureAccountCreate,
    ConnectionReportRead,
    GcpAccountCreate,
)
from app.domains.accounts.service.checking import check_connection
from app.domains.accounts.service.describing import describe_account, describe_report
from app.domains.accounts.service.opening import make_connection, open_account, store_credentials
from app.domains.accounts.service.registry import get_provider
from app.providers.base import Connection, ConnectionReport, ProviderError

TEST_SECONDS = 25.0  # under the 30 s that a request may take
_CONNECTING = "A new account would be outside of it."
AccountBody = AwsAccountCreate | GcpAccountCreate | AzureAccountCreate


@dataclass(frozen=True, kw_only=True)
class _Tested:
    credentials: Mapping[str, Any]
    report: ConnectionReport


async def connect_account(caller: Caller, body: AccountBody) -> AccountRead:
    """Test the connection, keep the account and tell the others. No transaction is open during the test.

    Raises ProviderNotAvailable, AddressNotAllowed, ExternalIdUnknown, ConnectionRefused, CloudUnreachable,
    AccountAlreadyConnected and QuotaExceeded; then nothing is kept.
    """
    require_whole(caller.scope, _CONNECTING)
    account_id = new_id()
    tested = await _test_body(caller.organization_id, account_id, body)
    status, detail = rules.connection_status(tested.report)
    now = utc_now()
    account = Account(
        organization_id=caller.organization_id,
        id=account_id,
        provider=body.provider,
        name=body.name,
        native_account_id=tested.report.account,
        status=status,
        status_detail=detail,
        endpoint_url=body.endpoint_url,
        regions=list(body.regions),
        excluded_regions=list(body.excluded_regions),
        scope=_plain_scope(body.scope),
        credentials_kind=body.credentials.kind,
        credentials_hint=rules.credentials_hint(tested.credentials),
        credentials_updated_at=now,
        created_at=now,
    )
    try:
        async with tenant_session(caller.organization_id, caller.scope) as session:
            await _keep_account(session, account, tested)
            await publish(
                session,
                AccountConnected(organization_id=caller.organization_id, account_id=account_id, by=caller.user_id),
            )
            return describe_account(account)
    except IntegrityError:  # a request at the same moment was first
        raise _already_connected(account.native_account_id) from None


async def test_new_account(caller: Caller, body: AccountBody) -> ConnectionReportRead:
    """Try a connection and keep nothing. A cloud that refuses or does not answer is a report, not a failure."""
    require_whole(caller.scope, _CONNECTING)
    try:
        tested = await _test_body(caller.organization_id, new_id(), body)
    except (ConnectionRefused, CloudUnreachable) as failure:
        return _failed_report(failure)
    return describe_report(tested.report)


async def test_account(caller: Caller, account_id: UUID) -> ConnectionReportRead:
    """Try the stored connection and note its status. Raises NotFound and CredentialsMissing."""
    async with tenant_session(caller.organization_id, caller.scope) as session:
        opened = await open_account(session, caller.organization_id, account_id)
    try:
        report = await _run_test(opened.provider, opened.connection)
    except (ConnectionRefused, CloudUnreachable) as failure:
        await _note_status(caller.organization_id, account_id, "failed", failure.detail)
        return _failed_report(failure)
    await _note_status(caller.organization_id, account_id, *rules.connection_status(report))
    return describe_report(report)


async def update_account(caller: Caller, account_id: UUID, body: AccountUpdate) -> AccountRead:
    """Change what the body names. New credentials are tested and must lead to the same cloud account.

    Another address without new credentials forgets the old ones, because they were meant for the old address.
    """
    async with tenant_session(caller.organization_id, caller.scope) as session:
        before = await queries.get_account(session, caller.organization_id, account_id)
    if before.parent_id is not None:
        _check_fits_child(body)
    _check_fits(before.provider, body)
    moves = "endpoint_url" in body.model_fields_set and body.endpoint_url != before.endpoint_url
    endpoint_url = body.endpoint_url if moves else before.endpoint_url
    if body.credentials is not None:
        await check_connection(before.provider, endpoint_url, _plain_credentials(body.credentials))
    elif moves and endpoint_url is not None:
        await check_endpoint(endpoint_url, get_settings())
    tested = await _test_update(caller.organization_id, before, body, endpoint_url)
    async with tenant_session(caller.organization_id, caller.scope) as session:
        account = await queries.get_account(session, caller.organization_id, account_id, lock=True)
        await _apply_update(session, account, body, moves=moves, tested=tested)
        await publish(
            session,
            AccountChanged(
                organization_id=caller.organization_id,
                account_id=account_id,
                fields=sorted(body.model_fields_set),
                by=caller.user_id,
            ),
        )
        await session.flush()
        return describe_account(account)


async def _test_body(organization_id: UUID, account_id: UUID, body: AccountBody) -> _Tested:
    get_provider(body.provider)
    credentials = _plain_credentials(body.credentials)
    await check_connection(body.provider, body.endpoint_url, credentials)
    await _check_external_id(organization_id, credentials, account_id)
    connection = make_connection(
        account_id,
        credentials,
        endpoint_url=body.endpoint_url,
        regions=body.regions,
        excluded_regions=body.excluded_regions,
        scope=_plain_scope(body.scope),
    )
    return _Tested(credentials=credentials, report=await _run_test(body.provider, connection))


async def _test_update(
    organization_id: UUID, before: Account, body: AccountUpdate, endpoint_url: str | None
) -> _Tested | None:
    if body.credentials is None:
        return None
    credentials = _plain_credentials(body.credentials)
    await _check_external_id(organization_id, credentials, before.id)
    connection = make_connection(
        before.id,
        credentials,
        endpoint_url=endpoint_url,
        regions=body.regions if body.regions is not None else before.regions,
        excluded_regions=body.excluded_regions if body.excluded_regions is not None else before.excluded_regions,
        scope=_plain_scope(body.scope) if body.scope is not None else before.scope,
    )
    report = await _run_test(before.provider, connection)
    if before.native_account_id is not None and report.account != before.native_account_id:
        raise DifferentCloudAccount("Connect the other cloud account as an account of its own.")
    return _Tested(credentials=credentials, report=report)


async def _run_test(provider: str, connection: Connection) -> ConnectionReport:
    try:
        async with asyncio.timeout(TEST_SECONDS):
            report = await get_provider(provider).test(connection)
    except TimeoutError:
        raise CloudUnreachable(f"The cloud did not answer within {TEST_SECONDS:.0f} seconds.") from None
    except ProviderError as failure:
        _raise_refusal(failure)
    if report.account is None:
        raise ConnectionRefused("; ".join(report.warnings) or "The identity behind the credentials could not be read.")
    return report


def _raise_refusal(failure: ProviderError) -> NoReturn:
    kind = ConnectionRefused if failure.kind in rules.REFUSALS else CloudUnreachable
    raise kind(failure.message[:500]) from None


async def _check_external_id(organization_id: UUID, credentials: Mapping[str, Any], account_id: UUID) -> None:
    if credentials["kind"] != "assume_role":
        return
    async with tenant_session(organization_id) as session:
        await _usable_external_id(session, organization_id, credentials["external_id"], account_id)


async def _usable_external_id(
    session: AsyncSession, organization_id: UUID, external_id: str, account_id: UUID, *, lock: bool = False
) -> Any:
    made = await queries.get_external_id(session, organization_id, external_id, lock=lock)
    if made is None or (made.used_at is not None and made.account_id != account_id):
        raise ExternalIdUnknown("Ask for a new external id here, put it into the role's trust policy, then connect.")
    return made


async def _keep_account(session: AsyncSession, account: Account, tested: _Tested) -> None:
    number = account.native_account_id
    if number is not None and await queries.is_connected(session, account.organization_id, account.provider, number):
        raise _already_connected(number)
    await take_quota(session, account.organization_id, "accounts")
    await _use_external_id(session, account, tested.credentials)
    await store_credentials(session, account, tested.credentials)
    session.add(account)
    await session.flush()


async def _use_external_id(session: AsyncSession, account: Account, credentials: Mapping[str, Any]) -> None:
    if credentials["kind"] == "assume_role":
        made = await _usable_external_id(
            session, account.organization_id, credentials["external_id"], account.id, lock=True
        )
        made.used_at, made.account_id = utc_now(), account.id


async def _apply_update(
    session: AsyncSession, account: Account, body: AccountUpdate, *, moves: bool, tested: _Tested | None
) -> None:
    if body.name is not None:
        account.name = body.name
    if body.regions is not None:
        account.regions = list(body.regions)
    if body.excluded_regions is not None:
        account.excluded_regions = list(body.excluded_regions)
    if body.scope is not None:
        account.scope = _plain_scope(body.scope)
    if moves:
        account.endpoint_url = body.endpoint_url
    if tested is not None:
        account.credentials_kind = tested.credentials["kind"]
        account.credentials_hint = rules.credentials_hint(tested.credentials)
        account.credentials_updated_at = utc_now()
        account.native_account_id = account.native_account_id or tested.report.account
        account.status, account.status_detail = rules.connection_status(tested.report)
        await _use_external_id(session, account, tested.credentials)
        await store_credentials(session, account, tested.credentials)
    elif moves:
        account.credentials = account.credentials_hint = account.credentials_updated_at = None
        account.status, account.status_detail = "pending", "The address changed: give the credentials again."


async def _note_status(organization_id: UUID, account_id: UUID, status: str, detail: str | None) -> None:
    async with tenant_session(organization_id) as session:
        account = await queries.get_account(session, organization_id, account_id, lock=True)
        account.status, account.status_detail = status, detail


def _check_fits(provider: str, body: AccountUpdate) -> None:
    if body.credentials is not None and body.credentials.kind not in rules.CREDENTIAL_KINDS[provider]:
        raise InvalidInput(
            errors=[FieldProblem(pointer="#/credentials/kind", detail=f"does not fit an account of {provider}")]
        )
    scope = _plain_scope(body.scope)
    if set(scope) - rules.SCOPE_FIELDS[provider]:
        raise InvalidInput(errors=[FieldProblem(pointer="#/scope", detail=f"does not fit an account of {provider}")])


def _check_fits_child(body: AccountUpdate) -> None:
    """A found account has a name and excluded regions of its own; all else is its connection's."""
    for field in ("regions", "endpoint_url", "scope", "credentials"):
        if field in body.model_fields_set:
            raise InvalidInput(
                errors=[FieldProblem(pointer=f"#/{field}", detail="is of the connection that found this account")]
            )


def _plain_credentials(credentials: Any) -> dict[str, Any]:
    return rules.reveal_credentials({name: getattr(credentials, name) for name in type(credentials).model_fields})


def _plain_scope(scope: Any) -> dict[str, Any]:
    return {} if scope is None else dict(scope.model_dump(exclude_none=True))


def _already_connected(number: str | None) -> AccountAlreadyConnected:
    return AccountAlreadyConnected(f"The cloud account {number} is connected already. Change that connection instead.")


def _failed_report(failure: ConnectionRefused | CloudUnreachable) -> ConnectionReportRead:
    return ConnectionReportRead(
        ok=False,
        account=None,
        identity=None,
        regions=[],
        checks=[],
        warnings=[failure.detail or failure.title],
        grant=None,
    )
