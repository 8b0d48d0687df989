"""What a rule would have done over past samples: the machine that runs live, step by step, and the messages of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from app.domains.alerts.rules.conditions import Verdict
from app.domains.alerts.rules.identity import fingerprint
from app.domains.alerts.rules.observing import Wording, observe
from app.domains.alerts.rules.states import Instance, Observation, Step, Timing, advance

MAX_STEPS = 20_000


@dataclass(frozen=True, slots=True)
class Episode:
    """One time that a label set fired, or was only pending (`fired_at_ms` None). Open where `ended_at_ms` is None."""

    labels: Mapping[str, str]
    active_at_ms: int
    fired_at_ms: int | None
    ended_at_ms: int | None
    value: float | None


@dataclass(frozen=True, slots=True)
class Backtest:
    """Episodes and near misses (pending that never fired) by their begin; `errors`: steps at which the rule failed."""

    episodes: list[Episode]
    near_misses: list[Episode]
    errors: list[tuple[int, str]]
    states: dict[str, Instance]


@dataclass(frozen=True, slots=True)
class Grouping:
    """Alertmanager's grouping: the labels that make a group, and its three timers in milliseconds."""

    by: tuple[str, ...] = ("alertname",)
    wait_ms: int = 30_000
    interval_ms: int = 300_000
    repeat_ms: int = 4 * 3_600_000


@dataclass(frozen=True, slots=True)
class Message:
    """A notification of a group: how many of its alerts were firing, and how many had ended since the last."""

    group: tuple[tuple[str, str], ...]
    at_ms: int
    firing: int
    resolved: int


@dataclass(frozen=True, slots=True)
class Difference:
    """Episodes of a changed rule beside those of the rule in force; episodes that overlap are the same one."""

    added: list[Episode]
    removed: list[Episode]
    kept: int


class Replay:
    """A rule's machine over past times, from no state on, fed with one stretch of them after the other.

    Only rows that enter or have an instance are looked at: others cannot change anything.
    """

    def __init__(self, wording: Wording, timing: Timing) -> None:
        self._wording, self._timing = wording, timing
        self._steps = 0
        self._states: dict[str, Instance] = {}
        self._rows: dict[str, int] = {}  # of label sets that have been seen; the same in each stretch
        self._episodes: list[Episode] = []
        self._open: dict[str, Episode] = {}
        self._near_misses: list[Episode] = []
        self._errors: list[tuple[int, str]] = []

    def feed(self, verdict: Verdict | str, times_ms: Sequence[int]) -> None:
        """Go on over these times, which are the verdict's columns; a text is why there is none."""
        self._steps += len(times_ms)
        if self._steps > MAX_STEPS:
            raise ValueError(f"A backtest has at most {MAX_STEPS} steps.")
        for column, at_ms in enumerate(times_ms):
            results = verdict if isinstance(verdict, str) else self._look(verdict, column)
            self._take(advance(self._states, results, at_ms, self._timing), at_ms)

    def result(self) -> Backtest:
        """What has come of it so far."""
        episodes = [*self._episodes, *self._open.values()]
        episodes.sort(key=lambda one: (one.fired_at_ms or 0, sorted(one.labels.items())))
        return Backtest(episodes, self._near_misses, self._errors, self._states)

    def firing(self) -> list[Instance]:
        """Instances that fire after the last step."""
        return [one for one in self._states.values() if one.state == "firing"]

    def _look(self, verdict: Verdict, column: int) -> list[Observation]:
        held = {self._rows[key] for key, one in self._states.items() if one.state != "inactive" and key in self._rows}
        found = list(observe(verdict, column, self._wording, self._timing.no_data, also=held))
        for row, one in found:
            self._rows[fingerprint(one.labels)] = row
        return [one for _, one in found]

    def _take(self, step: Step, at_ms: int) -> None:
        if step.error is not None:
            self._errors.append((at_ms, step.error))
        for key, old in self._states.items():
            if old.state == "pending" and key not in step.states:
                self._near_misses.append(Episode(old.labels, old.active_at_ms, None, at_ms, old.value))
        for transition in step.transitions:
            one = transition.instance
            if transition.change == "fired":
                self._open[one.key] = Episode(one.labels, one.active_at_ms, at_ms, None, one.value)
            elif transition.change != "pending":
                self._episodes.append(replace(self._open.pop(one.key), ended_at_ms=at_ms))
        self._states = step.states


