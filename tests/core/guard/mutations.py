"""How many changed facts the guard catches, and how many supported sentences it holds back by mistake.

``python -m tests.core.guard.mutations`` measures on the shared development suites: sentences of documents that questions refer
to, against the chunk they come from.  What is changed is chosen here, by routines of their own that know nothing of the guard's.
"""

from __future__ import annotations

import calendar
import json
import os
import random
import re
import sys
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from time import perf_counter_ns

from core.guard.findings import Evidence
from core.guard.known import known
from core.guard.layout import layout
from core.guard.sentence_guard import SentenceGuard
from core.guard.settings import GuardSettings
from core.ports.knowledge import Chunk, Document
from core.steps.guard import evidence_of
from core.steps.units import UnitKind, units
from kb_sync.chunking import chunk
from tests.core.guard.swaps import swaps

SUITES = ("techqa", "wixqa", "golden_dev")
DATA = Path(os.environ.get("FRONTDESK_SHARED", "/nowhere")) / "data"
LEADS = (
    "According to our help centre, ",
    "In short: ",
    "Please note that ",
    "Yes, ",
    "Good news: ",
    "As the article says, ",
)
INVENTED = (
    "Norvane",
    "Quillmont",
    "Zarbeck Systems",
    "Halloway",
    "Pentrix",
    "Orsino Cloud",
    "Vestrum",
    "Kaldera Pro",
    "Mirabeau",
    "Tolvix",
)
MONTHS = list(calendar.month_name)[1:]
_LEAD = re.compile(r"^(?:- |\d+\\?[.)] |Step \d+ \| )+")
"""The number of a step is layout: whoever retells a list numbers it anew."""


@dataclass(frozen=True)
class Sentence:
    """A sentence as its chunk has it."""

    text: str
    evidence: str
    follows: str


def _documents(suite: str) -> Iterator[Document]:
    """The documents that questions of a suite refer to."""
    questions = [json.loads(line) for line in (DATA / suite / "questions.jsonl").read_text("utf-8").splitlines()]
    wanted = {name for question in questions for name in question["relevant"]}
    for line in (DATA / suite / "documents.jsonl").read_text("utf-8").splitlines():
        row = json.loads(line)
        if row["id"] in wanted:
            yield Document(
                id=row["id"],
                tenant="t",
                source=suite,
                external_id=row["id"],
                title=row.get("title") or "",
                url=row.get("url"),
                body=row["text"],
                hash="",
                language="en",
                audience="public",
                category="",
                updated_at=None,
                synced_at=datetime(2026, 1, 1, tzinfo=UTC),
            )


def sentences(limit: int | None = None, seed: int = 7) -> list[Sentence]:
    """Sentences and list items of five to sixty words, shuffled."""
    found: dict[str, Sentence] = {}
    for suite in SUITES:
        for document in _documents(suite):
            for piece in chunk(document, tokens=500, overlap=60):
                found.update((one.text, one) for one in _sentences(piece))
    rows = list(found.values())
    random.Random(seed).shuffle(rows)
    return rows[:limit]


def _sentences(piece: Chunk) -> Iterator[Sentence]:
    evidence = evidence_of(piece)
    rows = [unit for unit in units(piece.text) if unit.kind in (UnitKind.SENTENCE, UnitKind.ITEM)]
    for at, unit in enumerate(rows):
        text = re.sub(r"\s+", " ", unit.markdown).strip()
        following = re.sub(r"\s+", " ", rows[at + 1].markdown).strip() if at + 1 < len(rows) else ""
        if 5 <= len(text.split()) <= 60:
            yield Sentence(text, evidence, following)


