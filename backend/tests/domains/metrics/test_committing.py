"""Commits that fail: nobody is told that samples are stored, and what comes next is stored as if nothing had been."""

import asyncio

import pytest
from app.domains.metrics.service import committing
from sqlalchemy.exc import OperationalError
from tests.domains.metrics.conftest import Sender, labels_of


class Broken:
    """Fails so many commits in the given way, then lets them through."""

    def __init__(self, failure: Exception, times: int) -> None:
        self.failure, self.times, self.real = failure, times, committing.Committer._insert

    async def __call__(self, committer: committing.Committer, *arguments: object) -> None:
        await self.real(committer, *arguments)  # type: ignore[arg-type]
        if self.times:
            self.times -= 1
            raise self.failure


@pytest.mark.parametrize(
    ("failure", "status"),
    [(OperationalError("INSERT", {}, Exception("gone")), 503), (RuntimeError("a fault of ours"), 500)],
    ids=["database", "fault"],
)
async def test_a_failed_commit_stores_nothing_and_the_same_samples_may_be_sent_again(
    sender: Sender, monkeypatch: pytest.MonkeyPatch, failure: Exception, status: int
) -> None:
    at = sender.now_ms
    assert (await sender.write((labels_of("up"), [(1.0, at - 15_000)]))).status_code == 204
    broken = Broken(failure, 1)
    monkeypatch.setattr(committing.Committer, "_insert", lambda *arguments: broken(*arguments))
    series = labels_of("up"), [(2.0, at)]
    if status == 503:
        assert (await sender.write(series)).status_code == 503
    else:
        with pytest.raises(RuntimeError):  # the shell around the application makes a problem of it
            await sender.write(series)
    assert await sender.stored() == {("up", at - 15_000): 1.0}
    assert (await sender.write((labels_of("up"), [(3.0, at)]))).status_code == 204  # no trace of the value before
    assert await sender.stored() == {("up", at - 15_000): 1.0, ("up", at): 3.0}


async def test_those_who_wait_behind_a_failed_commit_are_stored(
    sender: Sender, monkeypatch: pytest.MonkeyPatch
) -> None:
    at = sender.now_ms
    await sender.write((labels_of("up"), [(0.0, at - 1)]))
    broken = Broken(OperationalError("INSERT", {}, Exception("gone")), 1)
    monkeypatch.setattr(committing.Committer, "_insert", lambda *arguments: broken(*arguments))
    monkeypatch.setattr(committing, "BLOCK_SAMPLES", 2)
    answers = await asyncio.gather(*(sender.write((labels_of("up"), [(1.0, at + number)])) for number in range(9)))
    good = sum(answer.status_code == 204 for answer in answers)
    assert {answer.status_code for answer in answers} <= {204, 503}
    assert 0 < good < 9
    assert len(await sender.stored()) == 1 + good
