"""Ten thousand guesses of a password and of a code: how many are looked at at all, and how many get in."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from app.core.errors import RateLimited
from app.domains.identity.errors import LoginFailed
from app.domains.identity.service import second_factor, signing_in
from app.domains.identity.service.factors.checking import Challenged, Proof
from app.domains.identity.service.origin import Origin
from tests.support.counts import CountCases
from tests.support.factors import add_totp, login

GUESSES = 10_000
AT_ONCE = 10


def from_anywhere(number: int) -> Origin:
    """Another network each time, as a botnet has them."""
    return Origin(client_address=f"10.{number // 250 % 250}.{number % 250}.9")


async def guess_all(guess: Callable[[int], Awaitable[str]], clock: Any) -> Counter[str]:
    """Ten thousand guesses, `AT_ONCE` of them side by side each `AT_ONCE` seconds, for nearly three hours."""
    counts: Counter[str] = Counter()
    for start in range(0, GUESSES, AT_ONCE):
        counts.update(await asyncio.gather(*(guess(number) for number in range(start, start + AT_ONCE))))
        clock.advance(seconds=AT_ONCE)
    return counts


@pytest.mark.timeout(600)
async def test_ten_thousand_passwords(
    make_person: Any, client: Any, settings: Any, moved_clock: Any, count_cases: CountCases
) -> None:
    person = await make_person()

    async def guess(number: int) -> str:
        try:
            await signing_in.sign_in(
                settings, email=person.email, password=f"guess {number:05d} of many", client="web",
                origin=from_anywhere(number),
            )  # fmt: skip
        except RateLimited:
            return "refused"
        except LoginFailed:
            return "looked at"
        return "success"

    counts = await guess_all(guess, moved_clock)
    successes, looked_at, refused = counts["success"], counts["looked at"], counts["refused"]
    count_cases("guesses of a password", {"looked at": looked_at, "refused unseen": refused}, accepted=successes)
    assert (successes, looked_at + refused) == (0, GUESSES)
    assert 10 <= looked_at <= 30
    moved_clock.advance(seconds=901)
    assert (await login(client, person)).status_code == 200  # nobody is locked out for good


@pytest.mark.timeout(600)
async def test_ten_thousand_codes(
    make_person: Any, client: Any, sign_in: Any, auth: Any, settings: Any, moved_clock: Any, count_cases: CountCases
) -> None:  # fmt: skip
    person = await make_person()
    app, _ = await add_totp(client, auth((await sign_in(person))["access_token"]))
    moved_clock.advance(minutes=2)

    async def guess(number: int) -> str:
        code = f"{number:06d}"
        if code in {app.code(step) for step in (-1, 0, 1)}:
            code = app.wrong_code()  # chance is not what is measured here
        try:
            done = await second_factor.try_factor(
                settings, person.organization_id, person.user_id, Challenged(proof=Proof(otp=code)), client="web",
                origin=from_anywhere(number),
            )  # fmt: skip
        except RateLimited:
            return "refused"
        return "looked at" if done is None else "success"

    counts = await guess_all(guess, moved_clock)
    successes, looked_at, refused = counts["success"], counts["looked at"], counts["refused"]
    count_cases("guesses of a code", {"looked at": looked_at, "refused unseen": refused}, accepted=successes)
    assert (successes, looked_at + refused) == (0, GUESSES)
    assert 10 <= looked_at <= 30  # three codes of a million are right at a time: 1 in 10,000 for such a run
    moved_clock.advance(seconds=901)
    assert (await login(client, person, otp=app.code())).status_code == 200
