"""The gate: what is refused and why, what stays live meanwhile, and going back to an earlier release."""

from __future__ import annotations

import json
from collections.abc import Iterable
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from core.errors import KnowledgeUnavailable, SyncRunning
from core.ports.knowledge import Chunk, Generation, KnowledgeIndex, SearchQuery
from core.providers.embedded import EmbeddedEngine
from kb_sync import contents, gate
from kb_sync.golden import Answered, GoldenQuestion, golden_questions
from kb_sync.job import Rules, SyncJob
from kb_sync.lease import FileLease
from kb_sync.pipeline import build, refresh, rollback, sync
from tests.kb_sync.feed import Feed
from tests.kb_sync.test_pipeline import found
from tests.kb_sync.world import folders, job

QUESTIONS = (
    {"id": "q1", "question": "vouchers expire", "relevant": ["gifts"], "answerable": True, "reference": "Never."},
    {"id": "q2", "question": "parcels arrive", "relevant": ["delivery"], "answerable": True, "kind": "answerable"},
    {"id": "q3", "question": "chainsaws sold", "relevant": [], "answerable": False},
)


def ask(index: KnowledgeIndex, question: GoldenQuestion) -> Answered:
    """Whatever is found is an answer."""
    best = index.search(SearchQuery(text=question.question)).passages
    return Answered(
        documents=tuple(dict.fromkeys(passage.chunk.external_id for passage in best)),
        is_answered=bool(best),
        quote=best[0].chunk.text if best else "",
    )


@pytest.fixture
def feed() -> Feed:
    made = Feed()
    made.put("gifts", text="Vouchers never expire.")
    made.put("delivery", text="Parcels arrive within two days.")
    made.put("about", text="Our shop is in Vienna.")
    return made


@pytest.fixture
def golden(tmp_path: Path) -> Path:
    path = tmp_path / "golden.jsonl"
    path.write_text("\n".join(json.dumps(question) for question in QUESTIONS) + "\n\n")
    return path


def gated(folder: Path, feed: Feed, **rules: object) -> SyncJob:
    return replace(job(folder, feed), rules=Rules(**rules), ask=ask)  # type: ignore[arg-type]


def live(made: SyncJob) -> Generation:
    known = made.store.live("acme")
    assert known is not None
    return known


def worsen(feed: Feed) -> None:
    feed.put("gifts", text="We sell things.")
    feed.put("chains", text="Chainsaws are sold here.")


def test_golden_questions_are_read(golden: Path) -> None:
    one, _, three = golden_questions(golden)
    assert (one.id, one.relevant, one.answerable) == ("q1", ("gifts",), True) and not three.answerable


@pytest.mark.parametrize("line", ["no json", '{"id": "q"}', '{"id": 1, "question": "x", "answerable": true}', "[]"])
def test_a_line_that_is_no_question_is_named_before_anything_is_built(
    tmp_path: Path, feed: Feed, golden: Path, line: str
) -> None:
    sync(job(tmp_path, feed))
    golden.write_text(golden.read_text() + line)
    feed.put("more")
    made = gated(tmp_path, feed, golden=golden)
    with pytest.raises(KnowledgeUnavailable, match=r"golden\.jsonl, line 5 is no golden question"):
        sync(made)
    assert len(folders(made)) == 1 and made.store.count("acme") == 4
    golden.unlink()
    with pytest.raises(KnowledgeUnavailable, match="cannot be read"):
        sync(made)


def test_a_good_release_passes_and_tells_what_changed(tmp_path: Path, feed: Feed, golden: Path) -> None:
    rules = {"golden": golden, "recall_at_least": 1.0, "wrong_answers_at_most": 0.0, "lost_at_most": 0.0}
    first = sync(gated(tmp_path, feed, **rules))
    assert first.generation and first.verdict and first.verdict.reasons == () and first.verdict.changed == ()
    feed.put("delivery", text="Parcels arrive within one day.")
    report = sync(gated(tmp_path, feed, **rules))
    assert report.generation and report.verdict and not report.is_refused
    (change,) = report.verdict.changed
    assert (change.id, change.became) == ("q2", "other") and change.before and change.before.quote.endswith("two days.")
    assert change.after.quote.endswith("one day.") and report.verdict.shares == gate.Shares(
        recall=1.0, wrong_answers=0.0, lost=0.0
    )


