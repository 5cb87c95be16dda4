"""Facts that the cited text holds, but says of something else.  Pure.

A fact must stand in the evidence near words that its sentence has too.  The words around it, near and rare ones first, point to a
piece of the evidence.  Two signs tell that the fact belongs elsewhere, and both need another fact of its sort in its place there:

- *replaced*: the evidence has the same words on both sides of that other fact, and on no side of this one so many;
- *apart*: that piece is without this fact, and wherever it does stand little of the sentence is about it, neighbours, header,
  heading and title included.

A sentence that puts together what stands apart, or says it in other words, shows neither.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from heapq import nlargest
from math import log

from core.guard.claims import Claim, Sentence, fact_claims, name_claims, taken_apart
from core.guard.dates import Fact
from core.guard.known import PREFIX, Known, known
from core.guard.layout import NAMED, NUMERAL, Layout, layout
from core.guard.names import Name
from core.guard.plain import folded

REACH = 4
"""So many words on each side of a fact are compared word for word."""

LEAST_SAME, LEAST_SAME_NAME = 3, 4
"""So many of them are the same around the other fact; labels of a screen ("click the … icon") look much alike."""

AHEAD = 2
"""So many more than around this fact, wherever it stands; an inserted or bent word costs one."""

MAX_GAP = 5
"""The other fact may be so many words long: "Supervising Ranger", "2 to 3 business days"."""

SURE = 2
"""A fact that the sentence has too is another one only between so many same words on each side, or
more before it and all to the end: enumerations change order."""

CLOSE, MOST_CLOSE = 0.7, 4
"""Pieces nearly as much about the sentence as the best one are looked at too."""

SLACK = 0.05
"""The fact's own place may tell so little of the sentence that the other fact's place lacks."""

DECAY = 6
"""So many words further on a word counts half."""

BESIDE = 0.7
"""What a neighbour, the header, a heading or the title shares counts so much of what the piece itself does."""

LEAST_SHARED, LEAST_SHARED_APART = 2, 5
COVERED, COVERED_APART = 0.5, 0.7
"""The best piece shares at least so much of all that sentence and evidence share: else nothing tells where the fact belongs."""

APART = 0.5
MAX_PLACES, MAX_PLACES_APART = 40, 12
"""What stands everywhere is out of place nowhere."""

_UNSPACED = re.compile(r"[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]")
_CLOSING = " .!?:;"


@dataclass(frozen=True, slots=True)
class _View:
    """A source seen from a claim: the weights of the words they share, its pieces' scores, the pieces that hold the claim."""

    laid: Layout
    weights: dict[str, float]
    scores: dict[int, float]
    held: frozenset[int]


def misplaced(
    text: str,
    language: str,
    facts: Sequence[Fact],
    names: Sequence[Name] | None,
    *,
    sources: Sequence[str],
    echoed: Sequence[Known] = (),
) -> Iterator[tuple[str, str]]:
    """The facts of a plain sentence, as (kind, shown), that the sources hold, but not of what the sentence says.

    What stands in an ``echoed`` text may be said of anything.  ``names`` None leaves names alone.  Sentences in languages
    without spaces between words pass.
    """
    low = folded(text)
    if not low.isascii() and 5 * len(_UNSPACED.findall(low)) > len(low):
        return
    if any(low.rstrip(_CLOSING) in known(source).text for source in sources):
        return
    sentence = taken_apart(low, text, language)
    for claim in (*fact_claims(sentence, facts), *name_claims(sentence, names)):
        if not _is_echoed(claim, echoed) and _is_misplaced(sentence, claim, sources):
            yield claim.kind, claim.shown


def _is_echoed(claim: Claim, echoed: Sequence[Known]) -> bool:
    return any(
        not claim.readings.isdisjoint(text.readings) or not text.words.isdisjoint(claim.forms) for text in echoed
    )


def _is_misplaced(s: Sentence, claim: Claim, sources: Sequence[str]) -> bool:
    places = [(layout(text), _places(claim, text)) for text in sources]
    count = sum(len(found) for _, found in places)
    if not 0 < count <= MAX_PLACES:
        return False
    most = _most_same(s, claim)
    same = 0
    for laid, found in places:
        for at in found:
            same = max(same, _same_at(s, claim, laid, at))
            if same + AHEAD > most:
                return False
    near = _near(s, claim)
    views = [_view(near, laid, found) for laid, found in places]
    shared = max(len(view.weights) for view in views)
    best = max((score for view in views for score in view.scores.values()), default=0.0)
    total = max(sum(view.weights.values()) for view in views)
    if shared < LEAST_SHARED or best < COVERED * total:
        return False
    if _is_replaced(s, claim, views, same, best):
        return True
    tells = (
        claim.is_sure and shared >= LEAST_SHARED_APART and count <= MAX_PLACES_APART and best >= COVERED_APART * total
    )
    return tells and _is_apart(s, claim, views, best)


def _places(claim: Claim, text: str) -> list[int]:
    """The tokens of a text at which the fact stands."""
    laid = layout(text)
    if not claim.forms:
        readings = known(text).readings
        found = (place for reading in claim.readings for place in readings.get(reading, ()))
        return [max(0, bisect_right(laid.places, place) - 1) for place in found] if laid.places else []
    return [at for form in claim.forms for at in laid.tokens_at.get(form, ())]


def _near(s: Sentence, claim: Claim) -> dict[str, float]:
    """The telling words of the sentence, each with how near to the fact it stands."""
    near: dict[str, float] = {}
    own = {token[:PREFIX] for token in s.tokens[claim.first : claim.last + 1]}
    for at, token in enumerate(s.tokens):
        word = token[:PREFIX]
        if word not in own and token not in s.stop:
            between = (claim.first - at if at < claim.first else at - claim.last) - 1
            near[word] = max(near.get(word, 0.0), 1 / (1 + between / DECAY))
    return near


