"""Add to web/package-lock.json the optional packages of other platforms that npm left out.

npm drops an optional package it could not fetch when the lock was written, and `npm ci` then refuses the lock. An
entry needs a name, a version and the platform it is for; npm skips it wherever the platform differs. Run after
`npm install` has changed the lock.
"""

import json
import sys
from pathlib import Path

SYSTEMS = ("android", "darwin", "freebsd", "linux", "netbsd", "openbsd", "openharmony", "sunos", "aix", "win32")
PROCESSORS = ("arm64", "arm", "ia32", "loong64", "mips64el", "ppc64", "riscv64", "s390x", "x64", "wasm32")


def platform_of(name: str) -> dict[str, list[str]]:
    """The `os`, `cpu` and `libc` fields that a package named after its platform declares."""
    words = name.rsplit("/", 1)[-1].split("-")
    systems = [system for system in SYSTEMS if system in words]
    processors = [processor for processor in PROCESSORS if processor in words]
    libc = ["musl"] if any(word.startswith("musl") for word in words) else []
    return {key: value for key, value in (("os", systems), ("cpu", processors), ("libc", libc)) if value}


def complete(lock: dict[str, dict[str, dict[str, object]]]) -> list[str]:
    """Add what is missing; returns the names added."""
    packages = lock["packages"]
    added = []
    for place, package in sorted(packages.items()):
        wanted = package.get("optionalDependencies")
        for name, version in wanted.items() if isinstance(wanted, dict) else ():
            if f"node_modules/{name}" in packages or f"{place}/node_modules/{name}" in packages:
                continue
            packages[f"node_modules/{name}"] = {"version": version, "optional": True, **platform_of(name)}
            if package.get("dev"):
                packages[f"node_modules/{name}"]["dev"] = True
            added.append(name)
    lock["packages"] = dict(sorted(packages.items()))
    return added


if __name__ == "__main__":
    path = Path(__file__).parent.parent / "web" / "package-lock.json"
    content = json.loads(path.read_text())
    names = complete(content)
    path.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n")
    sys.stdout.write(f"{len(names)} added: {', '.join(names)}\n")
