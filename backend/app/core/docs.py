"""Interactive documentation of the interface at `/docs`, from bundled files: nothing is loaded from other hosts."""

from importlib.util import find_spec
from pathlib import Path

from fastapi import FastAPI
from fastapi.responses import HTMLResponse, Response
from fastapi.staticfiles import StaticFiles

_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>CloudOps Pro: interface</title>
<link rel="stylesheet" href="/docs/files/swagger-ui.css">
</head>
<body>
<div id="swagger-ui"></div>
<script src="/docs/files/swagger-ui-bundle.js"></script>
<script src="/docs/start.js"></script>
</body>
</html>
"""
_START = """SwaggerUIBundle({
  url: "/openapi.json", dom_id: "#swagger-ui", deepLinking: true, validatorUrl: null, persistAuthorization: false,
  presets: [SwaggerUIBundle.presets.apis, SwaggerUIBundle.SwaggerUIStandalonePreset], layout: "BaseLayout",
});
"""


def mount_docs(app: FastAPI) -> None:
    """Serve the page. Swagger UI's files come from `fastapi-offline`, located without importing it."""
    spec = find_spec("fastapi_offline")
    if spec is None or spec.origin is None:
        return

    async def read_docs() -> HTMLResponse:
        return HTMLResponse(_PAGE)

    async def read_docs_start() -> Response:
        return Response(_START, media_type="text/javascript")

    app.mount("/docs/files", StaticFiles(directory=Path(spec.origin).parent / "static"), name="docs_files")
    app.add_api_route("/docs", read_docs, methods=["GET"], include_in_schema=False, name="read_docs")
    app.add_api_route(
        "/docs/start.js", read_docs_start, methods=["GET"], include_in_schema=False, name="read_docs_start"
    )