def _view(near: dict[str, float], laid: Layout, found: list[int]) -> _View:
    pieces = len(laid.starts)
    weights = {
        word: weight * log(1 + pieces / len(laid.pieces_with[word]))
        for word, weight in near.items()
        if word in laid.pieces_with
    }
    scores: dict[int, float] = {}
    for word, weight in weights.items():
        for piece in laid.pieces_with[word]:
            scores[piece] = scores.get(piece, 0.0) + weight
    return _View(laid, weights, scores, frozenset(bisect_right(laid.firsts, at) - 1 for at in found))


def _is_replaced(s: Sentence, claim: Claim, views: Sequence[_View], same: int, best: float) -> bool:
    least = max(LEAST_SAME_NAME if claim.forms else LEAST_SAME, same + AHEAD)
    ranked = nlargest(
        MOST_CLOSE,
        (
            (score, -n, piece)
            for n, view in enumerate(views)
            for piece, score in view.scores.items()
            if score >= CLOSE * best
        ),
    )
    return any(
        _same_around_another(s, claim, views[-n], piece) >= least
        and _adds(views, views[-n].laid, piece) <= SLACK * best
        for _, n, piece in ranked
    )


def _adds(views: Sequence[_View], laid: Layout, piece: int) -> float:
    """How much of the sentence the fact's own places tell that this piece does not."""
    told = laid.words[piece] | laid.context[piece]
    return max(
        sum(
            weight
            for word, weight in view.weights.items()
            if word not in told and (word in view.laid.words[held] or word in view.laid.context[held])
        )
        for view in views
        for held in (view.held or (0,))
    )


def _is_apart(s: Sentence, claim: Claim, views: Sequence[_View], best: float) -> bool:
    if any(_about(view, piece) >= APART * best for view in views for piece in view.held):
        return False
    said = frozenset(s.tokens)
    return any(
        _is_another(claim, view.laid, at) and view.laid.tokens[at] not in said
        for view in views
        for piece, score in view.scores.items()
        if score == best
        for at in range(*view.laid.span(piece))
    )


def _about(view: _View, piece: int) -> float:
    laid = view.laid
    beside = laid.context[piece].union(*laid.words[max(0, piece - 1) : piece + 2]) - laid.words[piece]
    return view.scores.get(piece, 0.0) + BESIDE * sum(view.weights[word] for word in beside & view.weights.keys())


def _is_another(claim: Claim, laid: Layout, at: int) -> bool:
    return laid.classes[at] == (NAMED if claim.forms else NUMERAL)


def _most_same(s: Sentence, claim: Claim) -> int:
    return max(1, min(REACH, claim.first)) + max(1, min(REACH, len(s.tokens) - 1 - claim.last))


def _before(s: Sentence, claim: Claim, laid: Layout, at: int) -> int:
    """How many words before the claim are those that end at this token."""
    most, n, here, there, start = min(REACH, claim.first, at + 1), 0, s.tokens, laid.tokens, claim.first - 1
    while n < most and here[start - n] == there[at - n]:
        n += 1
    return n


def _after(s: Sentence, claim: Claim, laid: Layout, at: int) -> int:
    """How many words after the claim are those that begin at this token."""
    here, there, start = s.tokens, laid.tokens, claim.last + 1
    most, n = min(REACH, len(here) - start, len(there) - at), 0
    while n < most and here[start + n] == there[at + n]:
        n += 1
    return n


def _same_at(s: Sentence, claim: Claim, laid: Layout, at: int) -> int:
    """How many words around the claim are the same here, where it stands; a name must stand here whole on that side."""
    ahead, behind = claim.at - claim.first, claim.last - claim.at
    tokens = laid.tokens
    starts_same = not ahead or (at >= ahead and tokens[at - ahead : at] == s.tokens[claim.first : claim.at])
    ends_same = not behind or tokens[at + 1 : at + 1 + behind] == s.tokens[claim.at + 1 : claim.last + 1]
    before = _before(s, claim, laid, at - ahead - 1) if starts_same else 0
    return before + (_after(s, claim, laid, at + behind + 1) if ends_same else 0)


def _same_around_another(s: Sentence, claim: Claim, view: _View, piece: int) -> int:
    """The most words around the claim that are the same around another fact of this piece; its ends count as a word."""
    first, end = view.laid.span(piece)
    is_held = piece in view.held
    if claim.first:
        gaps = [at for at in range(first, end - 1) if view.laid.tokens[at] == s.tokens[claim.first - 1]]
        return max((_around(s, claim, view.laid, at, end, is_held=is_held) for at in gaps), default=0)
    return _around(s, claim, view.laid, first - 1, end, is_held=is_held)


def _around(s: Sentence, claim: Claim, laid: Layout, before: int, end: int, *, is_held: bool) -> int:
    """The same words around what follows this token, if another fact is in it."""
    left = _before(s, claim, laid, before) if claim.first else 1
    rest = len(s.tokens) - 1 - claim.last
    mine = {s.tokens[claim.at], *claim.forms}
    most, is_another, is_new = 0, False, False
    for at in range(before + 1, min(before + 1 + MAX_GAP, end)):
        if laid.tokens[at] in mine:
            break
        if _is_another(claim, laid, at):
            is_another = True
            is_new = is_new or (not is_held and laid.tokens[at] not in s.tokens)
        right = 1 if at + 1 == end else _after(s, claim, laid, at + 1)
        is_sure = (left >= SURE and right >= SURE) or (left > SURE and right == rest)
        if is_new or (is_another and is_sure):
            most = max(most, left + right if right or claim.last + 1 == len(s.tokens) else 0)
    return most
