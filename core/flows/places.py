"""Places in texts, ``{slot}`` and ``{result.path}``: looking them up, and showing values as words that are nothing but words.

There is no code in a place, no format and no default.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterator, Mapping
from typing import Any

from core.flows.flow import AskStep, BranchStep, CallStep, ConfirmStep, EndStep, Flow, HandOverStep, SayStep, Texts
from core.flows.texts import sentence

PLACE = re.compile(r"\{([a-z][a-z0-9_]*(?:\.[A-Za-z0-9_-]+)*)\}")

MAX_SHOWN = 200
"""Characters of a value that a text shows."""

MAX_KEPT = 500
"""Characters of a text that is kept of a tool's result; with the places a flow names this bounds its state."""

MAX_LISTED = 10
MOST = 10**15
"""Larger numbers are no amounts or counts, and JSON readers differ about them."""

ABSENT = "–"

_SPECIAL = re.compile(r"[\\`*_\[\]<>!&|~@$^]|:(?=\S)|^[#+\-=](?!\d)|^\d{1,9}[.)](?=\s|$)")
"""All that could be markup, a mark, a mention or a link inside a paragraph, or a block at its start."""


def look_up(slots: Mapping[str, Any], place: str) -> Any:
    """The value of a place, None when there is none."""
    root, _, path = place.partition(".")
    value = slots.get(root)
    if not path:
        return value
    return value.get(path) if isinstance(value, Mapping) else None


def kept(flow: Flow, into: str, data: Mapping[str, Any]) -> dict[str, Any]:
    """The places of a result that the flow names, path → value: the state keeps nothing else."""
    paths = dict.fromkeys(place.partition(".")[2] for place in places(flow) if place.startswith(f"{into}."))
    found = {path: _reached(data, path) for path in paths}
    return {path: value for path, value in found.items() if value is not None}


def _reached(data: Any, path: str) -> Any:
    for part in path.split("."):
        if isinstance(data, Mapping):
            data = data.get(part)
        elif isinstance(data, list) and part.isascii() and part.isdigit() and int(part[:6]) < len(data):
            data = data[int(part[:6])]
        else:
            return None
    return _bounded(data)


def _bounded(value: Any) -> Any:
    """A scalar, or a short list of them; anything else has no words."""
    if isinstance(value, str):
        return value[:MAX_KEPT]
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int | float):
        return value if abs(value) < MOST else None  # also false for what is no number
    if isinstance(value, list):
        return [_bounded(item) for item in value[:MAX_LISTED] if isinstance(item, str | int | float)]
    return None


def tool_data(text: str) -> Mapping[str, Any]:
    """A tool's answer as data for ``ToolGave``: its JSON object; anything else under ``text``."""
    try:
        data = json.loads(text)
    except (ValueError, RecursionError):
        data = None
    return data if isinstance(data, dict) else {"text": text}


def shown(template: str, slots: Mapping[str, Any], language: str) -> str:
    """A text with its values in, each escaped: no character of a value is markup."""
    return PLACE.sub(lambda found: escaped(words(look_up(slots, found[1]), language)), template)


def told(template: str, slots: Mapping[str, Any], language: str) -> str:
    """The same for what is not Markdown: a sentence for an agent, an argument among words."""
    return PLACE.sub(lambda found: words(look_up(slots, found[1]), language), template)


def given(template: Any, slots: Mapping[str, Any], language: str) -> Any:
    """An argument: a lone place gives the value itself, a missing value leaves its key out."""
    if isinstance(template, Mapping):
        filled = {key: given(value, slots, language) for key, value in template.items()}
        return {key: value for key, value in filled.items() if value is not None}
    if isinstance(template, list | tuple):
        return [value for value in (given(item, slots, language) for item in template) if value is not None]
    if not isinstance(template, str):
        return template
    lone = PLACE.fullmatch(template)
    return look_up(slots, lone[1]) if lone else told(template, slots, language)


def escaped(text: str) -> str:
    """Foreign words for a place anywhere in Markdown."""
    return _SPECIAL.sub(lambda found: found[0][:-1] + "\\" + found[0][-1], text)


def words(value: Any, language: str) -> str:
    """A value as one bounded line of plain words."""
    if isinstance(value, bool):
        return sentence("yes" if value else "no", language)
    if isinstance(value, float):
        return _number(value, language) if abs(value) < MOST else ABSENT
    if isinstance(value, list | tuple):
        return _line(", ".join(words(item, language) for item in value[:MAX_LISTED])) or ABSENT
    if isinstance(value, int):
        return str(value) if abs(value) < MOST else ABSENT
    return (_line(value) or ABSENT) if isinstance(value, str) else ABSENT


def _number(value: float, language: str) -> str:
    """1 → "1", 12.5 → "12.50" or "12,50": what has a fraction is nearly always money."""
    text = f"{value:.0f}" if value == int(value) else f"{value:.2f}" if round(value, 2) == value else f"{value:g}"
    return text if language == "en" else text.replace(".", ",")


def _line(text: str) -> str:
    plain = "".join(" " if unicodedata.category(ch)[0] in "CZ" else ch for ch in text[: MAX_SHOWN * 2])
    line = " ".join(plain.split())
    return line if len(line) <= MAX_SHOWN else line[: MAX_SHOWN - 1].rstrip() + "…"


def places(flow: Flow) -> Iterator[str]:
    """Every place the flow reads, those of its branches included."""
    for name in flow.steps:
        yield from uses(flow, name)


def uses(flow: Flow, name: str) -> Iterator[str]:
    """The places one step reads; a branch on whether something exists needs nothing."""
    match flow.steps[name].part:
        case AskStep(question=texts, valid=valid):
            yield from (*_in_texts(texts), *_in_texts(valid.error))
        case ConfirmStep(question=texts) | SayStep(text=texts) | EndStep(say=texts):
            yield from _in_texts(texts)
        case CallStep(arguments=arguments):
            yield from in_value(arguments)
        case HandOverStep(detail=detail):
            yield from in_value(detail)
        case BranchStep(cases=cases):
            yield from (case.on for case in cases)


def _in_texts(texts: Texts) -> Iterator[str]:
    for text in texts.values():
        yield from in_value(text)


def in_value(value: Any) -> Iterator[str]:
    """The places in a text, or in the texts of an argument."""
    if isinstance(value, str):
        yield from (found[1] for found in PLACE.finditer(value))
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from in_value(item)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from in_value(item)