@pytest.mark.parametrize(
    ("rules", "said"),
    [
        ({"recall_at_least": 0.9}, "the right document is found for 50 % of the golden questions (at least 90 %)"),
        ({"wrong_answers_at_most": 0.5}, "100 % of the golden questions without an answer would be answered (at most 50 %)"),
        ({"lost_at_most": 0.333}, "50 % of the golden questions that are answered rightly today would not be any more"
         " (at most 33.3 %)"),
        ({"documents_at_least": 5}, "it has 4 documents, fewer than 5"),
    ],
)  # fmt: skip
def test_a_bad_release_is_refused(
    tmp_path: Path, feed: Feed, golden: Path, rules: dict[str, object], said: str
) -> None:
    first = sync(job(tmp_path, feed)).generation
    worsen(feed)
    made = gated(tmp_path, feed, golden=golden, **rules)
    report = sync(made)
    assert report.is_refused and report.generation is None and report.verdict and report.verdict.reasons == (said,)
    assert live(made).id == first and "gifts" in found(made, "vouchers expire") and found(made, "chainsaws") == []
    assert sorted(one.state for one in made.store.generations("acme")) == ["live", "refused"]
    kept = gate.refused(made)
    assert kept == report.verdict and set(folders(made)) == {first, kept.generation}
    assert [(change.id, change.became) for change in kept.changed] == [("q1", "worse"), ("q3", "worse")]
    difference = contents.difference(made.folder(first), made.folder(kept.generation))
    assert [held.external_id for held in (*difference.added, *difference.changed)] == ["chains", "gifts"]
    told = json.loads((made.root / gate.REFUSED).read_text())
    assert told["reasons"] == [said] and told["changed"][0]["before"]["documents"][0] == "gifts"


def test_a_refused_release_is_not_built_again_until_something_changes(tmp_path: Path, feed: Feed) -> None:
    sync(job(tmp_path, feed))
    feed.put("more")
    first = sync(gated(tmp_path, feed, documents_at_least=9)).verdict
    again = sync(gated(tmp_path, feed, documents_at_least=9))
    assert first and again.verdict == first and again.is_refused
    assert sync(gated(tmp_path, feed, documents_at_least=8)).verdict != first
    feed.put("and", "yet", "more", "of", "them", "all")
    made = gated(tmp_path, feed, documents_at_least=8)
    report = sync(made)
    assert report.generation and not report.is_refused and gate.refused(made) is None
    assert [one.state for one in made.store.generations("acme")] == ["live", "retired"] and len(folders(made)) == 2


def test_force_publishes_what_was_refused(tmp_path: Path, feed: Feed) -> None:
    sync(job(tmp_path, feed))
    feed.put("more")
    made = gated(tmp_path, feed, documents_at_least=9)
    refused = sync(made).verdict
    report = sync(gated(tmp_path, feed, documents_at_least=9), force=True)
    assert refused and report.generation == refused.generation == live(made).id and not report.is_refused
    assert gate.refused(made) is None and live(made).documents == 4
    feed.put("again")
    assert sync(gated(tmp_path, feed, documents_at_least=9), force=True).generation


def test_a_source_that_goes_back_leaves_nothing_refused(tmp_path: Path, feed: Feed) -> None:
    first = sync(job(tmp_path, feed)).generation
    feed.put("more")
    made = gated(tmp_path, feed, documents_at_least=4, removed_at_most=1.0)
    feed.put("extra")
    sync(gated(tmp_path, feed, documents_at_least=9))
    feed.remove("more", "extra")
    report = sync(gated(tmp_path, feed, documents_at_least=9))
    assert report.generation is None and not report.is_refused and gate.refused(made) is None
    sync(gated(tmp_path, feed, documents_at_least=9))
    assert folders(made) == [first]


def test_the_first_release_passes_the_gate_too(tmp_path: Path, feed: Feed, golden: Path) -> None:
    made = gated(tmp_path, feed, golden=golden, recall_at_least=1.0, documents_at_least=4)
    report = sync(made)
    assert report.is_refused and made.store.live("acme") is None and report.documents == 0


def test_what_is_deleted_goes_even_when_the_release_is_refused(tmp_path: Path, feed: Feed) -> None:
    sync(job(tmp_path, feed))
    feed.remove("gifts")
    made = gated(tmp_path, feed, documents_at_least=3)
    assert sync(made).is_refused and "gifts" not in found(made, "vouchers expire")


def test_what_is_gone_while_an_index_is_built_is_not_answered_from_it(tmp_path: Path, feed: Feed) -> None:
    class Meanwhile(EmbeddedEngine):
        def build(self, folder: Path, generation: str, chunks: Iterable[Chunk], former: Path | None = None) -> int:
            count = super().build(folder, generation, chunks)
            made.store.apply("acme", "help", put=[], remove=["gifts"])
            return count

    made = job(tmp_path, feed, engine=Meanwhile())
    assert (
        sync(made).generation and "gifts" not in found(made, "vouchers expire") and "delivery" in found(made, "parcels")
    )
    assert sync(job(tmp_path, feed)).generation and "gifts" in found(made, "vouchers expire")


def released(folder: Path, feed: Feed) -> tuple[SyncJob, list[str]]:
    """Three releases, each with another text of "gifts"."""
    made, ids = job(folder, feed), []
    for text in ("Vouchers never expire.", "Vouchers expire soon.", "Vouchers expired."):
        feed.put("gifts", text=text)
        ids.append(sync(made).generation or "")
    return made, ids


