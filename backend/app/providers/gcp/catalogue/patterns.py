"""Regular expressions for "all but these", which RE2 has no word for. Cloud Asset filters by them on its side."""

import re
from collections.abc import Iterable
from typing import Any

_Trie = dict[str, Any]
_END = ""


def services(labels: Iterable[str]) -> str:
    """Every type of these services."""
    return rf"({'|'.join(labels)})\.googleapis\.com/.*"


def complement(words: Iterable[str], *, among: str = ".") -> str:
    """Every text, not empty, of characters `among` (`.`, or a negated class such as `[^/]`) that is not a word."""
    return _others(_trie(words), among, first=True)


def hosts_outside(domains: Iterable[str]) -> str:
    """Every type of a host that ends in none of these domains; read from the end, so endings branch."""
    trie = _trie(domain[::-1] for domain in domains)
    return f"({'|'.join(_unlike_endings(trie, ''))})/.*"


def _trie(words: Iterable[str]) -> _Trie:
    root: _Trie = {}
    for word in words:
        node = root
        for character in word:
            node = node.setdefault(character, {})
        node[_END] = {}
    return root


def _others(node: _Trie, among: str, *, first: bool = False) -> str:
    """What may follow at a node so that the whole is no word."""
    children = sorted(key for key in node if key != _END)
    if not children:
        return f"{among}+"
    outside = among[2:-1] if among != "." else ""
    parts = [f"[^{outside}{''.join(re.escape(child) for child in children)}]{among}*"]
    parts += [re.escape(child) + _others(node[child], among) for child in children]
    whole = f"({'|'.join(parts)})"
    return whole if _END in node or first else f"{whole}?"


def _unlike_endings(node: _Trie, ending: str) -> list[str]:
    if _END in node:
        return []
    children = sorted(key for key in node if key != _END)
    found = [f"[^/]*[^/{''.join(re.escape(child) for child in children)}]{re.escape(ending)}"]
    for child in children:
        found += _unlike_endings(node[child], child + ending)
    return found
