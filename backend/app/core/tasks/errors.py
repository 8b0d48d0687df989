"""How a run can end other than by returning."""

import asyncio


class PermanentFailure(Exception):  # reads as a statement: `raise PermanentFailure("…")`
    """The job cannot succeed however often it is tried: it fails at once, with this text as its error."""


class JobCancelled(asyncio.CancelledError):
    """Somebody cancelled the job. Not an Exception, so that a broad handler in a task cannot swallow it."""


class UnknownTask(LookupError):
    """No task of this name is registered in this process: a programming error."""
