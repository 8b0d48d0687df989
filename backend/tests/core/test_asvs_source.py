"""What the source must not contain: constructs that turn data into code, weak primitives, switched-off checks.

Python is read as a syntax tree, so that a comment or a text that names one of these is no match.
"""

import ast
import json
import re
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
APP = ROOT / "backend" / "app"
WEB = ROOT / "web" / "src"


def dotted(node: ast.AST) -> str:
    """`a.b.c` of a name or attribute, else empty."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        return f"{dotted(node.value)}.{node.attr}"
    return ""


def calls() -> Iterator[tuple[str, str, ast.Call]]:
    """(place, called name, call) of every call in the product."""
    for path in sorted(APP.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call):
                yield f"{path.relative_to(APP)}:{node.lineno}", dotted(node.func), node


def imports() -> Iterator[tuple[str, str]]:
    """(file, module) of every import in the product."""
    for path in sorted(APP.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                yield from ((str(path.relative_to(APP)), alias.name) for alias in node.names)
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                yield str(path.relative_to(APP)), node.module


def keyword(call: ast.Call, name: str) -> ast.expr | None:
    return next((one.value for one in call.keywords if one.arg == name), None)


def is_constant(node: ast.AST | None, value: object) -> bool:
    return isinstance(node, ast.Constant) and node.value is value


ALL_CALLS = list(calls())
ALL_IMPORTS = list(imports())


def test_the_source_was_read() -> None:
    assert len(ALL_CALLS) > 5_000
    assert len({place for place, _ in ALL_IMPORTS}) > 100


FORBIDDEN: dict[str, Callable[[str, ast.Call], bool]] = {
    "code from text": lambda name, _: name in ("eval", "exec", "compile", "__import__", "builtins.eval"),
    "a shell": lambda name, call: (
        name in ("os.system", "os.popen", "asyncio.create_subprocess_shell", "subprocess.getoutput")
        or is_constant(keyword(call, "shell"), True)
    ),
    "a certificate that is not checked": lambda name, call: (
        name.endswith(("_create_unverified_context", "create_stdlib_context"))
        or is_constant(keyword(call, "verify"), False)
        or is_constant(keyword(call, "check_hostname"), False)
        or is_constant(keyword(call, "validate_certs"), False)
        or dotted(keyword(call, "cert_reqs") or ast.Constant("")).endswith("CERT_NONE")
    ),
    "MD5, or SHA-1 for security": lambda name, call: (
        name == "hashlib.md5"
        or name.endswith(("hashes.MD5", "hashes.SHA1"))
        or (name == "hashlib.sha1" and not is_constant(keyword(call, "usedforsecurity"), False))
    ),
    "an old cipher or mode": lambda name, _: (
        name.rpartition(".")[2] in ("ECB", "CBC", "TripleDES", "ARC4", "Blowfish", "PKCS1v15", "CFB", "OFB")
    ),
    "debugging": lambda name, call: (
        is_constant(keyword(call, "debug"), True) or name in ("breakpoint", "pdb.set_trace")
    ),
    "a format text of somebody else": lambda name, call: (
        name.endswith("Template") and not name.endswith("string.Template") and "jinja" in name.lower()
    ),
}  # fmt: skip


@pytest.mark.parametrize("what", FORBIDDEN)
def test_the_product_never_calls(what: str) -> None:
    assert not [(place, name) for place, name, call in ALL_CALLS if FORBIDDEN[what](name, call)]


def test_switched_off_checks_are_not_assigned_either() -> None:
    found = []
    for path in APP.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Assign):
                names = {dotted(target).rpartition(".")[2] for target in node.targets}
                off = is_constant(node.value, False) or dotted(node.value).endswith("CERT_NONE")
                if off and names & {"check_hostname", "verify_mode", "verify"}:
                    found.append((path.name, node.lineno))
    assert not found


def test_chance_that_guards_something_comes_from_the_system() -> None:
    """`random` may spread load in time; the rest is from `secrets`, `os.urandom` or a library's source."""
    assert {place for place, name in ALL_IMPORTS if name == "random"} <= {
        "core/tasks/consuming.py",
        "core/tasks/running.py",
        "core/tasks/scheduling.py",
        "providers/azure/engine.py",
        "providers/gcp/api_keys.py",
        "providers/gcp/session.py",
    }


REFUSED_MODULES = {
    "objects from bytes": ("pickle", "marshal", "shelve", "dill", "jsonpickle", "yaml", "cloudpickle"),
    "XML without the limits of SAML": (
        "xml.etree",
        "xml.dom",
        "xml.sax.expatreader",
        "xml.parsers",
        "defusedxml",
        "xmltodict",
        "bs4",
        "html5lib",
    ),
    "directories and mail boxes": ("ldap", "ldap3", "imaplib", "poplib", "telnetlib", "ftplib"),
    "template languages": ("jinja2", "mako", "chameleon", "django", "markdown", "mistune", "bleach"),
    "caches with a text protocol": ("memcache", "pymemcache", "aiomcache", "pylibmc"),
    "graph queries": ("graphql", "strawberry", "graphene", "ariadne"),
    "media": ("aiortc", "webrtc", "av"),
    "python-jose, which confused algorithms": ("jose", "jwt", "authlib"),
}


READS_EVENTS_ONLY = ("domains/alerts/rules/promql_yaml.py", "yaml")


