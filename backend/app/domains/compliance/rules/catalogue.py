"""All controls, by id and by the resource types that they concern."""

from collections import defaultdict
from collections.abc import Iterable

from app.domains.compliance.rules import aws_data, aws_iam, aws_network
from app.domains.compliance.rules.model import Control

CONTROLS: dict[str, Control] = {
    control.id: control for control in (*aws_iam.CONTROLS, *aws_network.CONTROLS, *aws_data.CONTROLS)
}


def _by_type() -> dict[str, tuple[Control, ...]]:
    found: dict[str, list[Control]] = defaultdict(list)
    for control in CONTROLS.values():
        for native_type in control.native_types:
            found[native_type].append(control)
    return {native_type: tuple(controls) for native_type, controls in found.items()}


CONTROLS_BY_TYPE: dict[str, tuple[Control, ...]] = _by_type()


def _fields_read() -> dict[str, tuple[str, ...]]:
    found: dict[str, set[str]] = defaultdict(set)
    for control in CONTROLS.values():
        for native_type, names in control.reads.items():
            found[native_type].update(names)
    return {native_type: tuple(sorted(names)) for native_type, names in sorted(found.items())}


FIELDS_READ: dict[str, tuple[str, ...]] = _fields_read()
"""{resource type: properties} that controls read besides their own resource."""


def types_reading(native_types: Iterable[str]) -> list[str]:
    """Types of the resources whose controls read one of these types besides: they are evaluated anew."""
    changed = set(native_types)
    return sorted(
        {own for control in CONTROLS.values() if changed.intersection(control.reads) for own in control.native_types}
    )
