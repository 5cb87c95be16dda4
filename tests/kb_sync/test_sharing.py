"""What a release has on disk, fetched from the store: whole or not at all, also when somebody removes it meanwhile."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from core.errors import KnowledgeUnavailable, StoreUnavailable
from kb_sync.sharing import fetch, forget, forget_others, keep

CONTENTS = {"documents.jsonl": b"{}\n" * 700_000, "manifest.json": b"{}", "empty": b""}


@dataclass
class Shelf:
    """Shared files in memory; ``breaks`` is the name of one that cannot be read to its end, ``lost`` of one that is gone."""

    kept: dict[str, bytes] = field(default_factory=dict)
    breaks: str = ""
    lost: str = ""
    is_swept: bool = False

    def put(self, tenant: str, name: str, parts: Iterable[bytes]) -> None:
        self.kept[name] = b"".join(parts)

    def read(self, tenant: str, name: str) -> Iterator[bytes] | None:
        return None if name == self.lost else self._read(name)

    def _read(self, name: str) -> Iterator[bytes]:
        yield self.kept[name][:1]
        if name == self.breaks:
            raise StoreUnavailable("it went away")
        yield self.kept[name][1:]

    def names(self, tenant: str) -> tuple[str, ...]:
        return tuple(sorted(self.kept))

    def forget(self, tenant: str, name: str) -> None:
        self.kept.pop(name, None)

    def sweep(self, tenant: str) -> None:
        self.is_swept = True


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    made, folder = Shelf(), tmp_path / "one" / "g_1"
    folder.mkdir(parents=True)
    for name, body in CONTENTS.items():
        (folder / name).write_bytes(body)
    keep(made, "acme", folder)
    return made


def test_what_is_kept_is_fetched_as_it_was(shelf: Shelf, tmp_path: Path) -> None:
    fetch(shelf, "acme", tmp_path / "two" / "g_1")
    assert {path.name: path.read_bytes() for path in (tmp_path / "two" / "g_1").iterdir()} == CONTENTS
    fetch(shelf, "acme", tmp_path / "two" / "g_2")
    assert [path.name for path in (tmp_path / "two").iterdir()] == ["g_1"]


@pytest.mark.parametrize("trouble", ["breaks", "lost"])
def test_half_a_release_is_never_there(shelf: Shelf, tmp_path: Path, trouble: str) -> None:
    setattr(shelf, trouble, "g_1/empty" if trouble == "lost" else "g_1/manifest.json")
    with pytest.raises((StoreUnavailable, KnowledgeUnavailable)):
        fetch(shelf, "acme", tmp_path / "two" / "g_1")
    assert list((tmp_path / "two").iterdir()) == []


def test_files_of_others_are_left(shelf: Shelf) -> None:
    for name in ("g_10/documents.jsonl", "g_2/documents.jsonl", "refused.json"):
        shelf.put("acme", name, [b"{}"])
    forget(shelf, "acme", "g_1")
    assert shelf.names("acme") == ("g_10/documents.jsonl", "g_2/documents.jsonl", "refused.json")
    forget_others(shelf, "acme", {"g_2"})
    assert shelf.names("acme") == ("g_2/documents.jsonl", "refused.json") and shelf.is_swept
