"""What passwords are accepted, how they are kept, and what a flood of sign-ins gets."""

import asyncio
import threading

import pytest
from app.core.errors import InvalidInput, Unavailable
from app.domains.identity import passwords

CONTEXT = ["Globex Corporation", "Ann Miller", "ann.miller@globex.example"]
GOOD = [
    "correct horse battery staple",
    "tidal-quartz-9-lantern",
    "            é      ",
    "ÄÖÜäöüß-ñandú-42",
    "日本語のとても長い秘密です",
    "xK9#mQ2$vL5!",
    "only lower case words here",
    "a" * 8 + "b7Qz" + "c" * 8,
    "my ann has a quiet orchard",
    "🦊🐙🦉🐝🦋🐢🦀🐳🦜🐌🦔🐿️",
    "q" + "w9 " * 42,
]
BAD = [
    ("short", "at least"),
    ("elevenchars", "at least"),
    ("x7" * 65, "at most"),
    ("password1234", "commonest"),
    ("Password1234!", "commonest"),
    ("PASSWORDPASSWORD", "commonest"),
    ("passwordpassword", "commonest"),
    ("111111111111", "commonest"),
    ("aaaaaaaaaaaaaaaa", "commonest"),
    ("qwertyuiop123", "commonest"),
    ("1234567890qwertyuiop", "commonest"),
    ("123456123456", "commonest"),
    ("cloudopspro2026!", "built from"),
    ("CloudOps-Pro-2026", "built from"),
    ("GlobexCorporation1", "built from"),
    ("ann.miller@globex.example", "built from"),
    ("Ann Miller 1987", "built from"),
    ("millermiller99", "built from"),
]


def test_the_list_of_breached_passwords_is_long_enough() -> None:
    assert len(passwords.breached_passwords()) >= 20_000


@pytest.mark.parametrize("password", GOOD)
def test_good_passwords_are_accepted(password: str) -> None:
    assert passwords.find_weakness(password, CONTEXT) is None


@pytest.mark.parametrize(("password", "reason"), BAD)
def test_weak_passwords_are_refused_with_a_reason(password: str, reason: str) -> None:
    assert reason in (passwords.find_weakness(password, CONTEXT) or "")
    with pytest.raises(InvalidInput) as caught:
        passwords.check_policy(password, CONTEXT, pointer="#/new_password")
    assert caught.value.errors[0].pointer == "#/new_password"


def test_every_breached_password_that_is_long_enough_is_refused() -> None:
    long_ones = [word for word in passwords.breached_passwords() if len(word) >= 12]
    assert len(long_ones) > 100
    assert all(passwords.find_weakness(word) and passwords.find_weakness(word.upper()) for word in long_ones)


async def test_hashes_have_the_decided_parameters() -> None:
    phc = await passwords.hash_password("correct horse battery staple")
    assert phc.startswith("$argon2id$v=19$m=47104,t=1,p=1$")
    salt, tag = phc.split("$")[-2:]
    assert (len(salt), len(tag)) == (22, 43)  # 16 and 32 bytes
    assert await passwords.verify_password("correct horse battery staple", phc) == (True, None)
    assert await passwords.verify_password("Correct horse battery staple", phc) == (False, None)


async def test_passwords_are_compared_byte_for_byte() -> None:
    phc = await passwords.hash_password("caf\u00e9 caf\u00e9 caf\u00e9")
    assert (await passwords.verify_password("cafe\u0301 cafe\u0301 cafe\u0301", phc))[0] is False
    assert (await passwords.verify_password(" caf\u00e9 caf\u00e9 caf\u00e9", phc))[0] is False


async def test_nobody_and_nonsense_never_match() -> None:
    assert await passwords.verify_password("nobody has this password", None) == (False, None)
    assert (await passwords.verify_password("nobody has this password", "$md5$nonsense"))[0] is False


async def test_the_pool_is_bounded() -> None:
    release = threading.Event()
    running = [asyncio.ensure_future(passwords._pool.run(release.wait)) for _ in range(18)]
    await asyncio.sleep(0.05)
    with pytest.raises(Unavailable) as caught:
        await passwords.hash_password("one too many for the queue")
    assert int(caught.value.headers["Retry-After"]) >= 1
    running[0].cancel()  # who gives up waiting does not free the thread
    await asyncio.sleep(0)
    with pytest.raises(Unavailable):
        await passwords.hash_password("one too many for the queue")
    release.set()
    await asyncio.gather(*running, return_exceptions=True)
    assert (await passwords.hash_password("there is room again")).startswith("$argon2id$")
