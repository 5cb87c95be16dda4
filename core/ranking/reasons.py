"""Why an assessment came out as it did, in words for the people who run the assistant.  Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Final

from core.ports.knowledge import Advice, SearchQuery
from core.ranking.calibration import Linear
from core.ranking.checking import MAX_CHARS
from core.ranking.confidence import Inspected
from core.ranking.vagueness import strange
from core.spelling import is_one_slip
from core.words import fold, words

MAX_REASONS, MAX_MISSING = 3, 2
TELLING = 0.1
"""A signal that moves the log-odds by less is not worth a sentence."""

RARE_SHARE = 0.15
"""A missing word is named when it weighs at least this share of the question."""

MAX_SHOWN = 40

_EVIDENCE: Final[Mapping[str, tuple[str, str]]] = {
    "bm25": (
        "the best passage shares few telling words with the question",
        "the best passage shares many telling words with it",
    ),
    "gap_held": ("the best two documents are equally good", "one document is clearly better than the next"),
    "gap_worded": ("the best two documents are equally good", "one document is clearly better than the next"),
    "margin_held": ("many documents are about as good as the best", "the best documents stand out from the rest"),
    "margin_worded": ("many documents are about as good as the best", "the best documents stand out from the rest"),
    "cosine": ("nothing found is close to the question in meaning", "a passage is close to the question in meaning"),
    "cosine_first": ("the first passage is not close to it in meaning", "the first passage is close to it in meaning"),
    "phrases": ("the question's words stand apart in the passages", "the question's phrases stand in a passage"),
}
"""Signal → what little of it says, and what much of it."""

_OBSTACLES: Final[Mapping[str, str]] = {
    "whether": "a page seldom says yes or no",
    "amount": "it asks for an amount, which pages seldom give",
    "place": "it asks for a place, which pages seldom give",
    "follow_up": "it is a follow-up that leans on what was said before",
    "bare": "it says too little to be sure what is meant",
}
"""Signal → what its presence says against an answer."""


def reasons(query: SearchQuery, looked: Inspected, model: Linear, advice: Advice) -> tuple[str, ...]:
    """At most three, the weightiest first: what is missing by name, then what moved the confidence most towards the advice."""
    is_answer = advice is Advice.ANSWER
    found = [] if is_answer else [*(_pointing(query) if advice is Advice.CLARIFY else ()), *_missing(looked)]
    return tuple(dict.fromkeys([*found, *_moved(looked.signals, model, is_answer)]))[:MAX_REASONS]


def _moved(signals: Mapping[str, float], model: Linear, is_answer: bool) -> Iterator[str]:
    """What is unusual about the signals, and matters."""
    sign = 1 if is_answer else -1
    for name, share in sorted(model.shares(signals).items(), key=lambda item: (-sign * item[1], item[0])):
        if sign * share < TELLING:
            return
        is_much = signals[name] > model.typical.get(name, 0.0)
        if name in _EVIDENCE and is_much is is_answer:
            yield _EVIDENCE[name][is_much]
        elif name in _OBSTACLES and is_much and not is_answer:
            yield _OBSTACLES[name]


def _missing(looked: Inspected) -> list[str]:
    """Codes, names and heavy words that none of the passages holds; at most two, so that other reasons have a place, too."""
    named = frozenset[str]().union(*(one.named for one in looked.read))
    names = [asked for asked in (*looked.wants.codes, *looked.wants.names) if asked not in named]
    told = [f"none of the passages names “{_shown(asked)}”" for asked in names]
    held = frozenset[int]().union(*(one.found for one in looked.read))
    parts = fold(" ".join(names))
    heavy = [
        word.text
        for place, word in enumerate(looked.wants.words)
        if place not in held and looked.wants.weigh([place]) >= RARE_SHARE and word.text not in parts
    ]
    if heavy and len(told) < MAX_MISSING:
        spelled = frozenset(word for text in looked.texts for word in words(text[:MAX_CHARS]))
        told += [f"none of the passages says “{_shown(word)}”" for word in heavy if not _is_typo(word, spelled)]
    return told[:MAX_MISSING]


def _is_typo(word: str, spelled: Collection[str]) -> bool:
    """Whether a passage has the word spelled another way: then it is not missing."""
    near = range(len(word) - 1, len(word) + 2)
    return any(other[:1] == word[:1] and len(other) in near and is_one_slip(word, other) for other in spelled)


def _pointing(query: SearchQuery) -> Iterator[str]:
    for phrase in strange(query):
        if phrase.is_narrowed:
            continue
        said = _shown(" ".join((phrase.article, *phrase.words)))
        yield f"the question says “{said}” without saying which"


def _shown(text: str) -> str:
    return text if len(text) <= MAX_SHOWN else text[: MAX_SHOWN - 1] + "…"
