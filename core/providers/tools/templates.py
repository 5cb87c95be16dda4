"""Arguments into the places of a request.  Pure; an argument is data in every place and can never change the request's shape.

What cannot stand somewhere raises ``ToolFailed`` with ``is_certain``: nothing was sent yet.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any, Final
from urllib.parse import quote, unquote

from core.errors import ToolFailed

PLACE: Final = re.compile(r"\{([A-Za-z_][A-Za-z0-9_]*)\}")
MAX_URL_CHARS: Final = 8_000
_UNSENDABLE: Final = re.compile(r"[\x00-\x1f\x7f]")
_LEAVES_SEGMENT: Final = re.compile(r"[/\\]")

Arguments = Mapping[str, Any]
Pairs = tuple[tuple[str, str], ...]


def places(template: Any) -> frozenset[str]:
    """The arguments that a template, or the texts within a body template, name."""
    match template:
        case str():
            return frozenset(PLACE.findall(template))
        case Mapping():
            return frozenset(name for part in template.values() for name in places(part))
        case list() | tuple():
            return frozenset(name for part in template for name in places(part))
    return frozenset()


def refused(name: str, where: str) -> ToolFailed:
    """An argument that has no business in its place."""
    return ToolFailed(f"the argument {name} cannot stand in {where}", is_certain=True)


def as_text(name: str, value: Any, where: str) -> str:
    """A single value as text; lists and objects are refused."""
    match value:
        case bool():
            return "true" if value else "false"
        case str():
            return value
        case int() | float():
            return json.dumps(value)
    raise refused(name, where)


def segment(name: str, value: Any) -> str:
    """One segment of a path, percent-encoded.

    Encoding alone is not enough: many servers decode ``%2F`` and ``..`` before they route, so what would then reach
    another address is refused, and so is the empty text (``/orders/`` is not an order).
    """
    text = as_text(name, value, "an address")
    seen = text
    for _ in range(3):
        if not seen.strip(". ") or _LEAVES_SEGMENT.search(seen) or _UNSENDABLE.search(seen):
            raise refused(name, "an address")
        seen = unquote(seen)
    return encoded(text)


def encoded(text: str) -> str:
    """Percent-encoded to the last character, lone surrogates too."""
    return quote(text, safe="", errors="replace")


def url(template: str, arguments: Arguments) -> str:
    """The address, with each place filled by one encoded segment."""

    def fill(match: re.Match[str]) -> str:
        name = match[1]
        if arguments.get(name) is None:
            raise ToolFailed(f"the argument {name} is missing", is_certain=True)
        return segment(name, arguments[name])

    return PLACE.sub(fill, template)


def filled(template: str, arguments: Arguments, where: str) -> str | None:
    """A text with its places filled; None when an argument it needs was not given."""
    if any(arguments.get(name) is None for name in places(template)):
        return None
    return PLACE.sub(lambda match: as_text(match[1], arguments[match[1]], where), template)


def query(template: Mapping[str, str], arguments: Arguments) -> Pairs:
    """The pairs of a query, not yet encoded; a list repeats its key, an argument not given leaves its key out."""
    pairs: list[tuple[str, str]] = []
    for key, text in template.items():
        alone = PLACE.fullmatch(text)
        value = arguments.get(alone[1]) if alone else None
        if alone and isinstance(value, list | tuple):
            pairs += [(key, as_text(alone[1], item, "a query")) for item in value]
        elif (made := filled(text, arguments, "a query")) is not None:
            pairs.append((key, made))
    return tuple(pairs)


def loose(arguments: Arguments, names: Iterable[str]) -> Pairs:
    """Arguments that stand in no template, as pairs of a query or a form; objects are written as JSON."""
    pairs: list[tuple[str, str]] = []
    for name in names:
        value = arguments.get(name)
        items = value if isinstance(value, list | tuple) else () if value is None else (value,)
        pairs += [(name, written(name, item)) for item in items]
    return tuple(pairs)


def written(name: str, value: Any) -> str:
    """A value as text, objects and lists as JSON."""
    return (
        json.dumps(value, ensure_ascii=False)
        if isinstance(value, Mapping | list | tuple)
        else as_text(name, value, "a query")
    )


def with_query(address: str, pairs: Pairs) -> str:
    """The address with its query; an operator's own query in the template stays."""
    if not pairs:
        return bounded(address)
    joined = "&".join(f"{encoded(key)}={encoded(value)}" for key, value in pairs)
    return bounded(f"{address}{'&' if '?' in address else '?'}{joined}")


def bounded(address: str) -> str:
    """The address, unless arguments made it longer than servers take."""
    if len(address) > MAX_URL_CHARS:
        raise ToolFailed("the arguments are too long for an address", is_certain=True)
    return address


def headers(template: Mapping[str, str], arguments: Arguments) -> dict[str, str]:
    """Headers with their places filled; one whose argument was not given is left out."""
    made: dict[str, str] = {}
    for name, text in template.items():
        if places(text):
            value = filled(text, arguments, f"the header {name}")
            if value is not None:
                made[name] = header_value(name, value)
        else:
            made[name] = text
    return made


def header_value(name: str, text: str) -> str:
    """A header's value of printable ASCII: line breaks are refused, all else beyond ASCII is percent-encoded."""
    if _UNSENDABLE.search(text):
        raise refused("given", f"the header {name}")
    return quote(text.strip(), safe="".join(map(chr, range(0x20, 0x7F))), errors="replace")


MISSING: Final = object()


def body(template: Any, arguments: Arguments) -> Any:
    """A body's value: a text that is one place becomes the argument itself, with its type; keys that miss theirs go."""
    match template:
        case str():
            alone = PLACE.fullmatch(template)
            if alone:
                value = arguments.get(alone[1])
                return MISSING if value is None else value
            made = filled(template, arguments, "a body")
            return MISSING if made is None else made
        case Mapping():
            items = ((key, body(part, arguments)) for key, part in template.items())
            return {key: value for key, value in items if value is not MISSING}
        case list() | tuple():
            return [value for part in template if (value := body(part, arguments)) is not MISSING]
    return template