def test_yaml_is_read_as_events_and_never_as_objects() -> None:
    place, module = READS_EVENTS_ONLY
    used = set()
    for node in ast.walk(ast.parse((APP / place).read_text(encoding="utf-8"))):
        if isinstance(node, ast.Attribute) and dotted(node).startswith(f"{module}."):
            used.add(dotted(node))
    assert "yaml.parse" in used
    assert not {name for name in used if "load" in name.lower() and name != "yaml.SafeLoader"}


@pytest.mark.parametrize("what", REFUSED_MODULES)
def test_the_product_does_not_import(what: str) -> None:
    refused = REFUSED_MODULES[what]
    found = [
        (place, name)
        for place, name in ALL_IMPORTS
        if any(name == one or name.startswith(f"{one}.") for one in refused) and (place, name) != READS_EVENTS_ONLY
    ]
    assert not found
    declared = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["dependencies"]
    names = {re.split(r"[\[=<>!~ ]", item)[0].lower().replace("-", "_") for item in declared}
    assert not names & {one.replace(".", "_") for one in refused}


def test_xml_is_read_in_one_place() -> None:
    assert {place for place, name in ALL_IMPORTS if name.partition(".")[0] in ("lxml", "signxml")} <= {
        "domains/identity/service/sso/saml_xml.py"
    }


def test_statements_are_not_put_together_from_requests() -> None:
    """Text for `text(…)` is constant, or filled in with names of tables and columns that are ours: in these files."""
    ours = (
        "core/rotation.py", "core/bootstrap.py", "core/dump.py", "core/backup.py", "core/rls.py", "core/migrate.py",
        "core/bulk.py", "core/tasks/schema.py", "core/embedded/", "core/reads.py", "core/rolecheck.py",
        "domains/compliance/service/storing.py",
        "domains/identity/service/organizations/exporting.py", "domains/identity/service/organizations/removing.py",
    )  # fmt: skip
    wrong = [
        place
        for place, name, call in ALL_CALLS
        if name.rpartition(".")[2] == "text"
        and call.args
        and isinstance(call.args[0], ast.JoinedStr | ast.BinOp)
        and not place.startswith(ours)
        and not _is_made_of_constants(call.args[0])
    ]
    assert not wrong


def _is_made_of_constants(node: ast.expr) -> bool:
    """Whether only names in capitals, which are constants here, are filled in."""
    names = [part.id for part in ast.walk(node) if isinstance(part, ast.Name)]
    return all(re.fullmatch(r"_?[A-Z][A-Z0-9_]*", name) for name in names)


def web_sources() -> list[tuple[str, str]]:
    """(file, text) of what runs in browsers, tests left out."""
    return [
        (str(path.relative_to(WEB)), path.read_text(encoding="utf-8"))
        for path in sorted(WEB.rglob("*"))
        if path.suffix in (".ts", ".tsx") and ".test." not in path.name and "test" not in path.relative_to(WEB).parts
    ]


WEB_FORBIDDEN = {
    "markup from text": (
        r"dangerouslySetInnerHTML|\.innerHTML\b|\.outerHTML\b|insertAdjacentHTML|document\.write|srcDoc"
    ),
    "code from text": r"\beval\(|new Function\(|setTimeout\(\s*['\"]|setInterval\(\s*['\"]",
    "messages from other windows": r"postMessage\(|addEventListener\(\s*['\"]message['\"]|window\.onmessage",
    "cookies by script": r"document\.cookie",
    "addresses with code": r"['\"`]javascript:|['\"`]data:text/html",
    "prototypes": r"__proto__|Object\.setPrototypeOf|constructor\.prototype",
    "paste that is refused": r"onPaste=\{[^}]*preventDefault|autoComplete=\"off\"[^>]*type=\"password\"",
    "a database of the browser": r"indexedDB|caches\.open|sessionStorage\.setItem",
}


@pytest.mark.parametrize("what", WEB_FORBIDDEN)
def test_the_web_app_never_uses(what: str) -> None:
    sources = web_sources()
    assert len(sources) > 80
    assert not [(name, found[0]) for name, text in sources for found in re.finditer(WEB_FORBIDDEN[what], text)]


def test_browser_storage_holds_preferences_and_one_mark() -> None:
    kept = [
        (name, one[1]) for name, text in web_sources() for one in re.finditer(r"localStorage\.setItem\(([^,]+),", text)
    ]
    assert {key for _, key in kept} <= {"REMEMBERED"}
    persisted = {name for name, text in web_sources() if "zustand/middleware" in text}
    assert persisted <= {"services/preferences.ts"}


PASSWORD_FIELD = re.compile(r"<[A-Za-z]+\b(?:[^<>]|=>)*?autoComplete=\"(?:current|new)-password\"(?:[^<>]|=>)*?/?>")


def test_fields_of_passwords_mask_and_welcome_managers() -> None:
    fields = []
    for name, text in web_sources():
        fields += [(name, tag[0]) for tag in PASSWORD_FIELD.finditer(text)]
    assert fields
    assert not [(name, tag) for name, tag in fields if 'type="password"' not in tag and "type={" not in tag]


def test_pages_load_nothing_from_other_hosts() -> None:
    page = (ROOT / "web" / "index.html").read_text(encoding="utf-8")
    assert not re.findall(r"(?:src|href)=\"(?:https?:)?//", page)
    packages = json.loads((ROOT / "web" / "package.json").read_text(encoding="utf-8"))
    trackers = ("analytics", "segment", "sentry", "posthog", "mixpanel", "hotjar", "datadog", "fullstory", "amplitude")
    assert not [name for name in packages["dependencies"] if any(one in name for one in trackers)]
