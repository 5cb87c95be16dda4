"""Bytes from outside into typed values: one way to refuse what does not fit.

Malformed JSON is ``PayloadMalformed`` (400), a missing, unknown or wrong field ``PayloadInvalid`` (422) with its JSON pointer.
"""

from __future__ import annotations

import re
from typing import Any, Final, TypeVar

import msgspec

from core.errors import PayloadInvalid, PayloadMalformed

T = TypeVar("T")

_PLACE: Final = re.compile(r" - at `(?:key in )?\$(?P<path>[^`]*)`$")
_NAMED: Final = re.compile(r"(?P<what>unknown|missing required) field `(?P<name>[^`]*)`")
_PART: Final = re.compile(r"\.([^.\[]+)|\[(\d+|\.\.\.)\]")


def decode(body: bytes, shape: type[T]) -> T:
    """Decode JSON bytes into ``shape``; nothing of the body is quoted in an error but the names of fields."""
    try:
        return msgspec.json.decode(body, type=shape)
    except msgspec.ValidationError as error:
        _check_syntax(body)
        raise _invalid(str(error)) from None
    except UnicodeDecodeError:
        raise PayloadMalformed("The body is not valid UTF-8.") from None
    except (msgspec.DecodeError, RecursionError):
        raise PayloadMalformed("The body is not valid JSON.") from None


def _check_syntax(body: bytes) -> None:
    """A wrong type is found before the end of the body is read, so look whether the rest is JSON at all."""
    try:
        msgspec.json.decode(body, type=Any)
    except UnicodeDecodeError:
        raise PayloadMalformed("The body is not valid UTF-8.") from None
    except (msgspec.DecodeError, RecursionError):
        raise PayloadMalformed("The body is not valid JSON.") from None


def _invalid(message: str) -> PayloadInvalid:
    """msgspec's own words with the place as a JSON pointer ("" is the whole body)."""
    place = _PLACE.search(message)
    plain = message[: place.start()] if place else message
    pointer = _pointer(place["path"]) if place else ""
    named = _NAMED.search(plain)
    if named:
        name = named["name"][:80]
        pointer = f"{pointer}/{_escaped(name)}"
        plain = "Unknown field." if named["what"] == "unknown" else "This field is required."
    return PayloadInvalid(plain if plain.endswith(".") else plain + ".", field=pointer)


def _pointer(path: str) -> str:
    parts = [name or index for name, index in _PART.findall(path)]
    return "".join(f"/{_escaped('-' if part == '...' else part)}" for part in parts)


def _escaped(part: str) -> str:
    return part.replace("~", "~0").replace("/", "~1")
