"""Quoting: the sentences of the sources in a prompt that answer a question, so that a script answers what it never heard of.

A quote takes along what it cannot be understood without: the heading or sentence above a list, all steps of an instruction, the
sentence that a pronoun points to.  Nothing is quoted where too little of the question is held by what would be said.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import groupby
from typing import Final

from core.words import sentences, stem, stop_words, words
from gateway.lab.model.reading import Kind, Piece, pieces
from gateway.lab.model.sought import ASKING, REFUSES, Sought, sought_by, thing_of

MAX_ITEMS: Final = 12
"""So many items of a list come along with what announces them."""

LEAST_HELD: Final = 0.6
"""What is quoted must hold this share of the question's weight, title and headings included …"""

LEAST_NAMED: Final = 0.4
"""… or this much, where the title or a heading names what is asked about."""

NEXT_SHARE: Final = 0.85
"""A further quote from the same source must fit at least this much as well as the best one."""

NEW_SHARE: Final = 0.2
"""Where two questions are asked in one, a further quote must hold this share of them that the others do not."""

FIRST_BONUS: Final = 0.4
"""More for the page that the search put first, half of it for the second, and so on."""

TITLE_WEIGHT: Final = 0.7
KIND_BONUS: Final = 0.3
OPENING_BONUS: Final = 0.05
"""The first sentence of a page says what it is about."""

TOP_BONUS: Final = 0.05
"""More for the passage that the search put first."""

FIRST: Final = 1
"""The number of that passage."""

CODE_WEIGHT: Final = 3.0
"""A word of letters and digits ("E03") names one thing: without it nothing is answered."""

SHORT_BLOCK_WORDS: Final = 55
"""A shorter paragraph is quoted whole, where it has no more sentences than are wanted."""

SHORT_WORDS: Final = 35
"""A shorter quote takes the next sentence of its paragraph along."""

KIN_CHARS: Final = 5
"""Stems that share so many letters and differ by an ending of at most three are the same word: "winter", "winterise"."""

_TWO_IN_ONE: Final = re.compile(r"\b(?:and|also|und|außerdem|et)\b|\?.*\w", re.IGNORECASE)

_LEANS_BACK: Final = re.compile(
    r"(?:this|these|those|it|they|that|such|then|otherwise|however|but|after that|in this case|please|"
    r"dies\w*|das|sie|es|sonst|dann|jedoch|cela|ces|ils?|elles?|sinon)\b",
    re.IGNORECASE,
)


_CODE: Final = re.compile(r"(?=.*\d)(?=.*[^\W\d_])")


@dataclass(frozen=True, slots=True)
class _Wanted:
    """A telling word of the question: its stems in the languages that may meet, and its weight."""

    stems: frozenset[str]
    weight: float

    @property
    def is_code(self) -> bool:
        """Whether it names one thing by letters and digits."""
        return any(map(_CODE.match, self.stems))


@dataclass(frozen=True, slots=True)
class _Fit:
    """How well a piece answers: its score with the bonuses, and which words of the question it and its headings hold."""

    piece: Piece
    score: float
    own: frozenset[int]
    held: frozenset[int]
    has_figure: bool = False
    """It has what is asked for: a price, a size, a number."""
    is_named: bool = False
    """A heading of it says a word of the question."""


def quoted(question: str, sources: Mapping[int, str], *, language: str, most: int = 3) -> str:
    """The best sentences, each with its mark, in the order in which they stand; "" when nothing answers.

    At most ``most`` sentences and rows; a list counts as one.
    """
    every = [piece for number, text in sources.items() for piece in pieces(number, text)]
    asked = _asked(question, language)
    if not asked or not every:
        return ""
    own = [_stems_of(piece.text, language) for piece in every]
    above = [_stems_of(piece.heading, language) for piece in every]
    wanted = _weighed(asked, own)
    kinds = sought_by(question)
    is_one = _TWO_IN_ONE.search(question) is None
    ranks = {page: rank for rank, page in enumerate(dict.fromkeys(piece.page for piece in every), start=1)}
    fits = [
        _fit(piece, wanted, (told, named), kinds, FIRST_BONUS / ranks[piece.page])
        for piece, told, named in zip(every, own, above, strict=True)
    ]
    ranked = sorted(fits, key=lambda fit: -fit.score)
    chosen = _chosen(ranked, () if is_one else wanted, every, most)
    needed = [kind for kind in kinds if kind.is_needed] if is_one else []
    if needed and not _is_supplied(chosen, needed):
        chosen += _figures(ranked, needed)
        if not _is_supplied(chosen, needed):
            return ""
    if not _answers(question, chosen, wanted, language):
        return ""
    return _written(dict.fromkeys(piece for piece in every if any(piece in group for _, group in chosen)))


