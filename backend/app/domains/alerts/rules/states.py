"""States of a rule's instances, one for each label set: pending, firing, inactive.

Prometheus' machine (rules/alerting.go), and on top of it a condition to leave that differs from the one to enter, a
choice for series without data and one for failures. With the defaults it does what Prometheus does. Times are Unix
milliseconds.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from app.domains.alerts.rules.identity import fingerprint

State = Literal["pending", "firing", "inactive"]
NoData = Literal["resolve", "keep_last", "fire"]
OnError = Literal["keep", "fire"]
Change = Literal["pending", "fired", "resolved", "withdrawn", "dropped"]

RESOLVED_KEPT_MS = 15 * 60_000
GRACE_MS = 10 * 60_000
OUTAGE_TOLERANCE_MS = 60 * 60_000
ERROR_LABEL = "rule_error"


@dataclass(frozen=True, slots=True)
class Timing:
    """What of a rule the machine needs to know; `limit` 0 is none, `name` labels the alert of its own failure."""

    name: str
    for_ms: int = 0
    keep_firing_ms: int = 0
    no_data: NoData = "resolve"
    on_error: OnError = "keep"
    limit: int = 0


@dataclass(frozen=True, slots=True)
class Observation:
    """One label set of an evaluation.

    `enters`: the condition to enter holds; `stays`: the condition to leave does not. Both come from one value.
    `value` None: the series is known and has no data now; the other two say nothing then.
    """

    labels: Mapping[str, str]
    value: float | None
    enters: bool
    stays: bool


@dataclass(frozen=True, slots=True)
class Instance:
    """One label set's state. `no_data`: it is active because its series is silent."""

    key: str
    labels: Mapping[str, str]
    state: State
    active_at_ms: int
    value: float | None
    fired_at_ms: int | None = None
    keep_since_ms: int | None = None
    resolved_at_ms: int | None = None
    no_data: bool = False

    @property
    def is_error(self) -> bool:
        """Whether it stands for the rule's own failure and not for a series."""
        return ERROR_LABEL in self.labels


States = Mapping[str, Instance]


@dataclass(frozen=True, slots=True)
class Transition:
    """A change that somebody may want to know of.

    `withdrawn`: firing became pending, because the rule's time was lengthened. `dropped`: too many instances.
    """

    change: Change
    instance: Instance


@dataclass(frozen=True, slots=True)
class Step:
    """What an evaluation came to; `error` is shown with the rule."""

    states: dict[str, Instance]
    transitions: list[Transition] = field(default_factory=list)
    error: str | None = None


def advance(states: States, results: Sequence[Observation] | str, now_ms: int, rule: Timing) -> Step:
    """The states after an evaluation at `now_ms`. `results` is a text where the question failed.

    A label set that neither has an instance nor enters may be left out. A failure changes no instance; with the
    choice to fire it has an instance of its own, which ends with the first success.
    """
    if not isinstance(results, str):
        by_key = {fingerprint(one.labels): one for one in results}
        if len(by_key) == len(results):
            return _succeed(states, by_key, now_ms, rule)
        results = "Two results have the same labels once the rule's own labels are applied."
    return _fail(states, results, now_ms, rule)


def _succeed(states: States, results: Mapping[str, Observation], now_ms: int, rule: Timing) -> Step:
    made: dict[str, Instance] = {}
    transitions: list[Transition] = []
    for key, old in states.items():
        new = _follow(old, results.get(key), now_ms, rule)
        if new is not None:
            made[key] = new
            transitions += _changes(old, new)
    for key, one in results.items():
        if (key not in made or made[key].state == "inactive") and _holds(one, rule, active=False):
            begun = _mature(_begin(key, one, now_ms), now_ms, rule)
            made[key] = begun
            transitions += _changes(None, begun)
    return _limited(states, made, transitions, rule)


def _limited(states: States, made: dict[str, Instance], transitions: list[Transition], rule: Timing) -> Step:
    active = sum(one.state != "inactive" for one in made.values())
    if not rule.limit or active <= rule.limit:
        return Step(made, transitions)
    dropped = [Transition("dropped", one) for one in states.values() if one.state == "firing"]
    return Step({}, dropped, f"The rule has {active} alerts, more than its limit of {rule.limit}.")


