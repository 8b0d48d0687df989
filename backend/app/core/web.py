"""Serves the built web app: hashed assets for a year, the page itself never from a cache."""

from pathlib import Path

from fastapi import FastAPI, Request
from fastapi.responses import FileResponse, Response
from fastapi.staticfiles import StaticFiles
from starlette.types import Scope

from app.core.errors import NotFound

_NOT_PAGES = ("api/", "ws", "ingest/", "v1/metrics", "docs", "openapi.json", ".well-known/", "assets/")


def find_web_dir(configured: Path | None) -> Path | None:
    """The folder of the built web app: the configured one, else `web/dist` beside the backend."""
    folder = configured or Path(__file__).resolve().parents[3] / "web" / "dist"
    return folder if (folder / "index.html").is_file() else None


class _HashedFiles(StaticFiles):
    """Files whose names carry a hash of their content."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        response = await super().get_response(path, scope)
        response.headers["Cache-Control"] = "public, max-age=31536000, immutable"
        return response


def _file_below(root: Path, path: str) -> Path | None:
    """The file that an address names inside of `root`; None for every other address, however it is spelled."""
    try:
        candidate = (root / path).resolve()
        return candidate if path and candidate.is_relative_to(root) and candidate.is_file() else None
    except (OSError, ValueError):  # a name that no file can have: NUL, broken characters, too long
        return None


def mount_web(app: FastAPI, folder: Path) -> None:
    """Answer every address that is not the API's with the web app, so that its own routes can be reloaded."""
    root = folder.resolve()
    app.mount("/assets", _HashedFiles(directory=root / "assets", check_dir=False), name="assets")

    async def read_page(request: Request, path: str) -> Response:
        if path.startswith(_NOT_PAGES):
            raise NotFound
        candidate = _file_below(root, path)
        if candidate is not None:
            return FileResponse(candidate, headers={"Cache-Control": "public, max-age=3600"})
        return FileResponse(root / "index.html", headers={"Cache-Control": "no-cache"})

    app.add_api_route("/{path:path}", read_page, methods=["GET"], include_in_schema=False, name="read_page")