def quoted(made: SyncJob) -> str:
    with closing(made.engine.open(made.folder(live(made).id), live(made).id)) as index:
        return index.search(SearchQuery(text="vouchers")).passages[0].chunk.text


def test_going_back_lasts_until_a_document_changes(tmp_path: Path, feed: Feed) -> None:
    made, ids = released(tmp_path, feed)
    assert rollback(made).id == ids[1] == live(made).id and quoted(made) == "Vouchers expire soon."
    report = sync(made)
    assert report.is_withdrawn and report.generation is None and live(made).id == ids[1]
    assert {one.id: one.state for one in made.store.generations("acme")} == dict(
        zip(ids, ("retired", "live", "withdrawn"), strict=True)
    )
    feed.put("delivery", text="Parcels arrive within three days.")
    assert sync(made).generation not in (None, *ids) and quoted(made) == "Vouchers expired."


def test_going_back_twice_and_by_name(tmp_path: Path, feed: Feed) -> None:
    made, ids = released(tmp_path, feed)
    rollback(made)
    assert rollback(made).id == ids[0] and quoted(made) == "Vouchers never expire."
    assert rollback(made, ids[2]).id == ids[2] and quoted(made) == "Vouchers expired."
    with pytest.raises(KnowledgeUnavailable, match=f"no former release {ids[2]}; kept are: "):
        rollback(made, ids[2])


def test_force_and_full_end_going_back(tmp_path: Path, feed: Feed) -> None:
    made, _ = released(tmp_path, feed)
    rollback(made)
    assert sync(made, force=True).generation and quoted(made) == "Vouchers expired."
    rollback(made)
    assert refresh(made).generation and quoted(made) == "Vouchers expired."


def test_nothing_that_is_gone_or_closed_comes_back(tmp_path: Path, feed: Feed) -> None:
    made = job(tmp_path, feed)
    sync(made)
    feed.remove("gifts")
    feed.put("delivery", text="Parcels arrive within two days.", audience="staff")
    second = sync(made).generation
    assert rollback(made).id != second
    assert found(made, "vouchers expire parcels arrive") == []
    assert found(made, "shop in Vienna") == ["about"]


def test_going_back_needs_somewhere_to_go(tmp_path: Path, feed: Feed) -> None:
    made = job(tmp_path, feed)
    sync(made)
    with pytest.raises(KnowledgeUnavailable, match="no former release to go back to"):
        rollback(made)
    with FileLease(made.root / "sync.lock").hold(), pytest.raises(SyncRunning):
        rollback(made)
    feed.put("more")
    sync(made)
    former = next(one for one in made.store.generations("acme") if one.state == "retired")
    (made.folder(former.id) / contents.FILE).unlink()
    with pytest.raises(KnowledgeUnavailable, match="damaged"):
        rollback(made)


def damage(made: SyncJob) -> None:
    for path in made.folder(live(made).id).iterdir():
        path.write_bytes(b"")


def test_a_damaged_release_gives_way_to_a_former_one_rather_than_to_a_refused_one(tmp_path: Path, feed: Feed) -> None:
    made, ids = released(tmp_path, feed)
    feed.put("gifts", text="Rubbish.")
    strict = replace(made, rules=Rules(documents_at_least=9))
    assert sync(strict).is_refused
    damage(strict)
    assert build(strict).id == ids[1] and quoted(made) == "Vouchers expire soon."


def test_a_damaged_release_is_built_again_as_it_was(tmp_path: Path, feed: Feed) -> None:
    made, ids = released(tmp_path, feed)
    damage(made)
    assert build(replace(made, rules=Rules(documents_at_least=9))).id not in ids and quoted(made) == "Vouchers expired."


def test_nobody_is_answered_from_nothing(tmp_path: Path, feed: Feed) -> None:
    made = job(tmp_path, feed)
    sync(made)
    feed.put("gifts", text="Vouchers are new.")
    strict = replace(made, rules=Rules(documents_at_least=9))
    sync(strict)
    damage(strict)
    assert build(strict).documents == 3 and quoted(made) == "Vouchers are new."


def test_what_is_gone_is_hidden_before_the_next_generation_stands(tmp_path: Path, feed: Feed) -> None:
    class Unbuildable(EmbeddedEngine):
        def build(self, folder: Path, generation: str, chunks: Iterable[Chunk], former: Path | None = None) -> int:
            raise KnowledgeUnavailable("the disk is full")

    first = sync(job(tmp_path, feed))
    feed.remove("delivery")
    made = job(tmp_path, feed, engine=Unbuildable())
    with pytest.raises(KnowledgeUnavailable):
        sync(made)
    live = made.store.live("acme")
    assert live is not None and live.id == first.generation
    assert "delivery" not in found(made, "parcels arrive within two days")
