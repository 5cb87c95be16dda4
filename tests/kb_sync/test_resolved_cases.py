"""Drafts of resolved cases become knowledge once somebody has reviewed them, and never before."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from pydantic import ValidationError

from core.errors import DocumentRejected
from core.ports.knowledge import Source
from kb_sync import SourceContext
from kb_sync.pipeline import sync
from kb_sync.sources.resolved_cases import plugin
from tests.contracts.source_contract import Place, SourceContract, documents, loaded, only
from tests.kb_sync.world import NOW, job


class CasesPlace:
    """A folder of reviewed drafts."""

    def __init__(self, root: Path, **settings: object) -> None:
        self.root = root
        self.settings = settings
        root.mkdir()

    def source(self, *, id: str = "help", tenant: str = "acme") -> Source:
        context = SourceContext(id=id, tenant=tenant, clock=lambda: NOW, folder=self.root.with_name("work"))
        return plugin.build(context, plugin.settings.model_construct(None, path=self.root, **self.settings))

    def put(self, name: str, *, title: str, text: str, **meta: str) -> None:
        given = {"title": title, "status": "draft", "reviewed": True, "cases": ["k1"], **meta}
        front = "".join(f"{key}: {json.dumps(value)}\n" for key, value in given.items())
        (self.root / f"{name}.md").write_bytes(f"---\n{front}---\n{text}".encode())

    def put_broken(self, name: str) -> None:
        (self.root / f"{name}.md").write_text("---\ntitle: [unclosed\n---\nText")

    def remove(self, name: str) -> None:
        (self.root / f"{name}.md").unlink()

    def vanish(self, name: str) -> None:
        self.remove(name)

    def lock(self) -> None:
        self.root.rename(self.root.with_suffix(".away"))

    def unlock(self) -> None:
        self.root.with_suffix(".away").rename(self.root)


class TestResolvedCases(SourceContract):
    @pytest.fixture
    def place(self, tmp_path: Path) -> Place:
        return CasesPlace(tmp_path / "kb")


@pytest.mark.parametrize("said", ["false", "", "yes", "truely", "1", "~"])
def test_what_nobody_reviewed_waits_and_is_no_error(tmp_path: Path, said: str) -> None:
    place = CasesPlace(tmp_path / "kb")
    place.put("parasol", title="Parasols", text="Any colour.", reviewed=said)
    found, (problem,) = loaded(place.source())
    assert found == [] and problem.external_id == "parasol.md"
    assert not problem.is_skipped and "waits for review" in problem.problem


@pytest.mark.parametrize("said", ["true", "True", " TRUE "])
def test_reviewed_is_true_however_it_is_cased(tmp_path: Path, said: str) -> None:
    place = CasesPlace(tmp_path / "kb")
    place.put("parasol", title="Parasols", text="Any colour.", reviewed=said)
    assert only(documents(place.source())).title == "Parasols"


def test_a_file_without_front_matter_waits(tmp_path: Path) -> None:
    place = CasesPlace(tmp_path / "kb")
    (place.root / "a.md").write_text("# Parasols\n\nreviewed: true\n")
    found, (problem,) = loaded(place.source())
    assert found == [] and "waits for review" in problem.problem


def test_what_is_rejected_is_passed_over_in_silence(tmp_path: Path) -> None:
    place = CasesPlace(tmp_path / "kb")
    place.put("parasol", title="Parasols", text="Any colour.", status="rejected")
    assert documents(place.source()) == []


def test_only_markdown_is_read(tmp_path: Path) -> None:
    place = CasesPlace(tmp_path / "kb")
    (place.root / "a.golden.jsonl").write_text('{"id": "a", "question": "x", "text": "y"}')
    (place.root / ".hidden.md").write_text("---\nreviewed: true\n---\nText")
    (place.root / "a.txt").write_text("Text")
    assert documents(place.source()) == []


def test_personal_data_is_struck_out_once_more_and_told(tmp_path: Path) -> None:
    place = CasesPlace(tmp_path / "kb")
    place.put("a", title="Write to maria@mail.example", text="Card 4111 1111 1111 1111, or maria@mail.example.")
    found, (problem,) = loaded(place.source())
    assert only(found).title == "Write to [email]" and only(found).body == "Card [card], or [email]."
    assert not problem.is_skipped and "3 personal detail(s)" in problem.problem and "maria" not in problem.problem


def test_what_is_our_own_may_stand(tmp_path: Path) -> None:
    place = CasesPlace(tmp_path / "kb", keep=("Support@shop.example",))
    place.put("a", title="Contact", text="Write to support@shop.example, not to maria@mail.example.")
    found, _ = loaded(place.source())
    assert only(found).body == "Write to support@shop.example, not to [email]."


def test_a_text_too_long_to_be_searched_for_personal_data_is_refused(tmp_path: Path) -> None:
    place = CasesPlace(tmp_path / "kb")
    place.put("a", title="Long", text="word " * 11_000)
    (item,) = place.source().listing().items
    with pytest.raises(DocumentRejected, match="50,000"):
        item.load()


def test_settings_of_the_source_stand_in_for_what_a_draft_leaves_out(tmp_path: Path) -> None:
    place = CasesPlace(tmp_path / "kb", audience="staff", category="cases", language="de")
    place.put("a", title="A", text="Text")
    place.put("b", title="B", text="Text", audience="public", language="fr")
    first, second = documents(place.source())
    assert (first.audience, first.category, first.language) == ("staff", "cases", "de")
    assert (second.audience, second.language) == ("public", "fr")


def test_unknown_settings_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValidationError):
        plugin.settings.model_validate({"path": tmp_path, "reviewed_only": False})


def test_an_article_is_live_after_its_review_and_gone_when_that_is_taken_back(tmp_path: Path) -> None:
    place = CasesPlace(tmp_path / "kb")
    made = job(tmp_path / "var", place.source(id="cases"))
    for number in range(9):
        place.put(f"n{number}", title=f"Title {number}", text="Text")
    place.put("a", title="A", text="Text", reviewed="false")
    report = sync(made)
    assert made.store.count("acme") == 9 and report.runs[0].skipped == 0 and report.runs[0].outcome == "ok"
    place.put("a", title="A", text="Text")
    sync(made)
    assert "A" in [each.title for each in made.store.documents("acme")]
    place.put("a", title="A", text="Text", reviewed="false")
    sync(made)
    assert made.store.count("acme") == 9 and "A" not in [each.title for each in made.store.documents("acme")]
