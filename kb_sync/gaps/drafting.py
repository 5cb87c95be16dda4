"""Draft articles: what agents answered to a gap as Markdown files that somebody reviews before they become knowledge.

The source ``resolved_cases`` reads such files and takes those that say ``reviewed: true``.  Nothing here publishes anything.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import yaml

from core.candidates import Candidate
from core.errors import DocumentRejected
from core.guard import pii
from core.ids import digest
from core.ports.embedding import Embedder
from core.words import fold
from kb_sync.files import files, read
from kb_sync.formats.markdown import FRONT
from kb_sync.gaps import Gap
from kb_sync.gaps.clustering import centre, likeness
from kb_sync.gaps.duplicates import Like
from kb_sync.reviewing import DRAFT
from kb_sync.text import clean, decode, one_line

MAX_OTHERS: Final = 5
NAME_CHARS: Final = 60
QUESTIONS_SUFFIX: Final = ".golden.jsonl"
HOW: Final = (
    "What an agent answered, personal data struck out. Make an article of it that suits everybody, then set `reviewed: true`. "
    "Not wanted: set `status: rejected` and keep the file, so that it is not written again."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """One file: ``text`` is the whole of it, ``golden`` its questions as lines of an evaluation (docs/evals.md).

    ``cases`` are the candidates it was made of; a case is drafted once.
    """

    name: str
    title: str
    text: str
    golden: str
    cases: tuple[str, ...]
    like: tuple[Like, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Exported:
    """What an export wrote, by file name, and how many drafts lay there already."""

    written: tuple[str, ...]
    known: int


def draft(
    gap: Gap, *, embedder: Embedder | None = None, like: Sequence[Like] = (), fixes: Sequence[str] = ()
) -> Draft | None:
    """A draft of the most typical of a gap's answers, the others beside it for the reviewer; None when nobody answered.

    ``like`` are documents that may say the same already; ``fixes`` the golden questions that it may help with.
    """
    if not gap.resolutions:
        return None
    answers = [_answer(each) for each in gap.resolutions]
    best = centre(likeness(answers, embedder), range(len(answers)))
    name = f"{_slug(gap.title)}-{digest(*(each.id for each in gap.resolutions))[:8]}"
    title = pii.redact(gap.title)
    questions = [pii.redact(each.text) for each in gap.examples]
    front = {
        "title": title,
        "status": DRAFT,
        "reviewed": False,
        **({"language": gap.language} if gap.language else {}),
        "asked": gap.count,
        "questions": questions,
        "like": [f"{each.external_id} {each.score:.2f}" for each in like],
        "fixes": list(fixes),
        "check": _doubtful(answers[best], gap.language),
        "conversations": sorted({each.conv for each in gap.resolutions}),
        "cases": [each.id for each in gap.resolutions],
    }
    others = [answer for row, answer in enumerate(answers) if row != best]
    text = f"---\n{_yaml(front)}---\n<!-- {HOW} -->\n\n{_plain(answers[best])}\n{_beside(others)}"
    golden = "".join(_line(f"{name}-{number}", question, f"{name}.md") for number, question in enumerate(questions, 1))
    cases = tuple(each.id for each in gap.resolutions)
    return Draft(name=f"{name}.md", title=title, text=text, golden=golden, cases=cases, like=tuple(like))


def export(folder: Path, drafts: Iterable[Draft]) -> Exported:
    """Write drafts of which no case lies in the folder yet, whatever its file is called by now; nothing is ever overwritten."""
    folder.mkdir(parents=True, exist_ok=True)
    known, written, passed = drafted(folder), [], 0
    for each in drafts:
        if known & set(each.cases):
            passed += 1
            continue
        known |= set(each.cases)
        _create(folder / each.name, each.text)
        _create(folder / (each.name.removesuffix(".md") + QUESTIONS_SUFFIX), each.golden)
        written.append(each.name)
    return Exported(written=tuple(written), known=passed)


def drafted(folder: Path) -> set[str]:
    """The cases that were made drafts of in a folder; files that nobody can read are passed over."""
    found: set[str] = set()
    if not folder.is_dir():
        return found
    for _, path in files(folder.resolve(), lambda name: name.endswith(".md")):
        try:
            front = FRONT.match(clean(decode(read(path)).text))
            meta = yaml.safe_load(front.group(1)) if front else None
        except (DocumentRejected, yaml.YAMLError):
            continue
        cases = meta.get("cases") if isinstance(meta, dict) else None
        found |= {str(case) for case in cases} if isinstance(cases, list) else set()
    return found


def _create(path: Path, text: str) -> None:
    """A new file, whole or not at all; one that is there stays."""
    beside = path.with_name(f".{path.name}.new")
    beside.write_text(text, encoding="utf-8")
    try:
        os.link(beside, path)
    except FileExistsError:
        return
    finally:
        beside.unlink()


def answer_of(gap: Gap) -> str:
    """All that agents answered, each wording once, for comparing it with what is known."""
    return "\n\n".join(dict.fromkeys(_answer(each) for each in gap.resolutions))


def _answer(candidate: Candidate) -> str:
    return pii.redact(clean("\n\n".join(candidate.answers)))


def _beside(others: Sequence[str]) -> str:
    """Other agents' answers, where the reviewer sees them and no reader does."""
    told = [f"<!-- Another answer:\n{_uncommented(answer)}\n-->\n" for answer in dict.fromkeys(others)]
    return "".join(f"\n{each}" for each in told[:MAX_OTHERS])


def _plain(answer: str) -> str:
    """An agent's words cannot open a comment, or begin with a front matter."""
    return answer.replace("<!--", "&lt;!--")


def _uncommented(answer: str) -> str:
    return answer.replace("--", "- -")


def _doubtful(answer: str, language: str | None) -> list[str]:
    """What looks like a name, an address or a date of birth: too uncertain to be struck out, worth a look."""
    found = pii.find(answer, weak=True, language=language or "en")
    return list(dict.fromkeys(one_line(each.text) for each in found if each.kind in pii.WEAK_KINDS))[:20]


def _yaml(front: Mapping[str, object]) -> str:
    told = {key: value for key, value in front.items() if value != []}
    return yaml.safe_dump(told, allow_unicode=True, sort_keys=False, width=1_000)


def _line(id: str, question: str, relevant: str) -> str:
    told = {"id": id, "question": question, "relevant": [relevant], "answerable": True}
    return json.dumps(told, ensure_ascii=False) + "\n"


def _slug(title: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", fold(title))[:NAME_CHARS].strip("-") or "case"
