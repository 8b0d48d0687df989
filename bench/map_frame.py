"""The map's first frame: from the question to 10,000 dots on the screen, beside a bare page of the same renderer.

Both pages are open and wait; then each asks the same server for the same answer, loads the renderer, builds the graph
and draws it, in turns, every time in a fresh profile of the same browser. A frame counts once the dots were drawn and
the browser has shown it. Needs the built web app (`make setup`) and Chromium.
"""

import json
import random
import shutil
import statistics
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from uuid import UUID

from bench.common import report

ROOT = Path(__file__).resolve().parents[1]
DIST, MODULES = ROOT / "web" / "dist", ROOT / "web" / "node_modules"
FILES = {
    "/bare.html": Path(__file__).with_suffix(".html"),
    "/sigma.js": MODULES / "sigma" / "dist" / "sigma.min.js",
    "/graphology.js": MODULES / "graphology" / "dist" / "graphology.umd.min.js",
}
KINDS = {".html": "text/html", ".js": "text/javascript", ".css": "text/css", ".woff2": "font/woff2"}
NODES, ROUNDS = 10_000, 9
GOAL = 1.2
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
# Headless machines draw WebGL in software; both pages alike.
ARGUMENTS = ["--no-sandbox", "--use-angle=swiftshader", "--enable-unsafe-swiftshader", "--ignore-gpu-blocklist"]
TYPES = ("network.subnet", "compute.instance", "compute.disk", "storage.bucket", "network.security_group", "iam.role")
PERMISSIONS = ("inventory:read", "topology:read", "accounts:read", "alerts:read", "compliance:read", "costs:read")
WATCH = """
localStorage.setItem('cloudops-signed-in', '1')
window.__frame = null
for (const context of [WebGLRenderingContext, WebGL2RenderingContext]) {
  for (const [name, at] of [['drawArrays', 2], ['drawArraysInstanced', 3]]) {
    const draw = context.prototype[name]
    if (!draw) continue
    context.prototype[name] = function (...given) {
      if (given[at] >= %d && window.__frame === null) {
        window.__frame = 0
        requestAnimationFrame(() => setTimeout(() => { window.__frame = performance.now() }))
      }
      return draw.apply(this, given)
    }
  }
}
"""
ASK_OURS = """
() => {
  window.__asked = performance.now()
  history.pushState({}, '', '/topology?root=%s&depth=4')
  dispatchEvent(new PopStateEvent('popstate', { state: {} }))
}
"""
ASK_BARE = "() => { window.__asked = performance.now(); void window.ask() }"


