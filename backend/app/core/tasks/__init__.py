"""Background work: tasks, the queue, schedules. pgqueuer is used in this package and nowhere else."""

from app.core.tasks.context import TaskContext, UnitKey
from app.core.tasks.errors import JobCancelled, PermanentFailure, UnknownTask
from app.core.tasks.events import JobChanged
from app.core.tasks.models import Job, JobUnit
from app.core.tasks.offload import run_in_process, run_in_thread
from app.core.tasks.queueing import enqueue
from app.core.tasks.registry import installation_schedule, schedule, task
from app.core.tasks.schema import QUEUE_TABLES, install_queue, queue_statements

__all__ = [
    "QUEUE_TABLES",
    "Job",
    "JobCancelled",
    "JobChanged",
    "JobUnit",
    "PermanentFailure",
    "TaskContext",
    "UnitKey",
    "UnknownTask",
    "enqueue",
    "install_queue",
    "installation_schedule",
    "queue_statements",
    "run_in_process",
    "run_in_thread",
    "schedule",
    "task",
]
