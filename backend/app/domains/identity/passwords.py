"""Passwords: what is accepted, and hashing in a bounded pool so that a flood of logins cannot take the memory."""

import asyncio
import re
import threading
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from typing import TypeVar

from pwdlib import PasswordHash
from pwdlib.exceptions import UnknownHashError
from pwdlib.hashers.argon2 import Argon2Hasher

from app.core.errors import FieldProblem, InvalidInput, Unavailable

MIN_CHARACTERS, MAX_CHARACTERS, MAX_BYTES = 12, 128, 1_024
POOL_WORKERS, POOL_QUEUE = 2, 16
# security.md section 2: measured so that strangers' guesses are cheap enough to answer and dear enough to make.
_HASHER = PasswordHash((Argon2Hasher(time_cost=1, memory_cost=46 * 1024, parallelism=1, hash_len=32, salt_len=16),))
PRODUCT_WORDS = ("CloudOps Pro", "CloudOps")

T = TypeVar("T")
_WORD = re.compile(r"[^\W\d_]+")
_LETTERS = re.compile(r"[^\W\d_]")
_EDGES = re.compile(r"^[\W\d_]+|[\W\d_]+$")


class _HashingPool:
    """Two threads and a short queue; argon2 releases the interpreter lock, so the event loop goes on."""

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(POOL_WORKERS, thread_name_prefix="password")
        self._lock = threading.Lock()
        self._waiting = 0

    async def run(self, work: Callable[[], T]) -> T:
        with self._lock:
            if self._waiting >= POOL_WORKERS + POOL_QUEUE:
                raise Unavailable("Too many people are signing in at this moment.", retry_after_seconds=2)
            self._waiting += 1
        # The slot is free when the thread is done, not when the caller stops waiting for it.
        future = self._threads.submit(work)
        future.add_done_callback(lambda _: self._leave())
        return await asyncio.wrap_future(future)

    def _leave(self) -> None:
        with self._lock:
            self._waiting -= 1


_pool = _HashingPool()


async def hash_password(password: str) -> str:
    """The PHC string of a password. Raises Unavailable when the queue is full."""
    return await _pool.run(lambda: _HASHER.hash(password))


async def verify_password(password: str, phc: str | None) -> tuple[bool, str | None]:
    """Whether the password is right, and its new PHC string when the parameters have changed since.

    Without a PHC string (nobody of that name) the same work is done and the answer is no. Raises Unavailable.
    """
    return await _pool.run(lambda: _verify(password, phc))


def _verify(password: str, phc: str | None) -> tuple[bool, str | None]:
    try:
        right, renewed = _HASHER.verify_and_update(password, phc or _dummy_hash())
    except UnknownHashError:
        right, renewed = _HASHER.verify_and_update(password, _dummy_hash())[0] and False, None
    return (right, renewed) if phc else (False, None)


@lru_cache(maxsize=1)
def _dummy_hash() -> str:
    return _HASHER.hash("nobody has this password")


@lru_cache(maxsize=1)
def breached_passwords() -> frozenset[str]:
    """The 30,000 commonest breached passwords, lower case (zxcvbn's list)."""
    from zxcvbn.frequency_lists import FREQUENCY_LISTS  # type: ignore[import-untyped]  # no stubs; 0.8 MB of source: only where passwords are set

    return frozenset(FREQUENCY_LISTS["passwords"])


def check_policy(password: str, context: Iterable[str] = (), *, pointer: str = "#/password") -> None:
    """Refuse what is too short, too long, common, or built from `context` (own name, e-mail, organization).

    Raises InvalidInput with the pointer. Characters are taken as they are, byte for byte.
    """
    if problem := find_weakness(password, context):
        raise InvalidInput(errors=[FieldProblem(pointer=pointer, detail=problem)])


def find_weakness(password: str, context: Iterable[str] = ()) -> str | None:
    """What is wrong with a new password, as a sentence for its owner; None when it is good."""
    if len(password) < MIN_CHARACTERS:
        return f"must have at least {MIN_CHARACTERS} characters"
    if len(password) > MAX_CHARACTERS or len(password.encode()) > MAX_BYTES:
        return f"must have at most {MAX_CHARACTERS} characters and {MAX_BYTES} bytes"
    folded = password.casefold()
    if _is_common(folded):
        return "is one of the commonest passwords"
    if _is_built_from(folded, [*PRODUCT_WORDS, *context]):
        return "is built from your name, your organization or the product"
    return None


def _is_common(folded: str) -> bool:
    common = breached_passwords()
    core = _EDGES.sub("", folded)  # "password1234!" is still "password"
    return folded in common or (core in common and 2 * len(core) >= len(folded)) or _is_repeated(folded, common)


def _is_repeated(folded: str, common: frozenset[str]) -> bool:
    """One common password, or one character, over and over."""
    period = (folded + folded).find(folded, 1)
    return period < len(folded) and (period == 1 or folded[:period] in common)


def _is_built_from(folded: str, context: Iterable[str]) -> bool:
    words = {word for phrase in context for word in _WORD.findall(phrase.casefold()) if len(word) >= 3}
    for phrase in context:
        whole = phrase.casefold().strip()
        parts = {whole, whole.partition("@")[0], "".join(_WORD.findall(whole))}  # an address also as it is written
        words |= {part for part in parts if len(part) >= 3}
    left = folded
    for word in sorted(filter(None, words), key=len, reverse=True):
        left = left.replace(word, " ")
    return left != folded and len(_LETTERS.findall(left)) < 4
