"""What a release has on disk, fetched from the store: whole or not at all, also when somebody removes it meanwhile."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.errors import KnowledgeUnavailable, StoreUnavailable
from kb_sync.sharing import fetch, forget, forget_others, keep
from tests.services.shelf import Shelf

CONTENTS = {"documents.jsonl": b"{}\n" * 700_000, "manifest.json": b"{}", "empty": b""}


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
