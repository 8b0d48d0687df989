"""The certified OpenID provider of `oidc-provider/` as a process, and a browser's part with its pages."""

import html
import re
import shutil
import subprocess
from pathlib import Path
from urllib.parse import urljoin, urlsplit

import httpx

FOLDER = Path(__file__).parent / "oidc-provider"
_FORM = re.compile(r'<form[^>]*action="([^"]+)"[^>]*>(.*?)</form>', re.S)
_FIELD = re.compile(r'<input[^>]*type="hidden"[^>]*name="([^"]+)"[^>]*value="([^"]*)"')


def is_installed() -> bool:
    """Whether node and the provider's packages are there."""
    return shutil.which("node") is not None and (FOLDER / "node_modules" / "oidc-provider").is_dir()


class OidcProvider:
    """`with OidcProvider() as provider:` runs it; `issuer` is its address."""

    def __enter__(self) -> "OidcProvider":
        self._process = subprocess.Popen(
            ["node", "server.mjs"], cwd=FOLDER, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )
        assert self._process.stdout is not None
        self.issuer = self._process.stdout.readline().strip()
        assert self.issuer.startswith("http://127.0.0.1:"), self.issuer
        return self

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        self._process.wait(10)

    async def register(self, redirect_uri: str, logout_uri: str) -> tuple[str, str]:
        """(client id, secret) of a new client."""
        async with httpx.AsyncClient() as client:
            answer = await client.post(
                f"{self.issuer}/reg",
                json={
                    "redirect_uris": [redirect_uri],
                    "backchannel_logout_uri": logout_uri,
                    "backchannel_logout_session_required": True,
                    "token_endpoint_auth_method": "client_secret_basic",
                },
            )
        assert answer.status_code == 201, answer.text
        return answer.json()["client_id"], answer.json()["client_secret"]

    async def sign_in(self, browser: httpx.AsyncClient, location: str, login: str) -> str:
        """Follow the provider's pages as a person would; returns the address that it sends the browser back to."""
        answer = await browser.get(location)
        for _ in range(12):
            if answer.is_redirect:
                target = urljoin(str(answer.url), answer.headers["location"])
                if not target.startswith(self.issuer):
                    return target
                answer = await browser.get(target)
                continue
            form = _FORM.search(answer.text)
            assert form is not None, answer.text[:2_000]
            fields = {name: html.unescape(value) for name, value in _FIELD.findall(form[0])}
            if 'name="login"' in form[0]:
                fields |= {"login": login, "password": "any"}
            answer = await browser.post(urljoin(str(answer.url), html.unescape(form[1])), data=fields)
        raise AssertionError(f"no end at {urlsplit(str(answer.url)).path}")

    async def sign_out(self, browser: httpx.AsyncClient) -> None:
        """End the session at the provider, which tells its clients."""
        page = await browser.get(f"{self.issuer}/session/end")
        form = _FORM.search(page.text)
        assert form is not None, page.text[:2_000]
        fields = {name: html.unescape(value) for name, value in _FIELD.findall(form[0])}
        answer = await browser.post(urljoin(str(page.url), html.unescape(form[1])), data=fields | {"logout": "yes"})
        assert answer.status_code in (302, 303), answer.text[:500]
