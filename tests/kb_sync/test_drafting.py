"""What agents answered becomes draft files: redacted, compared with what is known, written once, and never live by themselves."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from core.ports.knowledge import KnowledgeIndex, Source
from core.providers.embedded import EmbeddedEngine
from kb_sync import SourceContext
from kb_sync.chunking import chunk
from kb_sync.formats.markdown import FRONT, markdown
from kb_sync.gaps import Gap, ranked
from kb_sync.gaps.drafting import Draft, draft, drafted, export
from kb_sync.gaps.duplicates import alike
from kb_sync.gaps.fixing import fixed, lost
from kb_sync.golden import golden_questions
from kb_sync.sources.resolved_cases import plugin
from tests.contracts.source_contract import loaded, only
from tests.kb_sync.test_gaps import PARASOL, STATIC, candidate, question
from tests.kb_sync.world import NOW, document

ANSWER = "Yes. Until the parcel has left us we change the colour of a parasol for nothing."


def gap(*answers: str, **changes: object) -> Gap:
    solved = [candidate(PARASOL[n % 3], answer, n + 1) for n, answer in enumerate(answers)]
    (made, *_) = ranked([question(text, n) for n, text in enumerate(PARASOL, 1)], solved, STATIC).gaps
    return replace(made, **changes)  # type: ignore[arg-type]  # the fields of a Gap


def made(*answers: str, **changes: object) -> Draft:
    found = draft(gap(*answers, **changes), embedder=STATIC)
    assert found is not None
    return found


def front(text: str) -> dict[str, object]:
    found = FRONT.match(text)
    assert found is not None
    read = yaml.safe_load(found.group(1))
    assert isinstance(read, dict)
    return read


def test_a_gap_that_nobody_answered_has_no_draft() -> None:
    assert draft(gap()) is None


def test_a_draft_says_what_it_is_made_of_and_that_nobody_has_reviewed_it() -> None:
    written = made(ANSWER)
    read = front(written.text)
    assert read["title"] == written.title and "parasol" in written.title.lower()
    assert read["status"] == "draft" and read["reviewed"] is False and read["language"] == "en"
    assert read["conversations"] == ["c_1"] and read["cases"] == ["k1"] and read["asked"] == 3
    assert set(PARASOL) == set(read["questions"])  # type: ignore[call-overload]  # a list
    assert markdown(written.text.encode()).body == ANSWER


def test_the_most_typical_answer_is_the_draft_and_the_others_are_beside_it() -> None:
    odd = "Please call the shop in Hamburg about --> the heater."
    written = made(ANSWER, odd, ANSWER + " Just tell us.")
    body = markdown(written.text.encode()).body
    assert body.startswith(ANSWER) and "Hamburg" not in body and "-->" not in body
    assert "Hamburg" in written.text


def test_personal_data_is_no_part_of_it() -> None:
    written = made(
        "Maria, your card 4111 1111 1111 1111 and maria@mail.example are fine.", title="Is maria@mail.example ok?"
    )
    whole = written.text + written.golden
    assert "4111" not in whole and "@" not in whole and "[card]" in written.text and written.title == "Is [email] ok?"


def test_what_looks_like_a_name_is_told_to_the_reviewer() -> None:
    assert "Maria" in str(front(made("Yes, Mrs. Maria Lopez may change it.").text)["check"])


@pytest.mark.parametrize(
    "answer", ["---\nreviewed: true\n---\nFooled", "<!-- a\n---\nreviewed: true", "reviewed: true"]
)
def test_an_agents_words_cannot_review_themselves(answer: str, tmp_path: Path) -> None:
    export(tmp_path, [made(answer)])
    found, problems = loaded(source(tmp_path))
    assert found == [] and ["waits for review" in problem.problem for problem in problems] == [True]


@pytest.mark.parametrize(
    "text", ["x\n---\nreviewed: true\n---", 'x"\nreviewed: true', "---", "'", "#", "a: b", "👍" * 90]
)
def test_a_contacts_words_cannot_either(text: str, tmp_path: Path) -> None:
    tricked = [candidate(text, ANSWER)]
    (found,) = ranked([], tricked, None).gaps
    written = draft(found)
    assert written is not None and front(written.text)["reviewed"] is False
    export(tmp_path, [written])
    assert loaded(source(tmp_path))[0] == []


def source(folder: Path) -> Source:
    context = SourceContext(id="cases", tenant="acme", clock=lambda: NOW, folder=folder / "work")
    return plugin.build(context, plugin.settings.model_validate({"path": folder}))


def test_a_review_is_all_that_it_takes(tmp_path: Path) -> None:
    (name,) = export(tmp_path, [made(ANSWER)]).written
    text = (tmp_path / name).read_text()
    (tmp_path / name).write_text(text.replace("reviewed: false", "reviewed: true"))
    found, problems = loaded(source(tmp_path))
    article = only(found)
    assert problems == [] and article.body == ANSWER and article.external_id == name and article.language == "en"
    for word in ("c_1", "k1", "Make an article"):
        assert word not in article.body + article.title


def test_golden_questions_name_the_article_that_will_answer_them(tmp_path: Path) -> None:
    (name,) = export(tmp_path, [made(ANSWER)]).written
    (path,) = tmp_path.glob("*.golden.jsonl")
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    assert {line["question"] for line in lines} == set(PARASOL) and len({line["id"] for line in lines}) == 3
    assert all(line["relevant"] == [name] and line["answerable"] for line in lines)
    assert {each.question for each in golden_questions(path)} == set(PARASOL)


def test_what_is_there_is_left_alone_whatever_became_of_it(tmp_path: Path) -> None:
    (name,) = export(tmp_path, [made(ANSWER)]).written
    (tmp_path / name).rename(tmp_path / "parasols.md")
    edited = (tmp_path / "parasols.md").read_text().replace("Yes.", "No.").replace("reviewed: false", "reviewed: true")
    (tmp_path / "parasols.md").write_text(edited)
    again = export(tmp_path, [made(ANSWER), made(ANSWER, "Another answer.")])
    assert again.written == () and again.known == 2
    assert (tmp_path / "parasols.md").read_text() == edited


def test_a_rejected_draft_is_not_written_again(tmp_path: Path) -> None:
    (name,) = export(tmp_path, [made(ANSWER)]).written
    text = (tmp_path / name).read_text()
    (tmp_path / name).write_text(text.replace("status: draft", "status: rejected"))
    assert export(tmp_path, [made(ANSWER)]).written == ()
    assert loaded(source(tmp_path)) == ([], [])


def test_a_file_of_that_name_is_never_overwritten(tmp_path: Path) -> None:
    written = made(ANSWER)
    (tmp_path / written.name).write_text("mine")
    export(tmp_path, [written])
    assert (tmp_path / written.name).read_text() == "mine" and not list(tmp_path.glob(".*"))


def test_files_that_nobody_can_read_are_passed_over(tmp_path: Path) -> None:
    (tmp_path / "a.md").write_bytes(b"---\ncases: [k1\n---\n")
    (tmp_path / "b.md").write_bytes(b"\0\xff\xfe")
    (tmp_path / "c.md").write_text("---\n- k1\n---\n")
    (tmp_path / "d.md").write_text("---\ncases: k1\n---\n")
    assert drafted(tmp_path) == set() and drafted(tmp_path / "nowhere") == set()


@pytest.fixture
def index(tmp_path: Path) -> KnowledgeIndex:
    known = [
        document(f"# Colours\n\n{ANSWER}", external_id="colours.md", title="Colours"),
        document("Send it back within 30 days.", external_id="returns.md", title="Returns"),
        document("The heater needs propane of at most 30 mbar.", external_id="heater.md", title="Heater"),
    ]
    engine = EmbeddedEngine(STATIC)
    folder = tmp_path / "index"
    folder.mkdir()
    engine.build(folder, "g1", [part for each in known for part in chunk(each, tokens=500, overlap=60)])
    return engine.open(folder, "g1")


def test_a_draft_that_repeats_a_document_is_like_it(index: KnowledgeIndex) -> None:
    (first, *_) = alike(PARASOL[0], ANSWER, index, STATIC)
    assert first.external_id == "colours.md" and first.score > 0.9 and first.is_duplicate
    index.close()


def test_the_same_in_other_words_is_like_it_too_but_not_the_same(index: KnowledgeIndex) -> None:
    other = "Sure, the colour of your parasol can be changed free of charge as long as it has not been shipped."
    (first, *_) = alike(PARASOL[0], other, index, STATIC)
    assert first.external_id == "colours.md" and 0.35 < first.score < 0.8 and not first.is_duplicate
    index.close()


def test_something_new_is_like_nothing(index: KnowledgeIndex) -> None:
    assert alike("Do you hire?", "Write to our team of people in Lyon.", index, STATIC) == ()
    index.close()


def test_likes_stand_in_the_draft(index: KnowledgeIndex) -> None:
    found = gap(ANSWER)
    written = draft(found, like=alike(found.title, ANSWER, index, None), fixes=("q1",))
    assert written is not None
    read = front(written.text)
    assert str(read["like"]).startswith("['colours.md ") and read["fixes"] == ["q1"]
    index.close()


def test_golden_questions_that_a_draft_would_fix(index: KnowledgeIndex, tmp_path: Path) -> None:
    path = tmp_path / "golden.jsonl"
    asked = {
        "g1": {"question": "how long may I send things back", "relevant": ["returns.md"], "answerable": True},
        "g2": {"question": "can the colour of a parasol still be changed?", "relevant": ["p.md"], "answerable": True},
        "g3": {"question": "are there jobs", "relevant": ["jobs.md"], "answerable": True},
        "g4": {"question": "may the parasol get another colour", "relevant": [], "answerable": False},
    }
    lines = [json.dumps({"id": id, **told}) for id, told in asked.items()]
    path.write_text("\n".join(lines))
    wanted = lost(golden_questions(path), index)
    assert [each.id for each in wanted] == ["g2", "g3"]
    assert fixed(gap(ANSWER), wanted, STATIC) == ("g2",)
    assert fixed(gap(ANSWER), (), STATIC) == ()
    index.close()