def edited(sentence: Sentence) -> Iterator[tuple[str, str]]:
    """Harmless edits, as (kind, text)."""
    text, pick = sentence.text, random.Random(sentence.text)
    unnumbered = _LEAD.sub("", text)
    soft = unnumbered[:1].lower() + unnumbered[1:] if re.match(r"[A-Z][a-z]+ [a-z]", unnumbered) else unnumbered
    bare = text.rstrip(". ")
    yield "verbatim", text
    yield "recased", soft if pick.random() < 0.5 else text[0].upper() + text[1:]
    words = bare.split()
    yield "trimmed", " ".join(words[: max(4, len(words) * 2 // 3)]) + "."
    if sentence.follows:
        follows = _LEAD.sub("", sentence.follows)
        yield "joined", f"{bare}, and {follows}" if pick.random() < 0.5 else f"{bare}; {follows}"
    yield "lead-in", pick.choice(LEADS) + soft


def _other_number(old: str, pick: random.Random) -> str:
    while True:
        new = "".join(pick.choice("0123456789") if ch.isdigit() else ch for ch in old)
        new = re.sub(r"^0(?=\d)", "7", new)
        if new != old and not (set(new) <= set("0.,")):
            return new


def _changed(
    text: str, pattern: str, change: Callable[[re.Match[str], random.Random], str], pick: random.Random
) -> str | None:
    hits = list(re.finditer(pattern, text))
    if not hits:
        return None
    hit = pick.choice(hits)
    return text[: hit.start()] + change(hit, pick) + text[hit.end() :]


def _number(text: str, pick: random.Random) -> str | None:
    text = _LEAD.sub("", text)
    where = r"(?<![\w.,/:$€£\\#=&?%@-])\d{1,6}(?:[.,]\d{1,3})?(?![\w,/:%\\)=&@-]|\.\w)"
    return _changed(text, where, lambda m, p: _other_number(m[0], p), pick)


def _price(text: str, pick: random.Random) -> str | None:
    def change(m: re.Match[str], p: random.Random) -> str:
        if p.random() < 0.25 and m[0][0] in "$€£":
            return p.choice([sign for sign in "$€£" if sign != m[0][0]]) + m[0][1:]
        return _other_number(m[0], p)

    return _changed(text, r"[$€£]\s?\d[\d,]*(?:\.\d+)?|\d[\d,]*(?:\.\d+)? (?:dollars|USD|euros|EUR)", change, pick)


def _date(text: str, pick: random.Random) -> str | None:
    def change(m: re.Match[str], p: random.Random) -> str:
        month = next((name for name in MONTHS if name in m[0]), None)
        if month and p.random() < 0.5:
            return m[0].replace(month, p.choice([name for name in MONTHS if name != month]))
        if month:
            return re.sub(
                r"\d{1,2}(?!\d)|\d{4}",
                lambda d: str(int(d[0]) % 27 + 1) if len(d[0]) < 3 else str(int(d[0]) + 3),
                m[0],
                count=1,
            )
        if re.fullmatch(r"\d{4}", m[0]):
            return str(int(m[0]) + p.choice((-3, -2, 2, 3)))
        return re.sub(r"\d{1,2}(?!\d)", lambda d: f"{int(d[0]) % 11 + 1:02}", m[0], count=1)

    names = "|".join(MONTHS)
    where = (
        rf"(?:{names}) \d{{1,2}}(?:, \d{{4}})?|\d{{1,2}} (?:{names})(?: \d{{4}})?|(?:{names}),? \d{{4}}|"
        r"(?<![\w./=-])\d{1,2}/\d{1,2}/\d{2,4}(?![\w/])|"
        r"(?<![\w./=-])\d{4}-\d{2}-\d{2}(?!\w)|(?<=[a-z] )(?:19|20)\d{2}(?=[.,; )]|$)"
    )
    return _changed(text, where, change, pick)


def _url(text: str, pick: random.Random) -> str | None:
    def change(m: re.Match[str], p: random.Random) -> str:
        url = m[0]
        match p.randrange(4):
            case 0:
                return re.sub(
                    r"//[^/]+", "//" + p.choice(("help.norvane.example", "bit.ly", "www.wix-support.co")), url, count=1
                )
            case 1:
                return url.rstrip("/") + p.choice(("/new", "-2", "?ref=1"))
            case 2:
                at = p.randrange(len("https://ab"), len(url)) if len(url) > 12 else len(url) - 1
                return url[:at] + ("x" if url[at] != "x" else "y") + url[at + 1 :]
            case _:
                return re.sub(r"//", "//login.", url, count=1)

    return _changed(text, r"https?://[\w.-]+\w(?:/[\w./?=&%#-]*[\w/])?", change, pick)


class Names:
    """Capitalised words of the raw text, found by their capital and by never standing there in lower case."""

    def __init__(self, rows: Sequence[Sentence]) -> None:
        whole = " ".join(sorted({row.evidence for row in rows}))
        self._lower = set(re.findall(r"\b[a-z]{2,}\b", whole))
        runs = Counter(run for row in rows for _, _, run in self._runs(row.text))
        self._pool = sorted(
            run for run in runs if all(w.lower() not in self._lower for w in run.split()) and len(run) > 3
        )

    def _runs(self, text: str) -> Iterator[tuple[int, int, str]]:
        for m in re.finditer(r"(?<=[a-z,] )[A-Z][a-zA-Z]{2,}(?: [A-Z][a-zA-Z]{2,}){0,2}(?=[ .,;:)?!]|$)", text):
            yield m.start(), m.end(), m[0]

    def change(self, text: str, pick: random.Random) -> str | None:
        """Another name in the place of one of the sentence's."""
        runs = [(a, b) for a, b, run in self._runs(text) if all(w.lower() not in self._lower for w in run.split()[:1])]
        runs = runs or [(a, b) for a, b, _ in self._runs(text)]
        if not runs:
            return None
        start, end = pick.choice(runs)
        return text[:start] + pick.choice((pick.choice(self._pool), pick.choice(INVENTED))) + text[end:]


def mutated(rows: Sequence[Sentence], per_kind: int, seed: int = 11) -> Iterator[tuple[str, str, Sentence, bool]]:
    """Changed sentences as (kind, text, its sentence, whether what is new stands in the chunk by chance)."""
    changes = {"number": _number, "price": _price, "date": _date, "url": _url, "name": Names(rows).change}
    for kind, change in changes.items():
        made = 0
        for row in rows:
            if made >= per_kind:
                break
            pick = random.Random(f"{seed}{kind}{row.text}")
            text = change(row.text, pick)
            if text is None or text == row.text:
                continue
            made += 1
            yield kind, text, row, _by_chance(row.text, text, row.evidence)


def _by_chance(before: str, after: str, evidence: str) -> bool:
    """Whether every new word stands in the chunk already: then only the whole sentence tells that it is wrong."""
    old = set(re.findall(r"[\w.:/?=&%#$€£-]*\w", before))
    new = [word for word in re.findall(r"[\w.:/?=&%#$€£-]*\w", after) if word not in old]
    return all(re.search(rf"(?<!\w){re.escape(word)}(?!\w)", evidence, re.IGNORECASE) for word in new)


@dataclass
class Report:
    """Counts of a measurement."""

    alarms: dict[str, list[str]]
    supported: Counter[str]
    missed: dict[str, list[str]]
    changed: Counter[str]
    by_chance: Counter[str]
    missed_by_chance: Counter[str]
    micros: list[float]
    missed_swaps: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    swapped: Counter[str] = field(default_factory=Counter)

    @property
    def catch_rate(self) -> float:
        """Share of all changed sentences that were not released, those that are wrong only by chance included."""
        missed = sum(map(len, self.missed.values())) + sum(self.missed_by_chance.values())
        return 1 - missed / (sum(self.changed.values()) + sum(self.by_chance.values()))

    @property
    def swap_catch_rate(self) -> float:
        """Share of the sentences changed into another fact of their own chunk that were not released."""
        return 1 - sum(map(len, self.missed_swaps.values())) / sum(self.swapped.values())

    @property
    def false_alarms(self) -> float:
        """Share of all supported sentences that were held back or changed."""
        return sum(map(len, self.alarms.values())) / sum(self.supported.values())


def is_released(text: str, evidence: str, micros: list[float]) -> str:
    """ "" when the sentence is shown as it stands, else why not."""
    guard = SentenceGuard(GuardSettings(), Evidence(sources={1: evidence}))
    sentence = f"{text} [1]"
    known(evidence), layout(evidence)
    started = perf_counter_ns()
    checked = guard.check(sentence)
    micros.append((perf_counter_ns() - started) / 1_000)
    if checked.is_released and checked.text == sentence:
        return ""
    return "; ".join(f"{one.rule}: {one.detail}" for one in checked.findings)


def measure(rows: Sequence[Sentence], per_kind: int, supported: int) -> Report:
    """Check supported and changed sentences."""
    report = Report(defaultdict(list), Counter(), defaultdict(list), Counter(), Counter(), Counter(), [])
    for row in rows[:supported]:
        for kind, text in edited(row):
            report.supported[kind] += 1
            why = is_released(text, row.evidence, report.micros)
            if why:
                report.alarms[kind].append(f"{why}  ←  {text}")
    for kind, text, row, by_chance in mutated(rows, per_kind):
        is_missed = not is_released(text, row.evidence, report.micros)
        if by_chance:
            report.by_chance[kind] += 1
            report.missed_by_chance[kind] += is_missed
        else:
            report.changed[kind] += 1
            if is_missed:
                report.missed[kind].append(f"{text}  ←  {row.text}")
    for kind, text, evidence in swaps([(row.text, row.evidence) for row in rows], per_kind):
        report.swapped[kind] += 1
        if not is_released(text, evidence, report.micros):
            report.missed_swaps[kind].append(text)
    return report


def main() -> None:
    rows = sentences()
    per_kind = int(sys.argv[1]) if len(sys.argv) > 1 else 400
    report = measure(rows, per_kind, supported=per_kind * 2)
    for kind, count in report.changed.items():
        missed = len(report.missed[kind])
        chance = f"by chance in the chunk: {report.missed_by_chance[kind]} of {report.by_chance[kind]} missed"
        print(f"{kind:9} {count - missed}/{count} caught = {1 - missed / count:.2%}   ({chance})")
    print(
        f"all       {report.catch_rate:.2%} caught of {sum(report.changed.values()) + sum(report.by_chance.values())}"
    )
    for kind, count in report.swapped.items():
        missed = len(report.missed_swaps[kind])
        print(
            f"{kind:9} {count - missed}/{count} caught = {1 - missed / count:.2%}   (changed into another of its chunk)"
        )
    print(f"all       {report.swap_catch_rate:.2%} caught of {sum(report.swapped.values())} of the same chunk")
    for kind, count in report.supported.items():
        print(f"{kind:9} {len(report.alarms[kind])}/{count} false alarms = {len(report.alarms[kind]) / count:.2%}")
    print(f"all       {report.false_alarms:.2%} false alarms of {sum(report.supported.values())}")
    micros = sorted(report.micros)
    median, most = micros[len(micros) // 2], micros[-1]
    print(f"a sentence: median {median:.0f} µs, p95 {micros[len(micros) * 95 // 100]:.0f} µs, most {most:.0f} µs")
    if "-v" in sys.argv:
        for title, table in (("MISSED", report.missed), ("SWAPPED", report.missed_swaps), ("ALARM", report.alarms)):
            for kind, lines in table.items():
                for line in lines[:15]:
                    print(title, kind, line[:400])


if __name__ == "__main__":
    main()
