"""A message's entities: the readers one after the other; the more certain kind is read first and keeps its words.  Pure."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import datetime
from typing import Final

from core.entities.amounts import amounts
from core.entities.calendar import calendar
from core.entities.clock import times
from core.entities.counts import counts
from core.entities.entity import Entity
from core.entities.identifiers import accounts, addresses, orders, phones
from core.entities.lexicon import NOTHING, Lexicon, listed_words, matched
from core.entities.page import Hit, Page
from core.entities.periods import periods, recurring
from core.entities.relative import relative_days
from core.entities.tracking import tracking

MAX_CHARS: Final = 4_000
MAX_ENTITIES: Final = 20
TOLD_AGAIN: Final = frozenset(("date", "time", "period", "duration", "number"))
"""Kinds of which each mention counts."""


def entities(
    text: str, *, language: str = "en", at: datetime | None = None, lexicon: Lexicon = NOTHING
) -> tuple[Entity, ...]:
    """The facts of a message, in order, each once.

    ``at`` is the time of writing in the contact's (else the tenant's) zone; without it what is relative has no value.
    """
    page = Page(text[:MAX_CHARS], language=language, region=lexicon.region, at=at)
    written = page.text
    page.take_all(_placed(page, addresses(written)))
    page.take_all(_placed(page, matched(written, lexicon)))
    if page.has_digit:
        page.take_all(_placed(page, accounts(written)))
        page.take_all(tracking(page))
        page.take_all(_placed(page, orders(written)))
    page.take_all(listed_words(page, lexicon))
    for reader in (amounts, recurring, calendar, times, relative_days):
        page.take_all(reader(page))
    if page.has_digit:
        page.take_all(_placed(page, phones(page)))
    page.take_all(periods(page))
    page.take_all(counts(page))
    return tuple(_each_once(page.entities()))[:MAX_ENTITIES]


def _each_once(found: Iterable[Entity]) -> Iterator[Entity]:
    """What names one thing is told once; "2 adults and 2 children" are two numbers."""
    seen: set[Entity] = set()
    for entity in found:
        if entity.kind in TOLD_AGAIN or entity not in seen:
            seen.add(entity)
            yield entity


def _placed(page: Page, hits: Iterable[Hit]) -> Iterator[Hit]:
    """Readings of the text as written, at their places in the folded one."""
    if isinstance(page.places, range):
        yield from hits
        return
    places = page.places
    for hit in hits:
        yield replace(hit, start=bisect_left(places, hit.start), end=bisect_left(places, hit.end))
