"""The block ``engine.search``: mirrors core.settings.SearchSettings field by field."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, Field

from config.embedding import CrossEncoderBlock
from config.parts import EnginePart, Word
from core.words import words


def _says_something(name: str) -> str:
    if not words(name):
        raise ValueError("a synonym needs a word or a number in it")
    return name


def _differ(group: tuple[str, ...]) -> tuple[str, ...]:
    if len({" ".join(words(name)) for name in group}) < len(group):
        raise ValueError("the words of a group must differ in more than capitals, accents and punctuation")
    return group


Name = Annotated[Word, AfterValidator(_says_something)]
Group = Annotated[tuple[Name, ...], Field(min_length=2, max_length=20), AfterValidator(_differ)]


class Search(EnginePart):
    """How questions are looked up."""

    synonyms: Annotated[tuple[Group, ...], Field(max_length=1_000)] = ()
    """Groups of words or phrases that mean the same here, as in `[[parcel, package, shipment], [2FA, two-factor code]]`.

    A question with one of them also finds passages with the others, a little below those with its own word.
    """
    cross_encoder: CrossEncoderBlock | None = None
    """A model that reads question and passage together, to put the best few in order."""
