"""The organization's look: contrast, logos by content, a domain that was proven, and what strangers see."""

import struct
import zlib
from collections.abc import Iterator, Sequence
from email.message import EmailMessage
from pathlib import Path
from uuid import UUID

import httpx
import pytest
from app.core import mail
from app.core.config import Settings
from app.core.database import tenant_session
from app.core.errors import AppError
from app.core.images import MOST_PIXELS, clean_image
from app.core.storage import get_storage
from app.domains.identity import service
from app.domains.identity.rules.branding import (
    LEAST_CONTRAST,
    SURFACES,
    contrast_of,
    contrast_ratio,
    relative_luminance,
    text_on,
)
from app.domains.identity.service.sso import domains
from fastapi import FastAPI
from hypothesis import given
from hypothesis import strategies as st
from tests.domains.identity.conftest import MakePerson, SignIn, bearer

BRANDING = {"display_name": "Acme", "accent": "#1f7fd0", "mail_sender_name": "Acme Cloud", "custom_domain": None}
PATH = "/api/v1/organizations/current/branding"
colours = st.tuples(*[st.integers(0, 255)] * 3).map(lambda rgb: "#{:02x}{:02x}{:02x}".format(*rgb))


def png(width: int = 20, height: int = 20, *, extra: bytes = b"", pixels: bytes | None = None) -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    rows = pixels if pixels is not None else (b"\0" + b"\x80" * 3 * width) * height
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    text = chunk(b"tEXt", b"Author\0somebody")
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + text + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
    ) + extra


def jpeg(width: int = 20, height: int = 20) -> bytes:
    frame = b"\xff\xc0" + struct.pack(">HBHHB", 11, 8, height, width, 1) + b"\x01\x11\x00"
    exif = b"\xff\xe1" + struct.pack(">H", 12) + b"Exif\0\0GPS!"
    scan = b"\xff\xda" + struct.pack(">H", 8) + b"\x01\x01\x00\x00\x3f\x00" + b"\x12\xff\x00\x34\xff\xd0\x56"
    return b"\xff\xd8" + exif + frame + scan + b"\xff\xd9" + b"<script>"


def webp(width: int = 20, height: int = 20) -> bytes:
    bits = struct.pack("<I", (width - 1) | (height - 1) << 14)
    body = b"VP8L" + struct.pack("<I", 6) + b"\x2f" + bits + b"\0" + b"EXIF" + struct.pack("<I", 4) + b"GPS!"
    return b"RIFF" + struct.pack("<I", len(body) + 4) + b"WEBP" + body


@pytest.fixture
def files(app: FastAPI, settings: Settings, tmp_path: Path) -> Settings:
    made = settings.model_copy(update={"data_dir": tmp_path})
    app.state.settings = made
    return made


@pytest.fixture
def records() -> Iterator[dict[str, list[str]]]:
    """TXT records that the product's resolver sees."""
    found: dict[str, list[str]] = {}

    async def resolve(name: str) -> Sequence[str]:
        return found.get(name, [])

    domains.use_resolver(resolve)
    yield found
    domains.use_resolver(None)


@given(colours, colours)
def test_a_contrast_is_the_same_both_ways_and_between_1_and_21(one: str, other: str) -> None:
    ratio = contrast_ratio(one, other)
    assert ratio == contrast_ratio(other, one)
    assert 1 <= ratio <= 21
    assert (ratio == 1) is (relative_luminance(one) == relative_luminance(other))


@given(colours)
def test_an_accent_passes_exactly_when_every_surface_of_both_themes_shows_it(accent: str) -> None:
    shown = all(contrast_ratio(accent, surface) >= LEAST_CONTRAST for both in SURFACES.values() for surface in both)
    assert contrast_of(accent).is_enough is shown
    assert contrast_ratio(accent, text_on(accent)) >= 4.5


def test_contrast_agrees_with_the_standards_own_examples() -> None:
    assert round(contrast_ratio("#000000", "#ffffff"), 2) == 21
    assert round(contrast_ratio("#777777", "#ffffff"), 2) == 4.48
    assert round(contrast_ratio("#767676", "#ffffff"), 2) == 4.54


