"""Quoting: the sentences of the sources in a prompt that fit a question best, so that a script answers what it never heard of."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import takewhile
from typing import Final

from core.words import listed, sentences, stems

MAX_STEPS: Final = 12
"""So many sentences of a list come along with the one that announces them."""

MAX_SOURCE_CHARS: Final = 20_000
LEAST_SHARE: Final = 0.25
"""A sentence must hold this share of the question's weight, its own words and those of its heading together."""

NEXT_SHARE: Final = 0.6
"""Further sentences must fit at least this much as well as the best one."""

FIRST_BONUS: Final = 0.4
"""More for the first source, half of it for the second, and so on: the search put the best first."""

TITLE_WEIGHT: Final = 0.7
TITLE_LINES: Final = 2
"""A source begins with its title and the path of its headings."""

KIND_BONUS: Final = 0.25
ASKING: Final = listed("long much many often far soon much lang viel oft")
"""Stems that ask and tell nothing."""

SOUGHT: Final = {
    r"\b(how long|how soon|when|wie lange|wann)\b": r"\d+\W{0,3}(day|month|hour|week|year|min|working|tag|monat|stund|woch|jahr)",
    r"\b(how much|cost|price|fee|wie ?viel|kostet|preis)": r"[£€$]\s?\d|\bfree\b|\d\s?(eur|gbp|€|£)",
}
"""What is asked for → how it looks."""

_ITEM: Final = re.compile(r"^\s*(?:[-*+•]|\d{1,3}[.)])\s+")
_RULE_ROW: Final = re.compile(r"^[\s|:-]+$")
_OWN_MARK: Final = re.compile(r"\s?\[T?\d{1,3}\]")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Candidate:
    source: int
    place: int
    text: str
    heading: str
    is_item: bool = False


def quoted(question: str, sources: Mapping[int, str], *, language: str, most: int = 3) -> str:
    """The best sentences, each with its mark, in the order in which they stand; "" when none fits."""
    every = [each for number, text in sources.items() for each in _candidates(number, text[:MAX_SOURCE_CHARS])]
    wanted = {stem for stem in stems(question, language) if stem not in ASKING}
    if not wanted or not every:
        return ""
    own = [frozenset(stems(each.text, language)) for each in every]
    titles = [frozenset(stems(each.heading, language)) for each in every]
    weights = _weights(wanted, own)
    whole = sum(weights.values())
    kind = next((sought for asked, sought in SOUGHT.items() if re.search(asked, question, re.IGNORECASE)), None)
    shares = [_score(weights, own[at], titles[at]) / whole for at in range(len(every))]
    if max(shares) < LEAST_SHARE:
        return ""
    scored = [
        (share + _bonus(kind, each.text) + FIRST_BONUS / each.source, -each.place, each)
        for share, each in zip(shares, every, strict=True)
        if share
    ]
    scored.sort(key=lambda entry: entry[:2], reverse=True)
    least = scored[0][0] * NEXT_SHARE
    best = _distinct([each for score, _, each in scored if score >= least])[:most]
    chosen = _distinct([each for found in best for each in (found, *_announced(found, every))])
    chosen.sort(key=lambda each: (each.source, each.place))
    return " ".join(f"{each.text} [{each.source}]" for each in chosen)


def _announced(lead: _Candidate, every: Sequence[_Candidate]) -> Iterator[_Candidate]:
    """The items below a sentence that ends in a colon."""
    if not lead.text.endswith(":"):
        return
    below = [each for each in every if each.source == lead.source and each.place > lead.place]
    yield from takewhile(lambda each: each.is_item, below[:MAX_STEPS])


def _bonus(kind: str | None, text: str) -> float:
    """More for a sentence with the kind of figure that is asked for."""
    return KIND_BONUS if kind and re.search(kind, text, re.IGNORECASE) else 0.0


def _score(weights: Mapping[str, float], own: frozenset[str], title: frozenset[str]) -> float:
    return sum(
        weight * (1.0 if stem in own else TITLE_WEIGHT if stem in title else 0.0) for stem, weight in weights.items()
    )


def _weights(wanted: set[str], own: Sequence[frozenset[str]]) -> dict[str, float]:
    """Rare words weigh more; a word that stands nowhere weighs like a rare one."""
    seen = Counter(stem for each in own for stem in each & wanted)
    return {stem: math.log(1 + len(own) / (1 + seen[stem])) + 0.1 for stem in wanted}


def _distinct(every: Sequence[_Candidate]) -> list[_Candidate]:
    told: dict[str, _Candidate] = {}
    for each in every:
        told.setdefault(each.text, each)
    return list(told.values())


def _candidates(number: int, text: str) -> Iterator[_Candidate]:
    """The sentences of a source: of its paragraphs, its items, its tables row by row under their headings."""
    heading, place = "", 0
    head_row: tuple[str, ...] = ()
    for line in text.splitlines():
        stripped = _OWN_MARK.sub("", line).strip()
        if not stripped or _RULE_ROW.match(stripped):
            continue
        if stripped.startswith("#") or (place < TITLE_LINES and _is_title(stripped)):
            heading, head_row = f"{heading} {stripped.lstrip('# ')}"[-200:], ()
            place += 1
            continue
        if stripped.startswith("|"):
            cells = tuple(_plain(cell) for cell in stripped.strip("|").split("|"))
            if not head_row:
                head_row = cells
                continue
            pieces, is_item = [_row(head_row, cells)], False
        else:
            head_row, is_item = (), _ITEM.match(stripped) is not None
            pieces = list(sentences(_plain(_ITEM.sub("", stripped))))
        for piece in pieces:
            place += 1
            if len(piece) > 8 and (is_item or not piece.endswith("?")):
                yield _Candidate(source=number, place=place, text=_ended(piece), heading=heading, is_item=is_item)


def _is_title(line: str) -> bool:
    """Whether one of the first lines names what follows: short, and a question or no sentence at all."""
    return len(line) < 120 and line[-1] not in ".!:;|" and not _ITEM.match(line)


def _row(head: Sequence[str], cells: Sequence[str]) -> str:
    """A row as a sentence: "Standard: United Kingdom £4.95, European Union €6.90"."""
    told = [f"{name} {cell}".strip() for name, cell in zip(head[1:], cells[1:], strict=False) if cell]
    return f"{cells[0]}: {'; '.join(told)}" if told else cells[0]


def _plain(text: str) -> str:
    """Without Markdown's emphasis and link targets."""
    return re.sub(r"[*_`]{1,3}", "", re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", text)).strip()


def _ended(text: str) -> str:
    return text if text[-1] in ".!?。！？:" else f"{text}."