def _asked(question: str, language: str) -> tuple[frozenset[str], ...]:
    """The stems of each telling word: of the question's language, and of English, in which the pages may be."""
    idle = stop_words(language) | stop_words("en") | ASKING
    said = dict.fromkeys(word for word in words(question) if len(word) > 1 and word not in idle)
    return tuple(dict.fromkeys(frozenset({stem(word, language), stem(word, "en")}) for word in said))


@lru_cache(maxsize=4_096)
def _stems_of(text: str, language: str) -> frozenset[str]:
    said = words(text)
    return frozenset(stem(word, code) for word in said for code in {language, "en"})


def _holds(told: frozenset[str], asked: frozenset[str]) -> bool:
    return not told.isdisjoint(asked) or any(_is_kin(mine, other) for mine in asked for other in told)


def _is_kin(mine: str, other: str) -> bool:
    short, long = sorted((mine, other), key=len)
    return len(short) >= KIN_CHARS and len(long) - len(short) <= 3 and long.startswith(short)


def _weighed(asked: Sequence[frozenset[str]], own: Sequence[frozenset[str]]) -> tuple[_Wanted, ...]:
    """Rare words weigh more; a word that stands nowhere weighs like the rarest that does."""
    seen = Counter(at for told in own for at, known in enumerate(asked) if _holds(told, known))
    rarest = min(seen.values(), default=1)
    plain = (_Wanted(known, math.log(1 + len(own) / (seen[at] or rarest)) + 0.1) for at, known in enumerate(asked))
    return tuple(replace(each, weight=CODE_WEIGHT * each.weight) if each.is_code else each for each in plain)


def _fit(
    piece: Piece,
    wanted: Sequence[_Wanted],
    stems: tuple[frozenset[str], frozenset[str]],
    kinds: Sequence[Sought],
    bonus: float,
) -> _Fit:
    """``stems`` are those of its text and of its headings, ``bonus`` is for the place of its page."""
    told, named = stems
    own = frozenset(at for at, each in enumerate(wanted) if _holds(told, each.stems))
    above = frozenset(at for at, each in enumerate(wanted) if _holds(named, each.stems))
    share = _share(own, wanted) + TITLE_WEIGHT * _share(above - own, wanted)
    if not share:
        return _Fit(piece, 0.0, own, own)
    found = [kind for kind in kinds if kind.look.search(piece.text)]
    bonus += KIND_BONUS * len(found) / max(1, len(kinds)) + OPENING_BONUS * piece.opens
    bonus += TOP_BONUS if piece.source == FIRST else 0.0
    return _Fit(piece, share + bonus, own, own | above, any(kind.is_needed for kind in found), bool(above))


def _share(held: frozenset[int], wanted: Sequence[_Wanted]) -> float:
    return sum(wanted[at].weight for at in held) / sum(each.weight for each in wanted)


def _chosen(
    ranked: Sequence[_Fit], wanted: Sequence[_Wanted], every: Sequence[Piece], most: int
) -> list[tuple[_Fit, tuple[Piece, ...]]]:
    """The pieces to quote, each with what belongs to it; ``ranked`` are best first."""
    chosen: list[tuple[_Fit, tuple[Piece, ...]]] = []
    left = most
    for fit in ranked:
        said = {piece.text for _, group in chosen for piece in group}
        if left <= 0 or not fit.score or (chosen and not _is_worth_more(fit, chosen, wanted)):
            continue
        if fit.piece.text in said:
            continue
        group = _with_company(fit, ranked, every, left)
        chosen.append((fit, group))
        left -= 1 if fit.piece.is_listed or fit.piece.announces else len(group)
    return chosen


def _is_worth_more(fit: _Fit, chosen: Sequence[tuple[_Fit, object]], wanted: Sequence[_Wanted]) -> bool:
    """``wanted`` is empty where one question is asked."""
    best = chosen[0][0]
    told = frozenset[int]().union(*(one.held for one, _ in chosen))
    if wanted and _share(fit.own - told, wanted) >= NEW_SHARE:
        return True
    is_near = bool(wanted) or fit.piece.source == best.piece.source
    return is_near and bool(fit.own) and fit.own >= best.own and fit.score >= NEXT_SHARE * best.score


def _with_company(fit: _Fit, ranked: Sequence[_Fit], every: Sequence[Piece], left: int) -> tuple[Piece, ...]:
    """A piece with what it cannot be understood without; sentences take at most ``left`` along with themselves."""
    piece = fit.piece
    if piece.kind is Kind.ROW:
        return (piece,)
    if piece.is_listed:
        return _of_list(fit, ranked, every)
    block = _of_paragraph(fit, every, left)
    return (*block, *[each for each in _of_source(piece, every) if each.announced == block[-1].place][:MAX_ITEMS])


def _of_source(piece: Piece, every: Sequence[Piece]) -> Iterator[Piece]:
    return (each for each in every if each.source == piece.source)


