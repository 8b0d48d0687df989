"""What can run: tasks by name and schedules by name, registered when their modules are imported."""

import inspect
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, Literal, get_args, get_origin, get_type_hints
from uuid import UUID

from croniter import croniter
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.tasks.errors import PermanentFailure, UnknownTask

Queue = Literal["collect", "evaluate", "notify", "import", "default"]
QUEUES: tuple[Queue, ...] = get_args(Queue)
TaskFunction = Callable[..., Awaitable[None]]
OrganizationFunction = Callable[[AsyncSession, UUID], Awaitable[None]]
InstallationFunction = Callable[[AsyncSession], Awaitable[None]]


@dataclass(frozen=True, kw_only=True)
class Task:
    """A registered task and its bounds. `per_organization` is how many may run at once in one organization."""

    name: str
    function: TaskFunction
    retries: int
    timeout_seconds: float
    queue: str
    per_organization: int | None
    backoff_seconds: float
    announce: bool
    uuid_arguments: frozenset[str] = field(default_factory=frozenset)

    def bind(self, arguments: dict[str, Any]) -> dict[str, Any]:
        """The stored JSON arguments as the function takes them: UUIDs restored. Raises PermanentFailure."""
        try:
            bound = {
                name: UUID(value) if name in self.uuid_arguments and isinstance(value, str) else value
                for name, value in arguments.items()
            }
            inspect.signature(self.function).bind(None, **bound)
        except (TypeError, ValueError) as error:
            raise PermanentFailure(f"the stored arguments do not fit the task: {error}") from error
        return bound


@dataclass(frozen=True, kw_only=True)
class Schedule:
    """A registered schedule; `function` takes (session, organization_id), or only the session for the installation."""

    name: str
    cron: str
    function: Callable[..., Awaitable[None]]
    each_organization: bool
    while_deleted: bool = False


_tasks: dict[str, Task] = {}
_schedules: dict[str, Schedule] = {}


def task(
    name: str,
    *,
    retries: int = 3,
    timeout_seconds: float = 300,
    queue: Queue = "default",
    per_organization: int | None = None,
    backoff_seconds: float = 5,
    announce: bool = True,
) -> Callable[[TaskFunction], TaskFunction]:
    """Register an async function `(context, **arguments)` as a task.

    It must be safe to run twice: a run whose worker dies after a commit, or whose end cannot be recorded, is run again
    from the start. After a failure the next run waits `backoff_seconds`, doubled each time, at most five minutes.
    `announce=False` publishes no `JobChanged` for jobs too small and many to be watched.
    """
    if per_organization is not None and per_organization < 1:
        raise ValueError("per_organization must be at least 1")

    def register(function: TaskFunction) -> TaskFunction:
        if not inspect.iscoroutinefunction(function):
            raise TypeError(f"task {name} must be async; blocking work goes through run_in_thread or run_in_process")
        known = _tasks.get(name)
        if known is not None and known.function is not function and not _same_source(known.function, function):
            raise ValueError(f"two tasks are called {name}")
        _tasks[name] = Task(
            name=name,
            function=function,
            retries=retries,
            timeout_seconds=timeout_seconds,
            queue=queue,
            per_organization=per_organization,
            backoff_seconds=backoff_seconds,
            announce=announce,
            uuid_arguments=_uuid_arguments(function),
        )
        return function

    return register


def schedule(
    name: str, *, cron: str, while_deleted: bool = False
) -> Callable[[OrganizationFunction], OrganizationFunction]:
    """Call `(session, organization_id)` once per due time in each organization's own transaction; only enqueue in it.

    Deleted organizations have no turn, but where `while_deleted` says so (their audit log is sealed to the end).
    Times are UTC; a sixth cron field is seconds. After a stop of all workers the latest missed due time is made up for.
    """

    def register(function: OrganizationFunction) -> OrganizationFunction:
        _add_schedule(
            Schedule(name=name, cron=cron, function=function, each_organization=True, while_deleted=while_deleted)
        )
        return function

    return register


def installation_schedule(name: str, *, cron: str) -> Callable[[InstallationFunction], InstallationFunction]:
    """Call `(session)` once per due time, without an organization: for upkeep of tables that belong to none."""

    def register(function: InstallationFunction) -> InstallationFunction:
        _add_schedule(Schedule(name=name, cron=cron, function=function, each_organization=False))
        return function

    return register


def get_task(name: str) -> Task:
    """The task of this name. Raises UnknownTask."""
    try:
        return _tasks[name]
    except KeyError:
        raise UnknownTask(f"no task is called {name}") from None


def all_tasks() -> list[Task]:
    """Every registered task."""
    return list(_tasks.values())


def all_schedules() -> list[Schedule]:
    """Every registered schedule."""
    return list(_schedules.values())


def _add_schedule(made: Schedule) -> None:
    if not croniter.is_valid(made.cron):
        raise ValueError(f"not a cron expression: {made.cron}")
    known = _schedules.get(made.name)
    if known is not None and not _same_source(known.function, made.function):
        raise ValueError(f"two schedules are called {made.name}")
    _schedules[made.name] = made


def _same_source(one: Callable[..., Any], other: Callable[..., Any]) -> bool:
    """Whether both come from the same place: a module imported anew registers its functions again."""
    return (one.__module__, one.__qualname__) == (other.__module__, other.__qualname__)


def _uuid_arguments(function: TaskFunction) -> frozenset[str]:
    hints = get_type_hints(function)
    return frozenset(
        name for name, hint in hints.items() if hint is UUID or (get_origin(hint) and UUID in get_args(hint))
    )
