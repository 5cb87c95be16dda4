"""A quote takes what belongs to it along: the sentence a pronoun points to, the condition that follows, the list a colon
announces.  Pure.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from core.steps.units import Unit, UnitKind

SHORT_BLOCK_WORDS = 50
"""A short paragraph is quoted whole."""

SHORT_WORDS = 35
"""A shorter quote takes the next sentence along."""

LEAD_IN_WORDS = 30
"""A longer sentence above a list does not announce it, unless it ends in a colon."""

STEP_WORDS = 25
"""A longer sentence below an announcement is no step of it."""

_LEANS_BACK = re.compile(
    r"(?:this|these|those|it|they|that|such|however|but|otherwise|then|also|in (?:this|that|these) cases?|to do "
    r"(?:so|this)|"
    r"dies\w*|das|sie|es|jedoch|aber|sonst|ce(?:la|tte)?|ces|ils?|elles?|cependant|mais|sinon|est[aeo]s?|ello|sin "
    r"embargo|pero|si no)\b",
    re.IGNORECASE,
)
_CONDITION = re.compile(
    r"(?:\W*)(?:however|but|unless|except|only|note|notice|important|otherwise|if|provided|please note|exceptions?|"
    r"warning|caution|this does "
    r"not|does not apply|jedoch|aber|außer|nur|hinweis|achtung|wichtig|sonst|wenn|falls|ausgenommen|cependant|mais|"
    r"sauf|seulement|attention|"
    r"remarque|sinon|si|excepto|salvo|pero|sin embargo|nota|importante|solo)\b",
    re.IGNORECASE,
)


def grown(listed: Sequence[Unit], at: int, budget: int, max_items: int) -> tuple[int, int, bool]:
    """First and last unit of the quote around a unit, and whether a long list had to be cut."""
    first = last = at
    if listed[at].kind is UnitKind.ITEM:
        first, last, is_cut = _whole_list(listed, at, max_items)
        return _with_lead_in(listed, first), last, is_cut
    if listed[at].kind is UnitKind.SENTENCE:
        if (steps := _whole_steps(listed, at, budget)) is not None:
            return *steps, False
        first, last = _whole_paragraph(listed, at, budget)
    while first and listed[first].kind is UnitKind.SENTENCE and _needs_previous(listed, first) and last - first < 2:
        first -= 1
    count = sum(len(unit.text.split()) for unit in listed[first : last + 1])
    while last + 1 < len(listed) and _takes_along(listed, last, count, budget):
        last += 1
        if listed[last].kind is not UnitKind.SENTENCE:
            _, last, is_cut = _whole_list(listed, last, max_items)
            return first, last, is_cut
        count += len(listed[last].text.split())
    return first, last, False


def leans_back(text: str) -> bool:
    """Whether a sentence cannot stand without the one before it."""
    return bool(_LEANS_BACK.match(text.lstrip(" *_")))


def announces_steps(unit: Unit) -> bool:
    """Whether a sentence holds a line that ends in a colon: what lost its list form goes on with the first step."""
    return unit.kind is UnitKind.SENTENCE and ":\n" in unit.text


def is_condition(text: str) -> bool:
    """Whether a sentence limits what was said before it."""
    return bool(_CONDITION.match(text))


def _whole_steps(listed: Sequence[Unit], at: int, budget: int) -> tuple[int, int] | None:
    """First and last unit of the steps a sentence announces or belongs to; None when it is no step or they are too many."""
    first = at
    while first and _is_step(listed[first], listed[first - 1]):
        first -= 1
    if not announces_steps(listed[first]):
        return None
    last, count = first, len(listed[first].text.split())
    while last + 1 < len(listed) and _is_step(listed[last + 1], listed[last]):
        last += 1
        count += len(listed[last].text.split())
        if count > budget:
            return (first, last - 1) if at < last else None
    return first, last


def _is_step(unit: Unit, before: Unit) -> bool:
    is_near = unit.kind is before.kind is UnitKind.SENTENCE and unit.block == before.block
    is_other = announces_steps(unit) or unit.text.rstrip().endswith(("?", ":"))
    return is_near and not is_other and len(unit.text.split()) <= STEP_WORDS


def _whole_paragraph(listed: Sequence[Unit], at: int, budget: int) -> tuple[int, int]:
    """First and last sentence of the paragraph, when it is short; else the sentence alone."""
    first, last, _ = _whole_list(listed, at, len(listed))
    count = sum(len(unit.text.split()) for unit in listed[first : last + 1])
    is_mixed = any(unit.kind is not UnitKind.SENTENCE for unit in listed[first : last + 1])
    return (at, at) if is_mixed or count > min(budget, SHORT_BLOCK_WORDS) else (first, last)


def _needs_previous(listed: Sequence[Unit], at: int) -> bool:
    before = listed[at - 1]
    return before.kind is UnitKind.SENTENCE and before.section == listed[at].section and leans_back(listed[at].text)


def _takes_along(listed: Sequence[Unit], last: int, count: int, budget: int) -> bool:
    here, following = listed[last], listed[last + 1]
    if here.section != following.section:
        return False
    if here.text.rstrip(" *_").endswith(":"):
        return True
    if following.kind is not UnitKind.SENTENCE or count + len(following.text.split()) > budget:
        return False
    same_block = here.block == following.block
    if following.text.rstrip(" *_").endswith(("?", ":")):
        return False
    return is_condition(following.text) or (same_block and count < SHORT_WORDS)


def _whole_list(listed: Sequence[Unit], at: int, max_items: int) -> tuple[int, int, bool]:
    """The list an item belongs to, or the code block itself; a list that is too long is cut after ``max_items``."""
    block, first, last = listed[at].block, at, at
    while first and listed[first - 1].block == block:
        first -= 1
    while last + 1 < len(listed) and listed[last + 1].block == block:
        last += 1
    if last - first < max_items:
        return first, last, False
    if at - first >= max_items:
        first = at - max_items // 2
    return first, min(last, first + max_items - 1), True


def _with_lead_in(listed: Sequence[Unit], first: int) -> int:
    """Take along the sentence that announces a list."""
    if not first:
        return first
    before = listed[first - 1]
    is_near = before.section == listed[first].section and before.kind is UnitKind.SENTENCE
    is_lead_in = before.text.rstrip(" *_").endswith(":") or len(before.text.split()) <= LEAD_IN_WORDS
    return first - 1 if is_near and is_lead_in else first
