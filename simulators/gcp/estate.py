"""An estate: what the simulated cloud holds. Copies of its projects are made when they are asked for, not before."""

import re
import threading
from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import orjson

from simulators.gcp.assets import Asset, Project

_LONG_NUMBER = rb"(?<![\d.])\d{18,21}(?![\d.])"


@dataclass(frozen=True, kw_only=True)
class Selection:
    """What a listing goes through, in a fixed order: (asset number, copy)."""

    shared: Sequence[int]
    cloned: Sequence[int]
    copies: Sequence[int]
    partial: int  # how many of `cloned` the last copy has
    added: Sequence[Asset]
    version: int = 0

    def __len__(self) -> int:
        whole = len(self.copies) * len(self.cloned)
        if self.copies and self.partial < len(self.cloned):
            whole -= len(self.cloned) - self.partial
        return len(self.shared) + whole + len(self.added)

    def at(self, position: int) -> tuple[int, int] | Asset:
        """What is at the position."""
        if position < len(self.shared):
            return self.shared[position], 0
        position -= len(self.shared)
        whole = len(self) - len(self.shared) - len(self.added)
        if position < whole:
            copy, index = divmod(position, len(self.cloned))
            return self.cloned[index], self.copies[copy]
        return self.added[position - whole]


class Estate:
    """Assets of one organization, as if its projects were there `copies` times; safe to use from many threads.

    `total` cuts the last copy short. Assets of no project (organization, folders) are there once.
    """

    def __init__(
        self, organization: str, assets: Sequence[Asset], projects: Sequence[Project], *, total: int | None = None
    ) -> None:
        self.organization = organization
        self._lock = threading.RLock()
        self._assets = list(assets)
        self._projects = list(projects)
        self._shared = [number for number, asset in enumerate(assets) if not asset.project]
        self._cloned = [number for number, asset in enumerate(assets) if asset.project]
        wanted = len(assets) if total is None else total
        rest = max(0, wanted - len(self._shared))
        self.copies, over = divmod(rest, max(1, len(self._cloned)))
        self._partial = len(self._cloned)
        if over:
            self.copies, self._partial = self.copies + 1, over
        words = [word.encode() for project in projects for word in (project.id, project.number)]
        alternatives = [re.escape(word) for word in sorted(words, key=len, reverse=True)]
        self._pattern = re.compile(b"|".join([*alternatives, _LONG_NUMBER]))
        self._texts: dict[tuple[int, str], bytes | None] = {}
        self._index: dict[str, tuple[int, int]] | None = None
        self._places: dict[str, tuple[Project, int]] | None = None
        self._changed: dict[str, Asset | None] = {}
        self._added: dict[str, Asset] = {}
        self._version = 0
        self._deleted: dict[str, str] = {}
        self.audit_entries: list[Mapping[str, Any]] = []

    # -- reading

    def select(self, parent: str, pattern: "re.Pattern[str] | None") -> Selection:
        """The assets under `organizations/N`, `folders/N` or `projects/ID-or-number` whose type the pattern matches.

        Raises KeyError for a parent that is not there.
        """

        def wanted(asset: Asset) -> bool:
            return pattern is None or pattern.fullmatch(asset.asset_type) is not None

        kind, _, name = parent.partition("/")
        copies: Sequence[int] = range(self.copies)
        shared, cloned = self._shared, self._cloned
        partial = self._partial
        with self._lock:
            added = [asset for asset in self._added.values() if wanted(asset)]
            version = self._version
        if kind == "projects":
            project, copy = self.project(name)
            copies, shared = [copy], []
            cloned = [number for number in cloned if self._assets[number].project == project.id]
            full = self.clone_project(project, copy)
            added = [asset for asset in added if asset.project == full.id]
            partial = self._partial if copy == self.copies - 1 else len(self._cloned)
        elif kind == "folders":
            shared = [number for number in shared if parent in self._assets[number].ancestors]
            cloned = [number for number in cloned if parent in self._assets[number].ancestors]
            added = [asset for asset in added if parent in asset.ancestors]
            if not shared and not cloned:
                raise KeyError(parent)
        elif parent != f"organizations/{self.organization}":
            raise KeyError(parent)
        limit = self._cloned[partial] if partial < len(self._cloned) else len(self._assets)
        cloned = [number for number in cloned if wanted(self._assets[number])]
        return Selection(
            shared=[number for number in shared if wanted(self._assets[number])],
            cloned=cloned,
            copies=copies,
            partial=bisect_left(cloned, limit),
            added=added,
            version=version,
        )

    def text_at(self, selection: Selection, position: int, content: str) -> bytes | None:
        """The asset at a position as JSON; None when it is gone or has no such content."""
        found = selection.at(position)
        if isinstance(found, Asset):
            return found.text(content)
        number, copy = found
        if self._changed:
            name = self._substitute(self._assets[number].name.encode(), copy).decode()
            with self._lock:
                if name in self._changed:
                    changed = self._changed[name]
                    return None if changed is None else changed.text(content)
        key = number, content
        if key not in self._texts:
            self._texts[key] = self._assets[number].text(content)
        text = self._texts[key]
        return None if text is None else self._substitute(text, copy)

    def __iter__(self) -> Iterator[Asset]:
        """Every asset, as it is now."""
        selection = self.select(f"organizations/{self.organization}", None)
        for position in range(len(selection)):
            found = selection.at(position)
            asset = found if isinstance(found, Asset) else self._current(*found)
            if asset is not None:
                yield asset

    def find(self, name: str) -> Asset | None:
        """The asset of this full name, if it is there."""
        with self._lock:
            if name in self._changed:
                return self._changed[name]
            if name in self._added:
                return self._added[name]
            if self._index is None:
                self._index = {}
                selection = self.select(f"organizations/{self.organization}", None)
                for position in range(len(selection)):
                    found = selection.at(position)
                    if not isinstance(found, Asset):
                        number, copy = found
                        self._index[self._substitute(self._assets[number].name.encode(), copy).decode()] = found
            place = self._index.get(name)
        return None if place is None else self._current(*place)

    def is_changed_since(self, selection: Selection) -> bool:
        """Whether anything was added, changed or taken away since."""
        return selection.version != self._version

    def was_there(self, name: str) -> str:
        """The type of an asset that was taken away; empty when there never was one."""
        with self._lock:
            return self._deleted.get(name, "")

    def project(self, id_or_number: str) -> tuple[Project, int]:
        """The project and which copy of it. Raises KeyError."""
        with self._lock:
            if self._places is None:
                self._places = {}
                for copy in range(self.copies):
                    for project in self._projects:
                        clone = self.clone_project(project, copy)
                        self._places[clone.id] = self._places[clone.number] = project, copy
            return self._places[id_or_number]

    def projects(self) -> Iterator[Project]:
        """Every project, copies included, that has not been deleted."""
        for copy in range(self.copies):
            for project in self._projects:
                clone = self.clone_project(project, copy)
                if self.find(f"//cloudresourcemanager.googleapis.com/projects/{clone.number}") is not None:
                    yield clone

    # -- changing

    def put(self, asset: Asset) -> None:
        """Add an asset, or change the one of this name."""
        with self._lock:
            known = self.find(asset.name) is not None or asset.name in self._changed
            self._version += 1
            self._deleted.pop(asset.name, None)
            if known and asset.name not in self._added:
                self._changed[asset.name] = asset
            else:
                self._added[asset.name] = asset

    def change(self, name: str, **data: Any) -> Asset:
        """Set fields of an asset's data. Raises KeyError when it is not there."""
        asset = self.find(name)
        if asset is None or asset.resource is None:
            raise KeyError(name)
        changed = replace(asset, resource={**asset.resource, "data": {**asset.resource["data"], **data}})
        self.put(changed)
        return changed

    def delete(self, name: str) -> Asset:
        """Take an asset away. Raises KeyError when it is not there."""
        with self._lock:
            asset = self.find(name)
            if asset is None:
                raise KeyError(name)
            self._version += 1
            self._deleted[name] = asset.asset_type
            if self._added.pop(name, None) is None:
                self._changed[name] = None
            return asset

    # -- copies

    def clone_project(self, project: Project, copy: int) -> Project:
        """The project as it is in a copy."""
        if not copy:
            return project

        def moved(text: str) -> str:
            return self._substitute(text.encode(), copy).decode()

        return replace(
            project,
            id=moved(project.id),
            number=moved(project.number),
            ancestors=tuple(moved(ancestor) for ancestor in project.ancestors),
        )

    def _current(self, number: int, copy: int) -> Asset | None:
        asset = self._assets[number]
        name = self._substitute(asset.name.encode(), copy).decode()
        with self._lock:
            if name in self._changed:
                return self._changed[name]
        if not copy:
            return asset
        text = self._substitute(
            orjson.dumps([asset.name, asset.project, asset.ancestors, asset.resource, asset.policy]), copy
        )
        name, project, ancestors, resource, policy = orjson.loads(text)
        return replace(asset, name=name, project=project, ancestors=tuple(ancestors), resource=resource, policy=policy)

    def _substitute(self, text: bytes, copy: int) -> bytes:
        """Projects get the copy's ids and numbers, and long numbers are moved on, so that none comes twice."""
        if not copy:
            return text

        def moved(match: "re.Match[bytes]") -> bytes:
            word = match[0]
            if word.isdigit():
                return b"%d" % (int(word) + copy)
            return b"%s-c%05d" % (word, copy)

        return self._pattern.sub(moved, text)