def make_answer(nodes: int) -> dict[str, Any]:
    """An answer of the topology's route: what one resource hangs together with, half again as many edges as nodes."""
    chance = random.Random(7)
    ids = [str(UUID(int=(number + 1) << 64)) for number in range(nodes)]
    edges = [(ids[chance.randrange(max(1, number // 8) if number else 1)], ids[number]) for number in range(1, nodes)]
    edges += [(chance.choice(ids), chance.choice(ids)) for _ in range(nodes // 2)]
    drawn = {(source, target) for source, target in edges if source != target}
    return {
        "nodes": [_node(identity, number) for number, identity in enumerate(ids)],
        "edges": [{"source": a, "target": b, "kind": "attached-to", "count": 1} for a, b in sorted(drawn)],
        "truncated": False,
        "total_nodes": nodes,
    }


def _node(identity: str, number: int) -> dict[str, Any]:
    return {
        "id": identity,
        "kind": "resource",
        "resource_id": identity,
        "native_id": f"arn:aws:ec2:eu-central-1:123456789012:resource/{number}",
        "label": f"resource-{number}",
        "type": TYPES[number % len(TYPES)],
        "provider": "aws",
        "account_id": str(UUID(int=1)),
        "region": "eu-central-1",
        "group": None,
        "count": 1,
        "cost": [{"amount": f"{number % 90}.50", "currency": "USD"}] if number % 3 == 0 else [],
        "findings": {"high": 1} if number % 10 == 0 else {},
        "stale": False,
        "exposed": None,
        "distance": 1 + number % 4 if number else 0,
    }


@contextmanager
def serve(answer: dict[str, Any]) -> Iterator[str]:
    """The built app, the bare page and a backend that knows one answer, on this machine."""
    me = {
        "id": str(UUID(int=2)),
        "email": "owner@example.com",
        "name": "Owner",
        "role": "owner",
        "permissions": PERMISSIONS,
        "organization": {"id": str(UUID(int=3)), "name": "Bench"},
        "email_verified": True,
        "mfa": {"enrolled": False, "required": False, "grace_ends_at": None},
        "password_expires_at": None,
    }
    known = {
        "/api/v1/topology": json.dumps(answer).encode(),
        "/api/v1/auth/me": json.dumps(me).encode(),
        "/api/v1/auth/refresh": json.dumps({"access_token": "bench", "expires_in": 3600}).encode(),
    }

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            path = self.path.partition("?")[0]
            if path.startswith("/api/"):
                self._answer(known.get(path, b'{"items": [], "next_cursor": null, "total": 0}'), "application/json")
                return
            file = FILES.get(path) or DIST / path.lstrip("/")
            if not file.is_file():
                file = DIST / "index.html"
            self._answer(file.read_bytes(), KINDS.get(file.suffix, "application/octet-stream"))

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers.get("content-length", 0)))
            self.do_GET()

        def _answer(self, body: bytes, kind: str) -> None:
            self.send_response(200)
            self.send_header("content-type", kind)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_request(self, code: object = "-", size: object = "-") -> None:
            """Nothing: the figures are all that is printed."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.handle_error = lambda *_: None  # type: ignore[method-assign]  # a page that was closed in the middle
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()


def first_frame(browser: Any, url: str, nodes: int, ask: str, is_ready: Callable[[Any], Any]) -> float:
    """Milliseconds from the question to the frame that shows all dots, in a profile of its own."""
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    context.add_init_script(WATCH % nodes)
    page = context.new_page()
    page.goto(url)
    is_ready(page)
    page.wait_for_timeout(300)
    page.evaluate(ask)
    page.wait_for_function("window.__frame > 0", timeout=60_000)
    took = page.evaluate("window.__frame - window.__asked")
    context.close()
    return float(took)


def main() -> int:
    """`python -m bench.map_frame [nodes [rounds]]`; 0 when the goal was met."""
    from playwright.sync_api import sync_playwright

    nodes, rounds = (*map(int, sys.argv[1:3]), *(NODES, ROUNDS)[len(sys.argv) - 1 :])
    if not (DIST / "index.html").is_file():
        sys.stderr.write("The web app is not built: make setup\n")
        return 2
    answer = make_answer(nodes)
    root = answer["nodes"][0]["resource_id"]
    found = next((path for name in BROWSERS if (path := shutil.which(name))), None)
    ours: list[float] = []
    floor: list[float] = []
    with serve(answer) as url, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=ARGUMENTS)
        for number in range(rounds + 1):
            bare = first_frame(
                browser, f"{url}/bare.html", nodes, ASK_BARE, lambda page: page.wait_for_function("!!window.ask")
            )
            mine = first_frame(
                browser,
                f"{url}/topology",
                nodes,
                ASK_OURS % root,
                lambda page: page.get_by_role("heading", level=1).wait_for(),
            )
            if number > 0:  # the first warms the browser
                floor.append(bare)
                ours.append(mine)
        version = browser.version
        browser.close()
    ratio = statistics.median(ours) / statistics.median(floor)
    report(
        "map_frame",
        nodes=nodes,
        edges=len(answer["edges"]),
        answer_kilobytes=round(len(json.dumps(answer)) / 1000),
        ours_milliseconds=round(statistics.median(ours)),
        floor_milliseconds=round(statistics.median(floor)),
        ours_worst_milliseconds=round(max(ours)),
        floor_worst_milliseconds=round(max(floor)),
        ratio=ratio,
        chromium=version,
        goal=GOAL,
        goals_met=ratio <= GOAL,
    )
    return int(ratio > GOAL)


if __name__ == "__main__":
    raise SystemExit(main())
