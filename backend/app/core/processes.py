"""Child processes that do not outlive us, and the unprivileged account for servers that must not run as root."""

import ctypes
import os
import pwd
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

PR_SET_PDEATHSIG = 1
SERVER_ACCOUNTS = ("cloudops", "postgres", "nobody")  # tried in this order when root owns the folder


@dataclass(frozen=True)
class Account:
    """A user of the operating system that a server runs as."""

    name: str
    uid: int
    gid: int

    def popen_options(self) -> dict[str, Any]:
        """Arguments for `subprocess` that change to this account."""
        return {"user": self.uid, "group": self.gid, "extra_groups": []}


def die_with_parent(signal_number: int = signal.SIGKILL) -> Callable[[], None]:
    """A `preexec_fn`: the child gets the signal when the thread that started it ends, however it ends (Linux only)."""
    parent = os.getpid()
    libc = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None

    def bind() -> None:
        if libc is not None:
            libc.prctl(PR_SET_PDEATHSIG, signal_number, 0, 0, 0)
            if os.getppid() != parent:  # the parent died before the call above
                os._exit(1)

    return bind


def is_alive(pid: int) -> bool:
    """Whether a process with this id exists and is not a zombie."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (OSError, IndexError):
        return True
    return state != "Z"


def free_port(preferred: int | None = None) -> int:
    """A TCP port of 127.0.0.1 that nobody listens on now; the preferred one if it is free."""
    for candidate in (preferred, 0):
        if candidate is None:
            continue
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", candidate))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    raise OSError("no free TCP port on 127.0.0.1")


def server_account(folder: Path) -> Account | None:
    """The account for a server whose data is in `folder`; None when we are not root and it runs as ourselves.

    The owner of the folder, or of the nearest folder above that exists, unless that is root: then the first of
    `cloudops`, `postgres` and `nobody` that this machine has. We never make an account.
    """
    if os.geteuid() != 0:
        return None
    existing = next(parent for parent in (folder, *folder.parents) if parent.exists())
    owner = existing.stat().st_uid
    candidates: list[pwd.struct_passwd] = []
    if owner != 0:
        try:
            candidates.append(pwd.getpwuid(owner))
        except KeyError as error:
            raise LookupError(
                f"{existing} belongs to user id {owner}, which this machine does not know. "
                "Give the folder to a known user, or set CLOUDOPS_DATA_DIR to another one."
            ) from error
    for name in SERVER_ACCOUNTS:
        try:
            candidates.append(pwd.getpwnam(name))
        except KeyError:
            continue
    for entry in candidates:
        if entry.pw_uid != 0:
            return Account(entry.pw_name, entry.pw_uid, entry.pw_gid)
    raise LookupError(
        "The embedded servers never run as root and this machine has no user cloudops, postgres or nobody. "
        "Start as an ordinary user, or set CLOUDOPS_DATABASE_URL and CLOUDOPS_REDIS_URL."
    )


def can_enter(account: Account | None, folder: Path) -> bool:
    """Whether the account may reach things inside `folder` (search permission all the way down)."""
    if account is None:
        return os.access(folder, os.X_OK)
    result = subprocess.run(  # asked as that account: access lists and mount options count too
        ["test", "-x", str(folder)],
        **account.popen_options(),
        cwd="/",
        check=False,
    )
    return result.returncode == 0


def make_folder(path: Path, mode: int) -> None:
    """Make the folder and its missing parents with exactly this mode; what exists keeps its own."""
    missing = [folder for folder in (path, *path.parents) if not folder.exists()]
    for folder in reversed(missing):
        try:
            folder.mkdir(mode=mode)
        except FileExistsError:
            continue
        folder.chmod(mode)
