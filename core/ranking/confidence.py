"""The numbers a confidence is made of: how a search went, and how far its best passages hold what the question asks for.  Pure.

They do not look at ``Passage.score``, so a ranker may change its scale; each is between 0 and 1, or close to it, and means the
same in an index of any size.  Similarity of single sentences by vectors was tried and told nothing more.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import log1p

from core.ports.knowledge import Passage, SearchQuery, SearchResult
from core.ranking.checking import Asked, Seen, Wanted, seen, wanted
from core.ranking.vagueness import vague_signals

LOOKED_AT = 20
"""So many of the best passages are compared, however many were asked for."""

READ = 3
"""So many are read: an answer is quoted from them."""

COMPARED_WITH = 9
"""The best document is compared with the one at this place."""

_LONG = 80
_MUCH_TEXT = 4.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Inspected:
    """A question, what the passages that were read hold of it, and the numbers that tell how sure an answer is."""

    wants: Wanted
    read: tuple[Seen, ...]
    signals: dict[str, float]
    texts: tuple[str, ...]
    has_cosine: bool


def inspect(query: SearchQuery, result: SearchResult) -> Inspected:
    """Look at the best passages; numbers of meaning are there when every passage has a cosine."""
    passages = result.passages[:LOOKED_AT]
    wants = wanted(query, result.terms)
    read = tuple(seen(passage.chunk, wants) for passage in passages[:READ])
    worded, meaning, held = _by_words(passages, wants), _by_meaning(passages), _held(wants, read)
    named = {
        **worded,
        **meaning,
        **held,
        **_standing_out(worded, held["covered_first"]),
        **_asked(query, wants, read),
        **vague_signals(query, result.terms),
    }
    rounded = {name: round(value, 4) for name, value in named.items()}
    return Inspected(
        wants=wants,
        read=read,
        signals=rounded,
        texts=tuple(passage.chunk.text for passage in passages[:READ]),
        has_cosine=bool(meaning),
    )


def best_by_document(passages: Sequence[Passage], values: Sequence[float]) -> list[float]:
    """The best value of each document, highest first."""
    best: dict[str, float] = {}
    for passage, value in zip(passages, values, strict=True):
        best[passage.chunk.document_id] = max(value, best.get(passage.chunk.document_id, value))
    return sorted(best.values(), reverse=True)


def _bm25(passage: Passage) -> float:
    return passage.features.get("bm25", passage.score)


def _by_words(passages: Sequence[Passage], wants: Wanted) -> dict[str, float]:
    """How well the words match, and how far the best document stands out by them."""
    values = best_by_document(passages, [_bm25(passage) for passage in passages])
    if not values or values[0] <= 0:
        return {"bm25": 0.0, "bm25_gap": 0.0, "bm25_margin": 0.0}
    ninth = values[COMPARED_WITH - 1] if len(values) >= COMPARED_WITH else 0.0
    return {
        "bm25": min(1.0, values[0] / (_MUCH_TEXT * wants.weight)) if wants.weight > 0 else 0.0,
        "bm25_gap": 1 - (values[1] / values[0] if len(values) > 1 else 0.0),
        "bm25_margin": 1 - ninth / values[0],
    }


def _by_meaning(passages: Sequence[Passage]) -> dict[str, float]:
    cosines = [passage.features["cosine"] for passage in passages if "cosine" in passage.features]
    if not passages or len(cosines) < len(passages):
        return {}
    return {"cosine": max(0.0, *cosines), "cosine_first": max(0.0, cosines[0])}


def _standing_out(worded: Mapping[str, float], covered: float) -> dict[str, float]:
    """To be better than the rest tells something as far as the best is good.

    Among some dozens of passages any word that only one of them has makes it stand out.
    """
    gap, margin, good = worded["bm25_gap"], worded["bm25_margin"], worded["bm25"]
    return {
        "gap_held": gap * covered,
        "gap_worded": gap * good,
        "margin_held": margin * covered,
        "margin_worded": margin * good,
    }


def _held(wants: Wanted, read: Sequence[Seen]) -> dict[str, float]:
    """How much of the question the passages that were read hold."""
    pairs = max(1, len(wants.words) - 1)
    return {
        "covered_first": wants.weigh(read[0].found) if read else 0.0,
        "sentence": max((wants.weigh(one.sentence) for one in read), default=0.0),
        "phrases": max((len(one.phrases) / pairs for one in read), default=0.0),
    }


def _asked(query: SearchQuery, wants: Wanted, read: Sequence[Seen]) -> dict[str, float]:
    """The question itself: some kinds are answered by fewer pages than others, and a word or two seldom say enough.

    Unless one of the two is a code of which the best passage tells: "E03" means one thing.
    """
    says_enough = bool(query.earlier or query.hints.strip() or _names_its_page(wants, read))
    return {
        "bare": 0.0 if says_enough else 1 / (1 + len(wants.words)),
        "length": min(1.0, log1p(len(query.text.split())) / log1p(_LONG)),
        "follow_up": float(bool(query.earlier)),
        "names": float(bool(wants.names)),
        "codes": float(bool(wants.codes)),
        "amount": float(wants.kind is Asked.AMOUNT),
        "place": float(wants.kind is Asked.PLACE),
        "whether": float(wants.kind is Asked.WHETHER),
        "topic": float(wants.kind is Asked.TOPIC),
    }


def _names_its_page(wants: Wanted, read: Sequence[Seen]) -> bool:
    """Whether the best passage holds every code that is asked for, and there is one."""
    return bool(wants.codes and read) and read[0].named.issuperset(wants.codes)
