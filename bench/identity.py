"""Identity: what checking a token, signing in and checking a permission cost, and whether many organizations slow one.

Floors: the bare signature check of the same library; argon2id alone for signing in.
"""

import asyncio
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from uuid import UUID

from bench.common import report

PASSWORD = "correct horse battery staple"  # noqa: S105  # of the benchmark's own people
SMALL, USUAL, MANY = 50, 500, 5_000
PEOPLE = 20
LOGINS = 10
CHECKS = 2_000


async def _rate(call: Callable[[], Awaitable[object]], times: int) -> float:
    for _ in range(20):
        await call()
    started = time.perf_counter()
    for _ in range(times):
        await call()
    return times / (time.perf_counter() - started)


async def run(sizes: tuple[int, ...]) -> None:
    """Everything on an embedded PostgreSQL and Valkey of its own."""
    from app.core.config import Settings
    from app.core.installation import open_installation

    with tempfile.TemporaryDirectory(prefix="cloudops-bench-") as folder:
        os.chmod(folder, 0o711)  # noqa: S103  # the embedded server is another user
        installation = open_installation(Settings(data_dir=Path(folder)))  # its servers stop when nobody holds it
        opened = await asyncio.to_thread(installation.__enter__)
        try:
            await _measure(opened.settings, sizes)
        finally:
            await asyncio.to_thread(installation.__exit__, None, None, None)


async def _measure(settings: "object", sizes: tuple[int, ...]) -> None:
    from app.core.config import Settings
    from app.core.database import Database, use_database
    from app.domains import load_domains
    from app.domains.identity import service
    from app.domains.identity.service import Origin

    assert isinstance(settings, Settings)
    assert settings.database_app_url is not None
    load_domains()
    os.environ["CLOUDOPS_DATA_DIR"] = str(settings.data_dir)
    database = Database(settings.database_app_url.get_secret_value(), pool_size=4)
    use_database(database)
    service.use_settings(settings)
    made = 0
    slope: dict[int, float] = {}
    email = ""
    for size in sizes:
        email, made = await _fill(size, made), size
        times = []
        for _ in range(LOGINS):
            started = time.perf_counter()
            await service.sign_in(settings, email=email, password=PASSWORD, client="native", origin=Origin())
            times.append(time.perf_counter() - started)
        slope[size] = statistics.median(times)
    signed_in = await service.sign_in(settings, email=email, password=PASSWORD, client="native", origin=Origin())
    ours = await _rate(lambda: service.authenticate_token(signed_in.access_token), CHECKS)
    floor = await _signature_rate(signed_in.access_token)
    caller = await service.authenticate_token(signed_in.access_token)
    started = time.perf_counter()
    for _ in range(100_000):
        caller.require("profile:read")
    permission = (time.perf_counter() - started) / 100_000
    first, last = slope[sizes[0]], slope[sizes[-1]]
    report(
        "identity",
        ours_tokens_a_second=round(ours),
        floor_signatures_a_second=round(floor),
        share_of_floor=ours / floor,
        login_seconds={str(size): round(seconds, 3) for size, seconds in slope.items()},
        login_slowdown=last / first,
        permission_microseconds=permission * 1e6,
        goals_met=ours >= floor / 2 and last < 0.5 and permission < 50e-6 and last / first < 1.5,
    )
    use_database(None)
    await database.close()


async def _signature_rate(token: str) -> float:
    """joserfc checking the signature and nothing else."""
    from app.core import clock
    from app.domains.identity import service, tokens
    from joserfc import jws

    pair = await service.get_key_ring().signing_key(clock.utc_now())

    async def check() -> object:
        return jws.deserialize_compact(token, pair.key, registry=tokens._REGISTRY)

    return await _rate(check, CHECKS)


async def _fill(size: int, made: int) -> str:
    """Organizations up to `size` with twenty people each; the e-mail address of one who can sign in."""
    from app.core.database import directory_session, tenant_session
    from app.domains.identity import service

    email, last = "", UUID(int=0)
    for number in range(made, size):
        async with directory_session() as session:
            last = (await service.create_organization(session, f"Organization {number}")).id
        async with tenant_session(last) as session:
            for person in range(PEOPLE):
                is_last = number == size - 1 and person == PEOPLE - 1
                email = f"p{person}.{number}@example.com"
                await service.create_user(
                    session, last, email=email, name="Person", role="owner", password=PASSWORD if is_last else None
                )
    return email


def main() -> None:
    """`python -m bench.identity [organizations …]`; fewer than 5,000 to see that it runs."""
    asyncio.run(run(tuple(int(argument) for argument in sys.argv[1:]) or (SMALL, USUAL, MANY)))


if __name__ == "__main__":
    main()