def _of_list(fit: _Fit, ranked: Sequence[_Fit], every: Sequence[Piece]) -> tuple[Piece, ...]:
    """All steps of an instruction, or the items that say as much of the question, under what announces them."""
    piece = fit.piece
    is_some = piece.kind is Kind.ITEM and bool(fit.own)
    alike = {each.piece for each in ranked if not is_some or each.own >= fit.own}
    listed_with = [each for each in _of_source(piece, every) if each.block == piece.block and each in alike]
    lead = [each for each in _of_source(piece, every) if each.place == piece.announced]
    return (*lead, *listed_with[:MAX_ITEMS])


def _of_paragraph(fit: _Fit, every: Sequence[Piece], left: int) -> tuple[Piece, ...]:
    """A sentence with its neighbours: all of a short paragraph, or what it leans on and what leans on it."""
    block = [each for each in _of_source(fit.piece, every) if each.block == fit.piece.block]
    first = last = block.index(fit.piece)
    if not fit.has_figure and len(block) <= left and _length(block) <= SHORT_BLOCK_WORDS:
        return tuple(block)
    while first and last - first + 1 < left and _LEANS_BACK.match(block[first].text):
        first -= 1
    while last + 1 < len(block) and last - first + 1 < left and not block[last].announces:
        is_full = fit.has_figure or _length(block[first : last + 1]) >= SHORT_WORDS
        if block[last + 1].announces or (is_full and not _LEANS_BACK.match(block[last + 1].text)):
            break
        last += 1
    return tuple(block[first : last + 1])


def _length(block: Sequence[Piece]) -> int:
    return sum(len(each.text.split()) for each in block)


def _answers(
    question: str,
    chosen: Sequence[tuple[_Fit, tuple[Piece, ...]]],
    wanted: Sequence[_Wanted],
    language: str,
) -> bool:
    """Whether what would be said holds enough of the question, all its codes, and names the thing that was asked for."""
    said = [piece for _, group in chosen for piece in group]
    told = [_stems_of(f"{piece.heading}\n{piece.text}", language) for piece in said]
    held = frozenset(at for at, each in enumerate(wanted) if any(_holds(one, each.stems) for one in told))
    if any(each.is_code and at not in held for at, each in enumerate(wanted)):
        return False
    if _share(held, wanted) < (LEAST_NAMED if any(fit.is_named for fit, _ in chosen) else LEAST_HELD):
        return False
    thing = thing_of(question)
    if thing is None or thing in stop_words("en") | ASKING:
        return True
    return any(_holds(one, frozenset({stem(thing, language), stem(thing, "en")})) for one in told)


def _is_supplied(chosen: Sequence[tuple[_Fit, tuple[Piece, ...]]], kinds: Sequence[Sought]) -> bool:
    """Whether the pieces that hold a word of the question have each figure that is asked for, or say that there is none."""
    told = [f"{fit.piece.lead} {' '.join(piece.text for piece in group)}" for fit, group in chosen if fit.own]
    return all(any(kind.look.search(one) or REFUSES.search(one) for one in told) for kind in kinds)


def _figures(ranked: Sequence[_Fit], kinds: Sequence[Sought]) -> list[tuple[_Fit, tuple[Piece, ...]]]:
    """The best piece with the figures that are asked for, of a page that is about what is asked: the price beside the country."""
    fitting = [fit for fit in ranked if fit.own and fit.is_named]
    with_all = [fit for fit in fitting if all(kind.look.search(fit.piece.text) for kind in kinds)]
    with_all.sort(key=lambda fit: not any(sign.isdigit() for sign in fit.piece.text))
    return [(fit, (fit.piece,)) for fit in with_all[:1]]


def _written(chosen: Iterable[Piece]) -> str:
    """The pieces as Markdown: sentences run on, several items of a list stand below each other under what announces them."""
    out = ""
    for (source, _, is_listed), group in groupby(chosen, lambda piece: (piece.source, piece.block, piece.is_listed)):
        run, mark = list(group), f"[{source}]"
        lead = _as_lead(run[0].lead) if run[0].lead else ""
        if not is_listed or len(run) == 1:
            after = "\n\n" if out.endswith("\n") else " "
            told = " ".join(_marked(piece.text, mark) for piece in run)
            out += f"{after if out else ''}{lead} {told}".replace("  ", " ")
            continue
        signs = (f"{at}." if run[0].kind is Kind.STEP else "-" for at in range(1, len(run) + 1))
        lines = "\n".join(f"{sign} {_marked(piece.text, mark)}" for sign, piece in zip(signs, run, strict=True))
        out += f"{' ' if out and lead else ''}{_marked(lead, mark) if lead else ''}\n\n{lines}\n"
    return out.strip()


def _marked(text: str, mark: str) -> str:
    """Every sentence with the mark of its source."""
    return " ".join(f"{sentence} {mark}" for sentence in sentences(text))


def _as_lead(heading: str) -> str:
    return heading if heading.endswith(("?", ":")) else f"{heading}:"