def test_the_surfaces_are_those_of_the_web() -> None:
    css = Path(__file__).parents[4].joinpath("web/src/app/index.css").read_text()
    for surfaces in SURFACES.values():
        assert all(surface in css for surface in surfaces)


@pytest.mark.parametrize(("accent", "theme"), [("#ffff00", "light"), ("#000080", "dark"), ("#ffffff", "light")])
async def test_an_accent_that_cannot_be_seen_is_refused_with_its_ratio(
    client: httpx.AsyncClient, make_person: MakePerson, sign_in: SignIn, accent: str, theme: str
) -> None:
    headers = bearer((await sign_in(await make_person("admin")))["access_token"])
    answer = await client.put(PATH, headers=headers, json=BRANDING | {"accent": accent})
    assert answer.status_code == 422
    problem = answer.json()
    assert problem["errors"][0]["pointer"] == "#/accent"
    assert f"in the {theme} theme" in problem["errors"][0]["detail"]
    assert problem["contrast"][theme] < 3


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("accent", "red"), ("accent", "#fff"), ("accent", "#12345g"), ("display_name", ""), ("display_name", "a\nb"),
        ("display_name", "x" * 81), ("mail_sender_name", "a\r\nBcc: b"), ("custom_domain", "localhost"),
        ("custom_domain", "a..b"), ("custom_domain", "https://a.example"), ("custom_domain", "a.example:1"), ("x", 1),
    ],
)  # fmt: skip
async def test_a_look_that_cannot_be_is_refused_with_a_pointer(
    client: httpx.AsyncClient, make_person: MakePerson, sign_in: SignIn, field: str, value: object
) -> None:
    headers = bearer((await sign_in(await make_person("admin")))["access_token"])
    answer = await client.put(PATH, headers=headers, json=BRANDING | {field: value})
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == f"#/{field}"


@pytest.mark.parametrize(("make", "kind"), [(png, "image/png"), (jpeg, "image/jpeg"), (webp, "image/webp")])
def test_a_picture_is_written_anew_without_what_does_not_draw_it(make: object, kind: str) -> None:
    image = clean_image(make())  # type: ignore[operator]
    assert (image.kind, image.width, image.height) == (kind, 20, 20)
    for planted in (b"somebody", b"GPS!", b"Exif", b"EXIF", b"<script>"):
        assert planted not in image.content
    assert clean_image(image.content) == image


BAD_PICTURES = {
    "svg": (b"<svg xmlns='http://www.w3.org/2000/svg'/>", 415),
    "html": (b"<!doctype html>", 415),
    "gif": (b"GIF89a" + b"\0" * 40, 415),
    "empty": (b"", 415),
    "wide": (png(MOST_PIXELS + 1, 16), 422),
    "small": (png(15, 20), 422),
    "cut": (png()[:-8], 422),
    "bomb": (png(1_000, 1_000, pixels=b"\0" * 9_000_000), 422),
    "short-pixels": (png(pixels=b"\0" * 3), 422),
    "flipped": (png()[:40] + b"\x01" + png()[41:], 422),
    "jpeg-cut": (jpeg()[:30], 422),
    "jpeg-no-scan": (b"\xff\xd8\xff\xd9", 422),
    "webp-cut": (webp()[:20], 422),
    "webp-declared-long": (webp()[:4] + b"\xff\xff\xff\x7f" + webp()[8:], 422),
}


@pytest.mark.parametrize("name", BAD_PICTURES)
def test_what_is_no_small_sound_picture_is_refused(name: str) -> None:
    content, status = BAD_PICTURES[name]
    with pytest.raises(AppError) as refused:
        clean_image(content)
    assert refused.value.status == status


