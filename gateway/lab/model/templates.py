"""Places in a script's texts: ``{{order}}`` from a pattern's group, ``{{result.items[0].name|nothing}}`` from a tool's answer."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final

Texts = str | dict[str, str]
"""One text, or one for each language; ``en`` (else the first) stands in for a language that has none."""

_PLACE: Final = re.compile(r"\{\{\s*(?P<path>[^{}|:]+?)\s*(?::(?P<form>\w+))?\s*(?:\|(?P<other>[^{}]*))?\}\}")
_STEP: Final = re.compile(r"\.?([^.\[\]]+)|\[(-?\d+)\]")
ROOTS: Final = frozenset({"words", "query", "result", "results", "mark", "source", "system", "model", "nth", "tools"})
"""Names every text may use, beside the groups of its rule's patterns."""

MISSING: Final[Any] = object()
SHORT_CHARS: Final = 300


class TemplateError(Exception):
    """A place cannot be filled."""


def money(value: Any) -> str:
    """A number with two decimals, whole ones as well."""
    try:
        return f"{float(value):.2f}"
    except (TypeError, ValueError):
        raise TemplateError(f"{value!r} is not an amount") from None


def number(value: Any) -> float | int:
    """A number that may be written as text, with a comma or a point."""
    try:
        read = float(str(value).replace(",", "."))
    except ValueError:
        raise TemplateError(f"{value!r} is not a number") from None
    return int(read) if read.is_integer() else read


FORMS: Final[Mapping[str, Callable[[Any], str]]] = {
    "money": money,
    "number": lambda value: str(number(value)),
    "short": lambda value: shown(value)[:SHORT_CHARS],
    "upper": lambda value: shown(value).upper(),
    "json": lambda value: json.dumps(value, ensure_ascii=False),
}
"""How a value is written when it is not written as it is."""


def shown(value: Any) -> str:
    """A value as text: texts as they are, all else as JSON, lists with commas."""
    if isinstance(value, str):
        return value
    if isinstance(value, list):
        return ", ".join(shown(item) for item in value)
    return json.dumps(value, ensure_ascii=False)


def in_language(texts: Texts, language: str) -> str:
    """The text for a language."""
    if isinstance(texts, str):
        return texts
    return texts.get(language) or texts.get("en") or next(iter(texts.values()), "")


def render(text: str, values: Mapping[str, Any]) -> str:
    """Fill the places of a text."""

    def fill(place: re.Match[str]) -> str:
        value = find(values, place["path"])
        if value is MISSING or value is None:
            if place["other"] is None:
                raise TemplateError(f"no value for {{{{{place['path']}}}}}")
            return place["other"].strip()
        return FORMS[place["form"]](value) if place["form"] else shown(value)

    return _PLACE.sub(fill, text)


def render_all(told: Any, values: Mapping[str, Any]) -> Any:
    """Fill the texts within a JSON value; a text that is only a place becomes the value itself."""
    if isinstance(told, Mapping):
        return {name: render_all(value, values) for name, value in told.items()}
    if isinstance(told, list):
        return [render_all(value, values) for value in told]
    if not isinstance(told, str):
        return told
    whole = _PLACE.fullmatch(told)
    if whole and not whole["form"] and (value := find(values, whole["path"])) is not MISSING:
        return value
    if whole and whole["form"] == "number":
        return number(find(values, whole["path"]))
    return render(told, values)


def find(values: Any, path: str) -> Any:
    """What a path leads to, or ``MISSING``."""
    at = values
    for name, place in _STEP.findall(path.strip()):
        try:
            at = at[int(place)] if place else at[name]
        except (KeyError, IndexError, TypeError):
            return MISSING
    return at


def texts_in(told: Any) -> Iterator[str]:
    """Every text within a value."""
    if isinstance(told, str):
        yield told
    elif isinstance(told, Mapping):
        for value in told.values():
            yield from texts_in(value)
    elif isinstance(told, Sequence):
        for value in told:
            yield from texts_in(value)


def check_template(text: str, known: set[str]) -> None:
    """Refuse a place that nothing can fill; ``known`` are the names beside ``ROOTS``."""
    rest = _PLACE.sub("", text)
    if "{{" in rest or "}}" in rest:
        raise TemplateError(f"a place is not closed in {text[:60]!r}")
    for place in _PLACE.finditer(text):
        root = re.split(r"[.\[]", place["path"].strip())[0]
        if root not in ROOTS and root not in known:
            offered = ", ".join(sorted(ROOTS | known))
            raise TemplateError(f"{{{{{place['path']}}}}}: nothing is called {root!r}; there are {offered}")
        if place["form"] and place["form"] not in FORMS:
            raise TemplateError(f"{{{{{place['path']}:{place['form']}}}}}: forms are {', '.join(FORMS)}")