def _holds(one: Observation, rule: Timing, *, active: bool) -> bool:
    """Whether a label set is in the result, as Prometheus says it; what fires is asked for the condition to leave."""
    if one.value is None:
        return rule.no_data == "fire"
    return one.stays if active else one.enters


def _begin(key: str, one: Observation, now_ms: int) -> Instance:
    return Instance(key, dict(one.labels), "pending", now_ms, one.value, no_data=one.value is None)


def _follow(old: Instance, one: Observation | None, now_ms: int, rule: Timing) -> Instance | None:
    """An instance after an evaluation; None where nothing is left of it."""
    if old.state == "inactive":
        resolved_at_ms = now_ms if old.resolved_at_ms is None else old.resolved_at_ms
        return None if now_ms - resolved_at_ms > RESOLVED_KEPT_MS else old
    silent = one is None or one.value is None
    if silent and rule.no_data == "keep_last" and not old.is_error:
        return replace(old, keep_since_ms=None)  # silence is not the condition to leave: that has to hold anew
    if one is not None and _holds(one, rule, active=old.state == "firing"):
        held = replace(old, value=one.value, no_data=one.value is None, keep_since_ms=None)
        return _mature(held, now_ms, rule)
    if old.state == "pending":
        return None
    since_ms = now_ms if old.keep_since_ms is None else old.keep_since_ms
    if now_ms - since_ms < rule.keep_firing_ms:
        return _mature(replace(old, keep_since_ms=since_ms), now_ms, rule)
    kept_since_ms = since_ms if rule.keep_firing_ms else None
    return replace(old, state="inactive", resolved_at_ms=now_ms, keep_since_ms=kept_since_ms)


def _mature(one: Instance, now_ms: int, rule: Timing) -> Instance:
    old_enough = now_ms - one.active_at_ms >= rule.for_ms
    if one.state == "pending" and old_enough:
        return replace(one, state="firing", fired_at_ms=now_ms)
    if one.state == "firing" and not old_enough:
        return replace(one, state="pending", fired_at_ms=None, keep_since_ms=None)
    return one


def _changes(old: Instance | None, new: Instance) -> Iterable[Transition]:
    before = "inactive" if old is None else old.state
    if before == new.state:
        return
    if new.state == "firing":
        yield Transition("fired", new)
    elif new.state == "inactive":
        yield Transition("resolved", new)
    elif before == "firing":
        yield Transition("withdrawn", new)
    else:
        yield Transition("pending", new)


def _fail(states: States, error: str, now_ms: int, rule: Timing) -> Step:
    if rule.on_error == "keep":
        return Step(dict(states), [], error)
    labels = {"alertname": rule.name, ERROR_LABEL: "true"}
    key = fingerprint(labels)
    old = states.get(key)
    if old is None or old.state == "inactive":
        old = None
        new = Instance(key, labels, "pending", now_ms, None)
    else:
        new = replace(old, keep_since_ms=None)
    new = _mature(new, now_ms, rule)
    return Step({**states, key: new}, list(_changes(old, new)), error)


def restore(states: States, last_ms: int, now_ms: int, rule: Timing) -> dict[str, Instance]:
    """The states with which evaluations go on at `now_ms` after none has been made since `last_ms`.

    What fires goes on to fire, because its episode is stored and only an evaluation may end it. What is pending is
    treated as Prometheus treats `ALERTS_FOR_STATE`: time during which nobody looked does not count.
    """
    return {
        key: restored for key, one in states.items() if (restored := _restore_one(one, last_ms, now_ms, rule.for_ms))
    }


def _restore_one(one: Instance, last_ms: int, now_ms: int, for_ms: int) -> Instance | None:
    if one.state != "pending":
        return one
    if for_ms < GRACE_MS or now_ms - last_ms > OUTAGE_TOLERANCE_MS:
        return None
    remaining_ms = for_ms - (last_ms - one.active_at_ms)
    if remaining_ms <= 0:
        return one
    if remaining_ms < GRACE_MS:
        return replace(one, active_at_ms=now_ms + GRACE_MS - for_ms)
    return replace(one, active_at_ms=one.active_at_ms + now_ms - last_ms)
