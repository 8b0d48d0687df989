"""Every other ARN of an account, with type, tags and region: by Resource Explorer where it is on, else by tags.

A unit of its own. What the catalogue models is left to it, so nothing is there twice. A tagging listing knows only what
has or once had a tag; Resource Explorer lags by hours. Neither has the configuration, which is read on demand.
"""

from collections.abc import Iterator, Mapping
from typing import Any

import orjson

from app.providers.aws.arns import Arn, is_modelled, split
from app.providers.aws.errors import AwsError
from app.providers.aws.reader import Reader
from app.providers.aws.tail_types import NATIVE_TYPES, OTHER, native_type_of, resource_type_of
from app.providers.aws.values import REDACTED, is_secret_like, plain, read_tags
from app.providers.base import CallError, CollectedResource, ErrorKind, Unit, UnitResult, UnitState

SERVICE = "other"  # the unit's name
GENERIC_TYPE = "other.resource"
CONFIGURATION = "Configuration"
NOT_READ = "read on demand"
_EXPLORER, _TAGGING = "resource-explorer-2", "resourcegroupstaggingapi"
_NO_EXPLORER = frozenset({"ResourceNotFoundException", "NotFoundException"})
_PAGE_SIZE = 1000

_Listed = tuple[str, Mapping[str, str]]  # ARN and tags


def collect(reader: Reader, unit: Unit, *, with_explorer: bool) -> UnitResult:
    """Never raises for a failed call. A listing that was cut off or replaced by the poorer one closes nothing."""
    errors: list[AwsError] = []
    found: dict[str, CollectedResource] = {}
    listed = False
    if with_explorer:
        try:
            listed = _add(found, _explored(reader, unit), unit)
        except AwsError as error:
            errors.append(error)
    if not listed:
        try:
            _add(found, _tagged(reader), unit)
        except AwsError as error:
            errors.append(error)
    complete = not errors
    return UnitResult(
        unit=unit,
        state=UnitState.COMPLETE if complete else UnitState.PARTIAL if found else UnitState.FAILED,
        resources=tuple(found.values()),
        complete_types=NATIVE_TYPES if complete else frozenset(),
        errors=tuple(to_call_error(error) for error in errors),
        call_count=reader.call_count,
    )


def to_call_error(error: AwsError) -> CallError:
    """As the result of a unit holds it."""
    return CallError(kind=error.kind, call=error.call, message=error.message, permission=error.permission)


def read_one(reader: Reader, unit: Unit, native_id: str) -> CollectedResource:
    """The resource with its configuration, by Cloud Control. Raises AwsError; not found is no proof of gone."""
    arn = split(native_id)
    if arn is None:
        raise AwsError(ErrorKind.INVALID_ANSWER, "the id is no ARN", call="cloudformation:GetResource")
    native_type = native_type_of(arn)
    description = _describe(reader, native_type, native_id, arn)
    tagged = reader.call(_TAGGING, "GetResources", {"ResourceARNList": [native_id]})
    mapping: Mapping[str, Any] = next(iter(tagged.get("ResourceTagMappingList") or ()), {})
    configuration = _without_secrets(description)
    tags = read_tags(mapping.get("Tags")) or read_tags(description.get("Tags"))
    return _resource(arn, native_id, tags, unit, configuration)


def _describe(reader: Reader, native_type: str, native_id: str, arn: Arn) -> Mapping[str, Any]:
    """Cloud Control wants the type's primary identifier, which is the name for most and the ARN for the rest."""
    name = arn.resource.replace(":", "/").rsplit("/", 1)[-1]
    call = "cloudformation:GetResource"
    failure = AwsError(ErrorKind.NOT_ENABLED, f"{native_type} cannot be read on demand", call=call)
    if native_type == OTHER:
        raise failure
    for identifier in (native_id, name):
        try:
            answer = reader.call("cloudcontrol", "GetResource", {"TypeName": native_type, "Identifier": identifier})
            found = orjson.loads(answer["ResourceDescription"]["Properties"])
            return found if isinstance(found, dict) else {}
        except AwsError as error:
            failure = error
            if error.kind is not ErrorKind.INVALID_ANSWER:
                raise
        except (KeyError, TypeError, orjson.JSONDecodeError):
            raise AwsError(ErrorKind.INVALID_ANSWER, "the answer has no properties", call=call) from None
    raise failure


def _explored(reader: Reader, unit: Unit) -> Iterator[_Listed] | None:
    """None where there is no view to ask. A region's own index knows it alone; an aggregator is told the region."""
    try:
        view = reader.call(_EXPLORER, "GetDefaultView", {}).get("ViewArn")
    except AwsError as error:
        if error.code in _NO_EXPLORER:
            return None
        raise
    return _listed_by(reader, unit, str(view)) if view else None


def _listed_by(reader: Reader, unit: Unit, view: str) -> Iterator[_Listed]:
    where = f"region:{reader.region}" if unit.region != reader.home_region else f"region:{reader.region},global"
    arguments = {"Filters": {"FilterString": where}, "ViewArn": view}
    for one in reader.items(_EXPLORER, "ListResources", "Resources[]", arguments, page_size=_PAGE_SIZE):
        if str(one.get("OwningAccountId") or unit.account) == unit.account:
            properties = {entry.get("Name"): entry.get("Data") for entry in one.get("Properties") or ()}
            yield str(one.get("Arn") or ""), read_tags(plain(properties.get("tags")))


def _tagged(reader: Reader) -> Iterator[_Listed]:
    for one in reader.items(_TAGGING, "GetResources", "ResourceTagMappingList[]", {}, page_size=100):
        yield str(one.get("ResourceARN") or ""), read_tags(one.get("Tags"))


def _add(
    found: dict[str, CollectedResource],
    listed: Iterator[_Listed] | None,
    unit: Unit,
) -> bool:
    if listed is None:
        return False
    for native_id, tags in listed:
        arn = split(native_id)
        if arn is not None and arn.account in ("", unit.account) and not is_modelled(native_id):
            found[native_id] = _resource(arn, native_id, tags, unit, None)
    return True


def _resource(arn: Arn, native_id: str, tags: Mapping[str, str], unit: Unit, configuration: Any) -> CollectedResource:
    properties: dict[str, Any] = {"Arn": native_id, "ResourceType": resource_type_of(arn)}
    if configuration is not None:
        properties[CONFIGURATION] = configuration
    return CollectedResource(
        native_id=native_id,
        native_type=native_type_of(arn),
        type=GENERIC_TYPE,
        name=tags.get("Name") or arn.resource.replace(":", "/").rsplit("/", 1)[-1] or native_id,
        region=arn.region or "global",
        status=None,
        tags=tags,
        properties=properties,
        unread_fields={} if configuration is not None else {CONFIGURATION: NOT_READ},
    )


def _without_secrets(value: Any, name: str = "") -> Any:
    if isinstance(value, dict):
        return {key: _without_secrets(one, key) for key, one in value.items()}
    if isinstance(value, list):
        return [_without_secrets(one, name) for one in value]
    return REDACTED if is_secret_like(name, value) else value
