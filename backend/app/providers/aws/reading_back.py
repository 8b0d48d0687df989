"""One resource read again: in the unit and by the types that a full sync would have read it with."""

from dataclasses import replace

from app.providers.aws import tail
from app.providers.aws.arns import Match, matches, split
from app.providers.aws.catalogue.model import Service
from app.providers.aws.engine import UnitRead
from app.providers.aws.errors import AwsError
from app.providers.aws.narrowing import narrow
from app.providers.aws.reader import Reader
from app.providers.aws.session import AwsSession
from app.providers.aws.throttle import Throttles
from app.providers.base import CallError, ErrorKind, ReadBack, ResourceTarget, Unit

GLOBAL = "global"
TAIL = Service(name=tail.SERVICE, types=())


def unit_of(target: ResourceTarget, session: AwsSession, match: Match | None) -> Unit:
    """Where a full sync reads such a thing."""
    account = target.account or session.identity().account
    arn = split(target.native_id)
    region = (arn.region if arn else "") or target.region or session.home_region
    if match is None:
        return Unit(account=account, region=region, service=tail.SERVICE)
    return Unit(account=account, region=GLOBAL if match.service.is_global else region, service=match.service.name)


def read_back(session: AwsSession, throttles: Throttles, target: ResourceTarget, *, budget_seconds: float) -> ReadBack:
    """Never raises for a failed call. An id that several types share is looked for in each, until it is found."""
    found = list(matches(target.native_id, target.native_type)) or list(matches(target.native_id))
    if not found:
        return _of_tail(session, throttles, target, budget_seconds)
    calls = 0
    for match in found:
        read = _of_catalogue(session, throttles, target, match, budget_seconds)
        calls += read.call_count
        if read.resources or read.errors:
            break
    return replace(read, call_count=calls)


def _of_catalogue(
    session: AwsSession, throttles: Throttles, target: ResourceTarget, match: Match, budget_seconds: float
) -> ReadBack:
    unit = unit_of(target, session, match)
    narrowed = narrow(match, target.native_id)
    region = session.home_region if unit.region == GLOBAL else unit.region
    reader = Reader(session, throttles, match.service, region, budget_seconds=budget_seconds)
    try:
        run = UnitRead(reader, narrowed.service, unit, wanted=narrowed.wanted, seeds=narrowed.seeds)
        result = run.run()
    finally:
        reader.close()
    native_type = match.entry.native_type
    resources = tuple(one for one in result.resources if one.native_type == native_type)
    gone = frozenset({target.native_id}) if not resources and native_type in result.complete_types else frozenset()
    return ReadBack(
        unit=unit,
        resources=resources,
        relations=result.relations,
        gone=gone,
        errors=result.errors,
        call_count=result.call_count,
    )


def _of_tail(session: AwsSession, throttles: Throttles, target: ResourceTarget, budget_seconds: float) -> ReadBack:
    unit = unit_of(target, session, None)
    reader = Reader(session, throttles, TAIL, unit.region, budget_seconds=budget_seconds)
    try:
        resource = tail.read_one(reader, unit, target.native_id)
        return ReadBack(unit=unit, resources=(resource,), call_count=reader.call_count)
    except AwsError as error:
        return failed(unit, error, reader.call_count)
    finally:
        reader.close()


def failed(unit: Unit, error: AwsError, call_count: int = 0) -> ReadBack:
    """Nothing read, nothing gone."""
    return ReadBack(
        unit=unit,
        errors=(CallError(kind=error.kind, call=error.call, message=error.message, permission=error.permission),),
        call_count=call_count,
    )


def wrong_account(account: str, wanted: str) -> AwsError:
    """Credentials that are somebody else's now must not describe this account."""
    message = f"the credentials are of account {account} now, not of {wanted}"
    return AwsError(ErrorKind.BAD_CREDENTIALS, message, call="sts:GetCallerIdentity")
