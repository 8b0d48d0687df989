"""Compiles what a start of the platform imports, so that also the first one is quick.

Python would do so at the first import, but not where PYTHONDONTWRITEBYTECODE is set or the environment is read-only
later; without compiled files every process of the platform spends seconds on compiling the same sources.
"""

import importlib
import pkgutil
import sys

PACKAGES = ("app", "demo")
SERVER = (
    "uvicorn.lifespan.on",
    "uvicorn.loops.uvloop",
    "uvicorn.protocols.http.httptools_impl",
    "uvicorn.protocols.websockets.websockets_sansio_impl",
    "sqlalchemy.dialects.postgresql.asyncpg",
    "alembic.command",
    "alembic.runtime.environment",
    "moto.server",
)


def main() -> None:
    """Import everything once; a module that cannot be imported here is compiled by whoever needs it."""
    sys.dont_write_bytecode = False
    names = list(SERVER)
    for name in PACKAGES:
        package = importlib.import_module(name)
        names += [found.name for found in pkgutil.walk_packages(package.__path__, f"{name}.")]
    for name in names:
        if not name.endswith("__main__"):
            try:
                importlib.import_module(name)
            except ImportError:
                continue


if __name__ == "__main__":
    main()