async def test_a_logo_is_served_to_anybody_under_an_address_that_changes_with_it(
    client: httpx.AsyncClient, make_person: MakePerson, sign_in: SignIn, files: Settings
) -> None:
    person = await make_person("admin")
    headers = bearer((await sign_in(person))["access_token"])
    path = "/api/v1/organizations/current/logo"
    urls = []
    for content in (png(extra=b"<script>"), png(30, 30)):
        answer = await client.post(path, headers=headers, files={"file": ("logo.svg", content, "image/svg+xml")})
        assert answer.status_code == 200, answer.text
        urls.append(answer.json()["logo_url"])
        shown = await client.get(urls[-1])
        assert (shown.status_code, shown.headers["content-type"]) == (200, "image/png")
        assert shown.headers["x-content-type-options"] == "nosniff"
        assert b"script" not in shown.content
    assert (await client.get(urls[0])).status_code == 404
    assert len(await get_storage(files).list_prefix(f"org/{person.organization_id}/branding/")) == 1
    for content, status in ((b"<svg/>", 415), (b"\x89PNG\r\n\x1a\n" + b"\0" * 300_000, 413)):
        refused = await client.post(path, headers=headers, files={"file": ("a.png", content, "image/png")})
        assert refused.status_code == status
    assert (await client.delete(path, headers=headers)).status_code == 204
    assert (await client.get(urls[1])).status_code == 404
    assert await get_storage(files).list_prefix(f"org/{person.organization_id}/branding/") == []


async def test_strangers_see_the_look_under_a_proven_domain_only(
    client: httpx.AsyncClient,
    make_person: MakePerson,
    sign_in: SignIn,
    records: dict[str, list[str]],
    other_organization: UUID,
) -> None:
    domain = f"ops-{other_organization.hex[-12:]}.example.com"
    headers = bearer((await sign_in(await make_person("admin")))["access_token"])
    product = {"name": "CloudOps Pro", "logo_url": None, "accent": None, "text_on_accent": None}

    async def public(host: str = domain) -> dict[str, object]:
        answer = await client.get("/api/v1/branding", headers={"Host": host})
        assert answer.status_code == 200
        found: dict[str, object] = answer.json()
        return found

    saved = await client.put(PATH, headers=headers, json=BRANDING | {"custom_domain": domain.upper()})
    assert saved.json()["domain"]["verified_at"] is None
    assert await public() == product
    refused = await client.post(f"{PATH}/verify", headers=headers)
    assert (refused.status_code, refused.json()["type"].rsplit("/", 1)[-1]) == (409, "branding-domain-not-proven")
    name, _, value = saved.json()["domain"]["record"].partition(" TXT ")
    records[name] = [value.strip('"')]
    assert (await client.post(f"{PATH}/verify", headers=headers)).json()["domain"]["verified_at"]
    assert (await public())["name"] == "Acme"
    assert (await public(f"{domain.upper()}:8443"))["accent"] == "#1f7fd0"
    for host in ("other.example.com", "localhost", "[::1]:80", "a b", "x" * 300):
        assert await public(host) == product
    stranger = await make_person("admin", organization_id=other_organization)
    theirs = bearer((await sign_in(stranger))["access_token"])
    await client.put(PATH, headers=theirs, json=BRANDING | {"custom_domain": domain, "display_name": "Rival"})
    assert (await client.post(f"{PATH}/verify", headers=theirs)).status_code == 409
    assert (await public())["name"] == "Acme"
    await client.put(PATH, headers=headers, json=BRANDING)
    assert await public() == product


async def test_mails_come_in_the_organizations_name(
    client: httpx.AsyncClient, make_person: MakePerson, sign_in: SignIn, settings: Settings
) -> None:
    person = await make_person("admin")
    headers = bearer((await sign_in(person))["access_token"])
    await client.put(PATH, headers=headers, json=BRANDING)
    async with tenant_session(person.organization_id) as session:
        name = await service.get_mail_sender_name(session, person.organization_id)
    built: EmailMessage = mail._build(
        settings, to="a@example.com", subject="x", body="y", message_key="1", sender_name=name
    )
    assert str(built["From"]) == "Acme Cloud <cloudops@localhost>"


async def test_a_viewer_sees_the_look_and_does_not_change_it(
    client: httpx.AsyncClient, make_person: MakePerson, sign_in: SignIn
) -> None:
    headers = bearer((await sign_in(await make_person("viewer")))["access_token"])
    assert (await client.get(PATH, headers=headers)).json()["custom_domain"] is None
    assert (await client.put(PATH, headers=headers, json=BRANDING)).status_code == 403
