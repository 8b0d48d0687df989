"""The servers of one installation: outside ones by their addresses, embedded ones started or joined."""

import asyncio
import contextlib
import logging
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import SecretStr

from app.core.bootstrap import Addresses, password_key_of, prepare_database, prepare_embedded_database, role_url
from app.core.config import Settings
from app.core.embedded.common import EmbeddedServerError
from app.core.embedded.postgres import EmbeddedPostgres
from app.core.embedded.valkey import EmbeddedValkey
from app.core.processes import make_folder

logger = logging.getLogger(__name__)

POSTGRES_FOLDER, VALKEY_FOLDER = "postgres", "valkey"
REDIS_SCHEMES = ("redis://", "rediss://", "unix://")


@dataclass
class Installation:
    """Where everything is. `settings` is what a serving process needs: the restricted role's address and Redis."""

    settings: Settings
    addresses: Addresses
    owner_settings: Settings  # as given, with the owner's address where the database is an outside one
    dump_url: str  # who may read every row: the superuser of the embedded server, else the owner
    postgres: EmbeddedPostgres | None = None  # only when started here
    valkey: EmbeddedValkey | None = None
    _embedded: bool = field(default=False)

    @property
    def is_embedded(self) -> bool:
        """Whether the database is our own server."""
        return self._embedded

    def environment(self) -> dict[str, str]:
        """The environment of a serving process: the owner's address and the administrator's password stay out."""
        kept = {
            name: value
            for name, value in os.environ.items()
            if name not in ("CLOUDOPS_DATABASE_URL", "CLOUDOPS_ADMIN_PASSWORD")
        }
        assert self.settings.redis_url is not None  # noqa: S101  # `open_installation` sets it
        return kept | {
            "CLOUDOPS_DATABASE_APP_URL": self.addresses.app,
            "CLOUDOPS_REDIS_URL": self.settings.redis_url.get_secret_value(),
            "CLOUDOPS_DATA_DIR": str(self.settings.data_dir.absolute()),
        }

    def mend(self) -> None:
        """Start an embedded server again that has died."""
        if self.postgres is not None and not self.postgres.is_running:
            logger.error("The embedded PostgreSQL ended; it is started again.")
            self.postgres.restart()
        if self.valkey is not None and not self.valkey.is_running:
            logger.error("The embedded Redis ended; it is started again.")
            self.valkey.restart()


@contextlib.contextmanager
def open_installation(settings: Settings, *, join: bool = True) -> Iterator[Installation]:
    """Addresses of a ready database and Redis, embedded ones running for as long as the context.

    Servers that another process of this data directory runs are joined and left alone at the end; without `join` they
    are a reason to raise DataDirectoryInUse. Raises EmbeddedServerError, BootstrapError and RootKeyError, each with the
    remedy in its text.
    """
    check_data_dir(settings.data_dir.absolute())
    password_key = password_key_of(settings)
    with contextlib.ExitStack() as stack:
        valkey = None
        redis_url = settings.redis_url.get_secret_value() if settings.redis_url else None
        if redis_url is not None and not redis_url.startswith(REDIS_SCHEMES):
            raise EmbeddedServerError("CLOUDOPS_REDIS_URL cannot be read; it looks like redis://:password@host:6379/0.")
        if redis_url is None and join:
            redis_url = EmbeddedValkey.running_url(settings.data_dir / VALKEY_FOLDER)
        if redis_url is None:
            valkey = stack.enter_context(EmbeddedValkey(settings.data_dir / VALKEY_FOLDER))
            redis_url = valkey.url
        postgres = None
        if settings.database_url is None:
            dump_url = EmbeddedPostgres.running_url(settings.data_dir / POSTGRES_FOLDER) if join else None
            if dump_url is None:
                folder = settings.data_dir / POSTGRES_FOLDER
                postgres = stack.enter_context(EmbeddedPostgres(folder, port=settings.postgres_port))
                dump_url = postgres.superuser_url
            addresses = asyncio.run(prepare_embedded_database(dump_url, password_key))
        else:
            addresses = asyncio.run(prepare_database(settings, password_key))
            dump_url = addresses.owner
        yield Installation(
            settings=serving_settings(settings, addresses.app, redis_url),
            addresses=addresses,
            owner_settings=settings,
            dump_url=dump_url,
            postgres=postgres,
            valkey=valkey,
            _embedded=settings.database_url is None,
        )


def check_data_dir(folder: Path) -> None:
    """Make the data directory if it is missing. Raises EmbeddedServerError when nothing can be written in it."""
    try:
        make_folder(folder, 0o711 if os.geteuid() == 0 else 0o700)
        probe = folder / f".probe-{os.getpid()}"
        probe.write_bytes(b"\0" * 4096)
        probe.unlink()
    except OSError as error:
        raise EmbeddedServerError(
            f"The data directory {folder} cannot be used: {error.strerror}. "
            "Mend that, or choose another with --data-dir or CLOUDOPS_DATA_DIR."
        ) from error


def join_installation(settings: Settings) -> Settings:
    """The settings of a process that serves beside others: nothing is started, migrated or made.

    Raises EmbeddedServerError when the embedded servers are meant and `cloudops up` does not run.
    """
    app_url = settings.database_app_url.get_secret_value() if settings.database_app_url else None
    if app_url is None:
        password_key = password_key_of(settings)
        if settings.database_url is not None:
            app_url = role_url(settings.database_url.get_secret_value(), "cop_app", password_key)
        else:
            app_url = _embedded_app_url(settings.data_dir, password_key)
    redis_url = (
        settings.redis_url.get_secret_value()
        if settings.redis_url
        else EmbeddedValkey.running_url(settings.data_dir / VALKEY_FOLDER)
    )
    if redis_url is None:
        raise EmbeddedServerError("No Redis: set CLOUDOPS_REDIS_URL, or start the embedded one with `cloudops up`.")
    return serving_settings(settings, app_url, redis_url)


def serving_settings(settings: Settings, app_url: str, redis_url: str) -> Settings:
    """A copy with the addresses that a serving process uses."""
    return settings.model_copy(
        update={
            "database_app_url": SecretStr(app_url),
            "redis_url": SecretStr(redis_url),
            "data_dir": settings.data_dir.absolute(),
        }
    )


def _embedded_app_url(data_dir: Path, password_key: bytes) -> str:
    superuser_url = EmbeddedPostgres.running_url(data_dir / POSTGRES_FOLDER)
    if superuser_url is None:
        raise EmbeddedServerError(
            "No database: set CLOUDOPS_DATABASE_URL, or start the embedded one with `cloudops up`."
        )
    return role_url(superuser_url, "cop_app", password_key, "cloudops")
