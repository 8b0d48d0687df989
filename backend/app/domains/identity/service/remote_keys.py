"""Verification keys of an auth service that runs apart: its JWKS, fetched now and then and kept while it is away.

A process of another service needs the public keys only. It never opens a signing key and never asks per request.
"""

import asyncio
import base64
import binascii
import logging
import re
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any
from uuid import UUID

import orjson

from app.core.config import Settings
from app.core.errors import Unavailable
from app.core.operator_http import FAILURES, operator_client
from app.domains.identity.tokens import ALGORITHM, VerificationKey

logger = logging.getLogger(__name__)

PATH = "/.well-known/jwks.json"
TIMEOUT_SECONDS = 5.0
MAX_BYTES, MAX_KEYS = 65_536, 20
LONGEST_AGE_SECONDS, SHORTEST_AGE_SECONDS = 300.0, 5.0
RETRY_SECONDS = 5.0  # after a failure, and before an unknown key id may make us ask again
_ALWAYS = datetime(1970, 1, 1, tzinfo=UTC), datetime(9999, 1, 1, tzinfo=UTC)  # a key counts while it is published
_MAX_AGE = re.compile(r"(?:^|[\s,])max-age=([0-9]{1,9})(?:[\s,]|$)", re.I)


class RemoteKeys:
    """This process's copy of the auth service's published keys."""

    def __init__(self, settings: Settings) -> None:
        if settings.auth_url is None:
            raise ValueError("CLOUDOPS_AUTH_URL is not set")
        self._settings = settings
        self._url = settings.auth_url.rstrip("/") + PATH
        self._keys: Mapping[str, VerificationKey] = MappingProxyType({})
        self._fresh_until = self._next_try_at = float("-inf")
        self._lock = asyncio.Lock()
        self._refreshing: asyncio.Task[None] | None = None

    async def verification_keys(self, wanted: str | None = None) -> Mapping[str, VerificationKey]:
        """Published keys by id. What is known serves on while the auth service is away.

        Raises Unavailable only where no key was ever read.
        """
        now = time.monotonic()
        unknown = wanted is not None and wanted not in self._keys
        if not self._keys or (unknown and now >= self._next_try_at):
            await self._fetch_once()
        elif now >= self._fresh_until and now >= self._next_try_at and self._refreshing is None:
            # What is known will do meanwhile: a slow auth service delays nobody.
            self._refreshing = asyncio.create_task(self._fetch_once())
            self._refreshing.add_done_callback(self._end_refresh)
        if not self._keys:
            raise Unavailable("The auth service does not answer.")
        return self._keys

    async def _fetch_once(self) -> None:
        """Who comes while a fetch runs waits for it and takes what it brought."""
        async with self._lock:
            if time.monotonic() >= self._next_try_at:
                await self._fetch()

    def _end_refresh(self, _: asyncio.Task[None]) -> None:
        self._refreshing = None

    async def _fetch(self) -> None:
        self._next_try_at = time.monotonic() + RETRY_SECONDS
        try:
            async with asyncio.timeout(TIMEOUT_SECONDS), operator_client(self._url, self._settings) as client:
                answer = await client.get(self._url)
            if answer.status_code != 200 or len(answer.content) > MAX_BYTES:
                raise ValueError(f"status {answer.status_code}")
            found = read_keys(orjson.loads(answer.content))
        except (*FAILURES, ValueError, TimeoutError) as error:
            logger.warning("the auth service's keys could not be read; the known ones serve on: %s", error)
            return
        # The same object for the same key: what a token was checked with stays comparable.
        self._keys = MappingProxyType({name: _kept(self._keys.get(name), key) for name, key in found.items()})
        age = _MAX_AGE.search(answer.headers.get("cache-control", ""))
        seconds = float(age[1]) if age else LONGEST_AGE_SECONDS
        self._fresh_until = time.monotonic() + min(max(seconds, SHORTEST_AGE_SECONDS), LONGEST_AGE_SECONDS)


def read_keys(document: Any) -> dict[str, VerificationKey]:
    """The Ed25519 keys of a JWKS; anything else in it is not for us. Raises ValueError when there is none."""
    entries = document.get("keys") if isinstance(document, dict) else None
    if not isinstance(entries, list):
        raise ValueError("not a key set")
    found: dict[str, VerificationKey] = {}
    for entry in entries[:MAX_KEYS]:
        fixed = {"kty": "OKP", "crv": "Ed25519", "use": "sig", "alg": ALGORITHM}
        if not isinstance(entry, dict) or any(entry.get(name) != value for name, value in fixed.items()):
            continue
        try:
            key_id = UUID(str(entry["kid"]))
            public = base64.b64decode(str(entry["x"]) + "=", altchars=b"-_", validate=True)
        except (KeyError, ValueError, binascii.Error):
            continue
        if len(public) == 32 and str(key_id) == entry["kid"]:
            found[str(key_id)] = VerificationKey.from_bytes(key_id, public, *_ALWAYS)
    if not found:
        raise ValueError("no usable key")
    return found


def _kept(known: VerificationKey | None, new: VerificationKey) -> VerificationKey:
    same = known is not None and known.key.as_dict(private=False) == new.key.as_dict(private=False)
    return known if known is not None and same else new
