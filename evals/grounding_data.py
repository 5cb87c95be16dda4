"""What the grounding checker learns from and is measured on: judged replies, and sentences made from support documents."""

from __future__ import annotations

import json
import math
import random
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.guard.grounding_features import tokens
from core.words import sentences, stem, stop_words, words

PASSAGE_CHARS = 2_400
SUPPORT_SUITES = ("techqa", "wixqa")
RARITY_WORDS = 4_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """A reply, its evidence and whether it is supported; ``source`` says where it comes from, ``how`` how it was made."""

    id: str
    response: str
    evidence: tuple[str, ...]
    is_supported: bool
    source: str
    how: str = "judged"


def judged(folder: Path) -> list[Item]:
    """The items of a grounding suite."""
    return [
        Item(
            id=row["id"],
            response=row["response"],
            evidence=tuple(row["knowledge"]),
            is_supported=bool(row.get("supported")),
            source=row.get("source", ""),
        )
        for row in _rows(folder / "items.jsonl")
    ]


def _rows(path: Path) -> Iterator[dict[str, Any]]:
    with path.open(encoding="utf-8") as file:
        for line in file:
            if line.strip():
                yield json.loads(line)


def rarity(data: Path) -> dict[str, float]:
    """How rare stems are in talk, 0 to 1: from contacts' messages of the suites, their labels unread."""
    texts = [turn["text"] for row in _rows(data / "grounding_begin" / "items.jsonl") for turn in row["history"]]
    texts += [row["question"] for suite in SUPPORT_SUITES for row in _rows(data / suite / "questions.jsonl")]
    counts = Counter(word for text in texts for word in {stem(token) for token in tokens(text)})
    top = math.log(len(texts) + 1)
    kept = [pair for pair in counts.most_common(RARITY_WORDS) if pair[1] > 1]
    return {word: round(min(1.0, math.log((len(texts) + 1) / count) / top), 3) for word, count in sorted(kept)}


def support(data: Path, *, seed: int, passages: int = 120) -> list[Item]:
    """Sentences of support documents: quoted, lightly edited, or made up, against their own passage and two others."""
    chance = random.Random(seed)  # noqa: S311  (a sample, not a secret)
    items: list[Item] = []
    for suite in SUPPORT_SUITES:
        pool = [p for row in _rows(data / suite / "documents.jsonl") for p in _passages(row["text"])]
        for number, (passage, other, third) in enumerate(chance.sample(pool, 3) for _ in range(passages)):
            own, strange = _said(passage), _said(chance.choice(pool))
            if not own or not strange:
                continue
            sentence, stranger = chance.choice(own), chance.choice(strange)
            evidence = tuple(chance.sample([passage, other, third], 3))
            for how, text, holds in _made(sentence, stranger, chance):
                name = f"{suite}-{number}-{how}"
                items.append(
                    Item(
                        id=name,
                        response=text,
                        evidence=evidence,
                        is_supported=holds,
                        source=f"{suite}-{number}",
                        how=how,
                    )
                )
    return items


def _passages(text: str) -> Iterator[str]:
    for at in range(0, min(len(text), 12_000), PASSAGE_CHARS):
        if len(text) - at > 300:
            yield text[at : at + PASSAGE_CHARS]


def _said(passage: str) -> list[str]:
    """Whole sentences of a usual length; the first and the last may be cut."""
    found = [sentence for line in passage.splitlines() for sentence in sentences(line)]
    return [sentence for sentence in found[1:-1] if 5 <= len(words(sentence)) <= 45]


def _made(sentence: str, stranger: str, chance: random.Random) -> Iterable[tuple[str, str, bool]]:
    yield "quoted", sentence, True
    yield "edited", _edited(sentence, chance), True
    yield "strange", stranger, False
    yield "grafted", _grafted(sentence, stranger), False
    yield "swapped", _swapped(sentence, stranger, chance), False


def _edited(sentence: str, chance: random.Random) -> str:
    """What a careful writer changes: an opening word, brackets, contractions, emphasis, a citation."""
    text = re.sub(r"\s*\([^)]*\)", "", sentence) if chance.random() < 0.5 else sentence
    text = text.replace("you'll", "you will").replace("don't", "do not").replace(" cannot ", " can't ")
    text = text.replace("In order to ", "To ").replace("Please ", "").replace("utilize", "use")
    opening = chance.choice(["", "Yes, ", "Please note: ", "In that case, ", "Sure! ", "You can do this: ", "First, "])
    if opening and len(text) > 1 and text[1].islower():
        text = text[0].lower() + text[1:]
    return f"{opening}{text.rstrip('.')}{chance.choice(['.', '. [1]', ' [2].', ''])}"


def _grafted(sentence: str, stranger: str) -> str:
    """The first half of one and the last of the other."""
    left, right = sentence.split(), stranger.split()
    return " ".join(left[: len(left) // 2] + right[len(right) // 2 :])


def _swapped(sentence: str, stranger: str, chance: random.Random) -> str:
    """A third of the telling words, two at least, from elsewhere."""
    stop = stop_words("en")
    said = sentence.split()
    places = [at for at, word in enumerate(said) if word.lower() not in stop]
    foreign = [word for word in stranger.split() if word.lower() not in stop and word not in sentence]
    for at in chance.sample(places, min(len(places), max(2, len(places) // 3))):
        if foreign:
            said[at] = foreign.pop(chance.randrange(len(foreign)))
    return " ".join(said)
