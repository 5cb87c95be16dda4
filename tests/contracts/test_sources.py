"""Every source keeps the SourceContract, and the contract notices sources that do not."""

from __future__ import annotations

import itertools
import json
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from core.errors import SourceUnavailable
from core.ports.knowledge import Loaded, Source, SourceDocument
from kb_sync import SourceContext
from kb_sync.sources.folder import plugin
from tests.contracts.source_contract import Place, SourceContract
from tests.kb_sync.world import NOW, MemoryItem, MemoryPlace, MemorySource

STARTS = itertools.count()


class FolderPlace:
    """A folder of files; subclasses say how a document is written."""

    def __init__(self, root: Path) -> None:
        self.root = root
        root.mkdir()

    def source(self, *, id: str = "help", tenant: str = "acme") -> Source:
        context = SourceContext(id=id, tenant=tenant, clock=lambda: NOW, folder=self.root / "work")
        return plugin.build(context, plugin.settings.model_construct(path=self.root))

    def lock(self) -> None:
        self.root.rename(self.root.with_suffix(".away"))

    def unlock(self) -> None:
        self.root.with_suffix(".away").rename(self.root)


class MarkdownPlace(FolderPlace):
    """A Markdown file a document."""

    def put(self, name: str, *, title: str, text: str, **meta: str) -> None:
        front = "".join(f"{key}: {json.dumps(value)}\n" for key, value in {"title": title, **meta}.items())
        (self.root / f"{name}.md").write_bytes(f"---\n{front}---\n{text}".encode())

    def put_broken(self, name: str) -> None:
        (self.root / f"{name}.md").write_text("---\ntitle: [unclosed\n---\nText")

    def remove(self, name: str) -> None:
        (self.root / f"{name}.md").unlink()

    def vanish(self, name: str) -> None:
        self.remove(name)


class LinesPlace(FolderPlace):
    """All documents in one file of JSON lines."""

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self.lines: dict[str, str] = {}

    def put(self, name: str, *, title: str, text: str, **meta: str) -> None:
        self._write({**self.lines, name: json.dumps({"id": name, "title": title, "text": text, **meta})})

    def put_broken(self, name: str) -> None:
        self._write({**self.lines, name: '{"id": 7, "text": '})

    def remove(self, name: str) -> None:
        self._write({key: line for key, line in self.lines.items() if key != name})

    def vanish(self, name: str) -> None:
        shutil.rmtree(self.root)

    def _write(self, lines: dict[str, str]) -> None:
        self.lines = lines
        (self.root / "bad-or-good.jsonl").write_text("\n".join(lines.values()))


class TestMarkdownFolder(SourceContract):
    @pytest.fixture
    def place(self, tmp_path: Path) -> Place:
        return MarkdownPlace(tmp_path / "kb")


class TestLinesFolder(SourceContract):
    @pytest.fixture
    def place(self, tmp_path: Path) -> Place:
        return LinesPlace(tmp_path / "kb")


class TestMemory(SourceContract):
    @pytest.fixture
    def place(self) -> Place:
        return MemoryPlace()


class BrokenPlace(MemoryPlace):
    """A place whose source has one defect."""

    def __init__(self, defect: str) -> None:
        super().__init__()
        self.defect = defect

    def source(self, *, id: str = "help", tenant: str = "acme") -> Source:
        return BrokenSource(self, id, tenant, self.defect)


class BrokenSource(MemorySource):
    """Does one thing wrong."""

    def __init__(self, place: MemoryPlace, id: str, tenant: str, defect: str) -> None:
        super().__init__(place, id, tenant)
        self.defect = defect
        self.loads = 0

    def items(self) -> Iterator[SourceDocument]:
        try:
            yield from list(super().items())
        except SourceUnavailable:
            if self.defect != "hides that it cannot be listed":
                raise

    def item(self, name: str) -> MemoryItem:
        self.loads += 1
        return BrokenItem(external_id=name, place=self.place, source=self)


class BrokenItem(MemoryItem):
    """Loads as its source's defect says."""

    def load(self, known: str = "") -> Loaded:
        assert isinstance(self.source, BrokenSource)
        defect = self.source.defect
        if defect == "raises what it likes" and self.place.entries.get(self.external_id) is None:
            raise ValueError("no such thing")
        if defect == "passes broken ones over" and self.place.entries.get(self.external_id) is None:
            return Loaded(documents=())
        loaded = super().load()
        document = loaded.documents[0]
        match defect:
            case "hash of the title only":
                document = replace(document, hash=document.title)
            case "another hash at each start":
                document = replace(document, hash=f"{document.hash}{next(STARTS)}")
            case "id without the source":
                document = replace(document, id=document.external_id)
            case "one id for all":
                document = replace(document, external_id="x")
            case "any address":
                document = replace(document, url=(self.place.entries[self.external_id] or {}).get("url"))
            case "invents a date":
                document = replace(document, updated_at=NOW)
            case "raw text":
                document = replace(document, body=(self.place.entries[self.external_id] or {})["text"])
            case "everything is public":
                document = replace(document, audience="public")
        return Loaded(documents=(document,), problems=() if defect == "any address" else loaded.problems)


@pytest.mark.parametrize(
    ("defect", "scenario"),
    [
        ("hides that it cannot be listed", "test_a_place_that_cannot_be_listed_is_unavailable"),
        ("raises what it likes", "test_a_broken_document_does_not_stop_the_others"),
        ("raises what it likes", "test_an_item_that_vanished_is_a_rejected_document"),
        ("passes broken ones over", "test_a_broken_document_is_reported_in_plain_words"),
        ("another hash at each start", "test_a_restart_changes_nothing"),
        ("id without the source", "test_the_same_words_in_another_source_are_another_document"),
        ("id without the source", "test_a_document_knows_where_it_is_from"),
        ("one id for all", "test_external_ids_are_unique_and_not_empty"),
        ("invents a date", "test_without_a_date_nothing_is_invented"),
        ("raw text", "test_invisible_characters_do_not_arrive"),
        ("raw text", "test_control_characters_do_not_arrive"),
        ("raw text", "test_lines_end_one_way"),
        ("raw text", "test_letters_are_composed"),
        ("everything is public", "test_an_audience_is_kept"),
    ],
)
def test_the_contract_notices(defect: str, scenario: str) -> None:
    with pytest.raises((AssertionError, ValueError, pytest.fail.Exception)):
        getattr(SourceContract(), scenario)(BrokenPlace(defect))


@pytest.mark.parametrize("field", ["text", "url", "audience"])
def test_the_contract_notices_a_hash_that_leaves_something_out(field: str) -> None:
    with pytest.raises(AssertionError):
        SourceContract().test_whatever_a_reader_sees_changes_the_hash(BrokenPlace("hash of the title only"), field)


def test_the_contract_notices_a_dangerous_address() -> None:
    with pytest.raises(AssertionError):
        SourceContract().test_an_address_a_browser_must_not_open_is_left_out(
            BrokenPlace("any address"), "javascript:alert(1)"
        )
