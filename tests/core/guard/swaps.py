"""A class of its own: facts changed into others of the same passage, so that only the place tells that they are wrong.

``python -m tests.core.guard.swaps`` measures it on the documents' own sentences and on people's reference answers, which say the
same in other words, and how many of those answers' unchanged sentences the guard holds back.  What is changed is chosen here, by
patterns of their own that know nothing of the guard's.
"""

from __future__ import annotations

import calendar
import json
import os
import random
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from core.guard.findings import Evidence
from core.guard.sentence_guard import SentenceGuard
from core.guard.settings import GuardLevels, GuardSettings, Level
from core.guard.splitting import SentenceSplitter

DATA = Path(os.environ.get("FRONTDESK_SHARED", "/nowhere")) / "data"
SUITES = ("wixqa", "golden_dev")
WITHOUT = GuardSettings(levels=GuardLevels(misplaced=Level.OFF))
_MONTHS = "|".join(list(calendar.month_name)[1:])
_STEP = re.compile(r"^(?:- |\d+\\?[.)] |Step \d+ \| )+")
KINDS = {
    "number": r"(?<![\w.,/:$€£\\#=&?%@-])\d{1,6}(?:[.,]\d{1,3})?(?![\w,/:%\\)=&@-]|\.\w)",
    "price": r"[$€£]\s?\d[\d,]*(?:\.\d+)?|\d[\d,]*(?:\.\d+)? (?:dollars|USD|euros|EUR)\b",
    "percent": r"\d+(?:\.\d+)?\s?%|\d+(?:\.\d+)? percent\b",
    "duration": r"\b\d+ (?:business |working )?(?:seconds?|minutes?|hours?|days?|weeks?|months?|years?)\b",
    "date": rf"(?:{_MONTHS}) \d{{1,2}}(?:, \d{{4}})?|\d{{1,2}} (?:{_MONTHS})(?: \d{{4}})?|(?:{_MONTHS}),? \d{{4}}|"
    r"(?<![\w./=-])\d{1,2}/\d{1,2}/\d{2,4}(?![\w/])|(?<![\w./=-])\d{4}-\d{2}-\d{2}(?!\w)|"
    r"(?<=[a-z] )(?:19|20)\d{2}(?=[.,; )]|$)",
    "time": r"\b\d{1,2}:\d\d(?: ?[AaPp]\.?[Mm]\b)?|\b\d{1,2} ?[ap]\.?m\b",
    "name": r"(?<=[a-z,] )[A-Z][a-zA-Z]{2,}(?: [A-Z][a-zA-Z]{2,}){0,2}(?=[ .,;:)?!]|$)",
}


@dataclass(frozen=True)
class Answer:
    """A sentence of a person's answer, the documents it is made of, and the question."""

    text: str
    sources: dict[int, str]
    said: str


def _bare(text: str) -> str:
    return re.sub(r"[\W_]+", " ", text.lower()).strip()


def swapped(text: str, evidence: str, kind: str, seed: int = 5) -> str | None:
    """The sentence with one fact changed into another of the evidence, unless that stands there as it is."""
    text = _STEP.sub("", text)
    pick = random.Random(f"{seed}{kind}{text}")
    hits = list(re.finditer(KINDS[kind], text))
    if not hits:
        return None
    hit = pick.choice(hits)
    said = {m[0] for m in hits} | set(re.findall(r"\w+", text))
    others = {m[0] for m in re.finditer(KINDS[kind], evidence)} - said
    pool = sorted(other for other in others if _bare(other) not in _bare(text))
    if not pool:
        return None
    new = text[: hit.start()] + pick.choice(pool) + text[hit.end() :]
    return None if _bare(new) in _bare(evidence) else new


def swaps(rows: Sequence[tuple[str, str]], per_kind: int) -> Iterator[tuple[str, str, str]]:
    """Changed sentences as (kind, text, evidence)."""
    for kind in KINDS:
        made = 0
        for text, evidence in rows:
            new = swapped(text, evidence, kind) if made < per_kind else None
            if new is not None:
                made += 1
                yield kind, new, evidence


def answers() -> Iterator[Answer]:
    """The sentences of the reference answers, each held against all documents its answer is made of."""
    for suite in SUITES:
        lines = (DATA / suite / "documents.jsonl").read_text("utf-8").splitlines()
        documents = {
            row["id"]: f"{row['title']}\n{row['text']}\n{row.get('url') or ''}" for row in map(json.loads, lines)
        }
        for line in (DATA / suite / "questions.jsonl").read_text("utf-8").splitlines():
            question = json.loads(line)
            names = [name for name in question["relevant"] if name in documents]
            if question["kind"] == "answerable" and question.get("reference") and names:
                sources = {number: documents[name] for number, name in enumerate(names, start=1)}
                splitter = SentenceSplitter()
                for sentence in (*splitter.feed(question["reference"]), *splitter.flush()):
                    if len(sentence.split()) >= 4:
                        yield Answer(sentence.strip(), sources, question["question"])


def is_held(answer: Answer, text: str, settings: GuardSettings | None = None) -> bool:
    """Whether the guard does not show this text as it stands."""
    guard = SentenceGuard(settings or GuardSettings(), Evidence(sources=answer.sources, said=answer.said))
    checked = guard.check(text + " " + "".join(f"[{number}]" for number in answer.sources))
    return not checked.is_released or bool(checked.findings)


def held_answers(rows: Sequence[Answer]) -> tuple[int, int]:
    """How many sentences of reference answers are held back without the rule about places, and with it."""
    without = [row for row in rows if is_held(row, row.text, WITHOUT)]
    return len(without), sum(is_held(row, row.text) for row in rows)


def caught_answers(rows: Sequence[Answer]) -> Iterator[tuple[bool, bool, bool]]:
    """Changed sentences of reference answers as (whether it copied its document, caught without the rule, with it)."""
    for row in rows:
        evidence = "\n".join(row.sources.values())
        if is_held(row, row.text, WITHOUT):
            continue
        for kind in KINDS:
            text = swapped(row.text, f"{evidence}", kind)
            if text is not None:
                yield _bare(row.text) in _bare(evidence), is_held(row, text, WITHOUT), is_held(row, text)


def main() -> None:
    rows = list(answers())
    without, with_it = held_answers(rows)
    print(
        f"{len(rows)} sentences of reference answers: {without} held back without the rule, {with_it} with it", end=""
    )
    print(f" = {without / len(rows):.2%}, {with_it / len(rows):.2%}")
    tried, before, after = Counter[bool](), Counter[bool](), Counter[bool]()
    for is_copied, was_caught, is_caught in caught_answers(rows):
        tried[is_copied] += 1
        before[is_copied] += was_caught
        after[is_copied] += is_caught
    for is_copied, count in tried.items():
        how = "copied from the document" if is_copied else "in other words"
        print(
            f"facts swapped, {how}: {count}, caught {before[is_copied] / count:.1%} without, {after[is_copied] / count:.1%} with"
        )


if __name__ == "__main__":
    main()
