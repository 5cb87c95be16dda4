"""The guard block of a tenant: mirrors core.guard.settings field by field."""

from __future__ import annotations

import re
from typing import Annotated, Literal, Self

from pydantic import Field, StringConstraints, field_validator, model_validator

from config.parts import EnginePart, LanguageCode, Sentence, Share, Word
from config.patterns import safe_pattern

Level = Literal["hold", "note", "off"]
MAX_WAYS = 2_000
"""One open repeat, or two short ones: a sentence is searched from each of its places, and on the event loop."""

_HOST = re.compile(r"(?:\*\.)?[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)+", re.IGNORECASE)


def _check_pattern(pattern: str) -> None:
    try:
        safe_pattern(pattern, most_ways=MAX_WAYS)
    except ValueError as error:
        raise ValueError(f"the pattern `{pattern}` {error}") from None
    if re.compile(pattern, re.IGNORECASE).search(""):
        raise ValueError(f"the pattern `{pattern}` matches every sentence; let it name a word")


class SayingRule(EnginePart):
    """One policy about what may be said; every matching rule is recorded, the first one decides."""

    id: Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_-]{0,62}$")]
    """Its name in traces."""
    when_says: Annotated[tuple[Word, ...], Field(min_length=1, max_length=100)]
    """Words or phrases (a trailing `*` matches any ending), or `/a regular expression/`; one match is enough."""
    unless: tuple[Word, ...] = ()
    """Backing objects that allow it: `refund`, `return`, `handoff`, `callback` or the name of a tool that ran in this turn."""
    then: Literal["hold", "replace", "hand_over"] = "hold"
    """Hold the sentence back, say something else instead, or hold it back and bring in a person."""
    say: Sentence | None = None
    """The sentence said instead; needed with `then: replace`."""

    @field_validator("when_says", mode="after")
    @classmethod
    def _bounded(cls, entries: tuple[str, ...]) -> tuple[str, ...]:
        for entry in entries:
            if len(entry) > 2 and entry.startswith("/") and entry.endswith("/"):
                _check_pattern(entry[1:-1])
            elif not any(ch.isalnum() for ch in entry):
                raise ValueError(f"`{entry}` holds no word; write a word, a phrase, or /a regular expression/")
        return entries

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if (self.then == "replace") != (self.say is not None):
            raise ValueError("`say` and `then: replace` go together: give both, or neither")
        return self


class GuardLevels(EnginePart):
    """What a finding does: `hold` holds the sentence back, `note` only records it, `off` does not look."""

    no_citation: Level = "hold"
    """A statement of fact without a citation."""
    unsupported: Level = "hold"
    """A number, date, price, link, address or code that what it cites does not hold; `off` also switches names off."""
    names: Level = "hold"
    """A name or product term that what it cites does not hold."""
    misplaced: Level = "hold"
    """A number, price, share, duration, date, time or name that what it cites holds, but says of something else."""
    ungrounded: Level = "hold"
    """A cited sentence that the grounding checker does not find in what it cites."""
    link: Level = "hold"
    """A link that neither the evidence nor `links` leads to."""
    promise: Level = "hold"
    """A promise nothing stands behind; `hold` replaces it by an honest sentence."""
    foreign_pii: Level = "hold"
    """Personal data that neither the contact nor the evidence gave; `hold` replaces it by a placeholder."""
    unsafe: Level = "hold"
    """Abuse and slurs."""


class Guard(EnginePart):
    """What every sentence of a model must pass before the contact sees it."""

    strictness: Literal["strict", "normal", "lenient"] = "normal"
    """How much a sentence must prove: `strict` accepts no figures from the contact's own words and no statement-like small talk
    without a citation; `lenient` lets uncited sentences pass whose facts stand in any source of the turn."""
    levels: GuardLevels = GuardLevels()
    """What a finding of each rule does; unknown citations and leaked prompts are always held back."""
    links: Annotated[tuple[Word, ...], Field(max_length=200)] = ()
    """Hosts (`shop.example`, subdomains included) or address beginnings (`https://shop.example/help/`) that may be linked."""
    sayings: Annotated[tuple[SayingRule, ...], Field(max_length=100)] = ()
    """Your own rules about what may be said."""
    promises: dict[LanguageCode, Sentence] = Field(default_factory=dict)
    """The sentence said instead of a promise nothing stands behind, by language; left out: the shipped one."""
    unsafe_words: Annotated[tuple[Word, ...], Field(max_length=500)] = ()
    """Words never said, besides the shipped list of abuse; a trailing `*` matches any ending."""
    grounding_threshold: Share | None = None
    """From which score on a sentence counts as grounded, 0 to 1; left out: the checker's own."""

    @field_validator("links", mode="after")
    @classmethod
    def _are_links(cls, links: tuple[str, ...]) -> tuple[str, ...]:
        for link in links:
            rest = link.removeprefix("https://").removeprefix("http://")
            if not _HOST.fullmatch(rest.partition("/")[0].partition(":")[0]):
                raise ValueError(
                    f"`{link}` is neither a host (shop.example) nor an address (https://shop.example/help/)"
                )
        return links

    @field_validator("unsafe_words", mode="after")
    @classmethod
    def _are_words(cls, words: tuple[str, ...]) -> tuple[str, ...]:
        for word in words:
            if not any(ch.isalnum() for ch in word) or word.startswith("/"):
                raise ValueError(f"`{word}` is not a word; patterns go into `sayings`")
        return words

    @field_validator("sayings", mode="after")
    @classmethod
    def _are_different(cls, rules: tuple[SayingRule, ...]) -> tuple[SayingRule, ...]:
        names = [rule.id for rule in rules]
        twice = next((name for name in names if names.count(name) > 1), None)
        if twice:
            raise ValueError(f"the rule `{twice}` stands twice; give it an id of its own")
        return rules