def run_backtest(verdict: Verdict, times_ms: Sequence[int], wording: Wording, timing: Timing) -> Backtest:
    """The rule at each time, from no state on. `times_ms` are the verdict's columns, at most MAX_STEPS."""
    replay = Replay(wording, timing)
    replay.feed(verdict, times_ms)
    return replay.result()


def predict_messages(episodes: Sequence[Episode], until_ms: int, grouping: Grouping) -> list[Message]:
    """The notifications that grouping leaves of these episodes up to a time, by their time.

    A group's first message comes `wait_ms` after its first alert; then each `interval_ms` one where an alert came or
    ended, or where nothing was said for `repeat_ms`. A group with nothing left to tell is forgotten.
    """
    groups: dict[tuple[tuple[str, str], ...], list[Episode]] = {}
    for one in episodes:
        key = tuple((name, one.labels.get(name, "")) for name in grouping.by)
        groups.setdefault(key, []).append(one)
    made = [
        message
        for key, members in groups.items()
        for message in _messages_of(key, sorted(members, key=_fired), until_ms, grouping)
    ]
    return sorted(made, key=lambda one: (one.at_ms, one.group))


def _fired(one: Episode) -> int:
    assert one.fired_at_ms is not None  # noqa: S101  # near misses send nothing
    return one.fired_at_ms


def _messages_of(
    key: tuple[tuple[str, str], ...], members: Sequence[Episode], until_ms: int, grouping: Grouping
) -> list[Message]:
    made: list[Message] = []
    waiting = list(members)
    while waiting:
        flush_ms = _fired(waiting[0]) + grouping.wait_ms
        firing: list[Episode] = []
        last_ms: int | None = None
        while flush_ms <= until_ms:
            new = [one for one in waiting if _fired(one) <= flush_ms]
            waiting = waiting[len(new) :]
            told = [*firing, *new]
            # what came and went between two flushes was never told as firing, and is not told as resolved either
            ended = [one for one in firing if one.ended_at_ms is not None and one.ended_at_ms <= flush_ms]
            firing = [one for one in told if one.ended_at_ms is None or one.ended_at_ms > flush_ms]
            came = any(one.ended_at_ms is None or one.ended_at_ms > flush_ms for one in new)
            repeats = bool(firing) and last_ms is not None and flush_ms - last_ms >= grouping.repeat_ms
            if came or ended or repeats:
                made.append(Message(key, flush_ms, len(firing), len(ended)))
                last_ms = flush_ms
            if not firing:
                break
            flush_ms += grouping.interval_ms
        else:
            return made
    return made


def compare(changed: Sequence[Episode], in_force: Sequence[Episode]) -> Difference:
    """What a changed rule would have fired that the rule in force did not, and the reverse.

    Episodes are the same when the series' labels agree and their times overlap; labels that the rule itself sets are
    part of them, so a changed label is a changed episode.
    """
    here, there = _by_labels(changed), _by_labels(in_force)
    added = [one for one in changed if not _has_partner(one, there)]
    return Difference(
        added=added,
        removed=[one for one in in_force if not _has_partner(one, here)],
        kept=len(changed) - len(added),
    )


def _by_labels(episodes: Sequence[Episode]) -> dict[frozenset[tuple[str, str]], list[Episode]]:
    made: dict[frozenset[tuple[str, str]], list[Episode]] = {}
    for one in episodes:
        made.setdefault(frozenset(one.labels.items()), []).append(one)
    return made


def _has_partner(one: Episode, others: Mapping[frozenset[tuple[str, str]], Sequence[Episode]]) -> bool:
    return any(
        (other.ended_at_ms is None or _fired(one) < other.ended_at_ms)
        and (one.ended_at_ms is None or _fired(other) < one.ended_at_ms)
        for other in others.get(frozenset(one.labels.items()), ())
    )
