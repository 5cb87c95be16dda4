"""The entities block of a tenant: mirrors ``core.entities.EntitySettings`` field by field."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Annotated, Any, Final, Self

from pydantic import AfterValidator, BeforeValidator, Field, StringConstraints, model_validator

from config.parts import EnginePart, Word
from config.patterns import safe_pattern

MAX_WAYS: Final = 2_000
"""As for sayings: a message is searched from each of its places, and on the event loop."""

BUILT_IN: Final = (
    "order", "tracking", "email", "phone", "iban", "card", "url", "amount", "date", "time", "period", "duration", "number",
    "product",
)  # fmt: skip
"""The same as ``core.entities.KINDS``."""

KIND = re.compile(r"[a-z][a-z0-9_]{0,40}")


def _pattern(pattern: str) -> str:
    """A pattern that is safe to run on what strangers write, and that matches something."""
    safe_pattern(pattern, most_ways=MAX_WAYS)
    if re.search(pattern, "", re.IGNORECASE):
        raise ValueError("matches the empty text; let it name at least one character")
    return pattern


def _spread(value: Any) -> Any:
    """A plain list is words without synonyms."""
    return dict.fromkeys(value, ()) if isinstance(value, list | tuple) else value


def _kind(name: str) -> str:
    if not KIND.fullmatch(name):
        raise ValueError("must be a-z, 0-9 and _, at most 41 characters, starting with a letter")
    if name in BUILT_IN:
        raise ValueError(f"is a built-in kind; choose a name other than {', '.join(BUILT_IN)}")
    return name


def _region(region: str) -> str:
    from phonenumbers import SUPPORTED_REGIONS  # noqa: PLC0415  # its tables are wanted only where a region is set

    if region and region not in SUPPORTED_REGIONS:
        mend = ' ("GB" is the United Kingdom\'s)' if region == "UK" else ""
        raise ValueError(f"must be a country's two letters of ISO 3166, like GB, US or DE{mend}")
    return region


Words = Annotated[
    dict[Word, tuple[Word, ...]],
    BeforeValidator(_spread, json_schema_input_type=dict[Word, tuple[Word, ...]] | tuple[Word, ...]),
    Field(max_length=5_000),
]
Pattern = Annotated[str, AfterValidator(_pattern)]
KindName = Annotated[str, AfterValidator(_kind)]


class CustomEntity(EnginePart):
    """A kind of your own: a pattern, or words."""

    pattern: Pattern | None = None
    """A regular expression; at most one open repeat (`+`, `*`), others bounded like `{1,20}`."""
    words: Words = Field(default_factory=dict)
    """A list of words and phrases, or each with its synonyms; case and accents do not matter."""

    @model_validator(mode="after")
    def _one_of(self) -> Self:
        if (self.pattern is None) == (not self.words):
            raise ValueError("needs `pattern` or `words`, one of them")
        return self


class Entities(EnginePart):
    """What is read from your customers' messages besides order numbers, amounts, dates and the like."""

    region: Annotated[str, StringConstraints(to_upper=True), AfterValidator(_region)] = ""
    """Country of your customers (GB, US, DE …): whose phone numbers, dollars and order of day and month are meant."""
    products: Words = Field(default_factory=dict)
    """Product names, with synonyms."""
    custom: dict[KindName, CustomEntity] = Field(default_factory=dict, max_length=50)
    """Kinds of your own, by name."""


def twice(block: Entities) -> Iterator[tuple[tuple[str, ...], str, str]]:
    """(place in the block, what, mend) of words that two kinds claim: only the first one ever gets them."""
    claimed: dict[str, str] = {}
    lists: list[tuple[str, tuple[str, ...], dict[str, tuple[str, ...]]]] = [("product", ("products",), block.products)]
    lists += [(name, ("custom", name, "words"), custom.words) for name, custom in block.custom.items()]
    for kind, place, known in lists:
        for name, synonyms in known.items():
            for word in (name, *synonyms):
                first = claimed.setdefault(" ".join(word.casefold().split()), kind)
                if first != kind:
                    yield (*place, name), f"`{word}` is of the kind `{first}` already", "keep it in one of them"
