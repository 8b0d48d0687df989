"""Which failures are told to the operator in one line instead of a trace."""

EXPECTED = {
    "BackupError",
    "BootstrapError",
    "DumpError",
    "EmbeddedServerError",
    "RootKeyError",
    "UnsafeRole",
    "UsageError",
}


class UsageError(RuntimeError):
    """The command cannot do what was asked; the text says why."""


def is_expected(error: BaseException) -> bool:
    """By the names of its classes, so that no module has to be imported to report a failure of another."""
    from app.core.errors import AppError

    return isinstance(error, AppError) or any(kind.__name__ in EXPECTED for kind in type(error).__mro__)
