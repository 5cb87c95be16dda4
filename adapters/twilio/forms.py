"""Form bodies, read once: as the pairs that a signature covers and as the fields that a payload has.

``parse_qsl`` takes several times as long, and it decodes to text before the signature is checked, which is over bytes.
"""

from __future__ import annotations

from typing import Final
from urllib.parse import unquote_to_bytes

from core.errors import PayloadMalformed

MAX_PAIRS: Final = 400
"""Twilio sends about 25; a body made of separators is no form."""

_END: Final = b"\x00"
_IS: Final = b"\x01"
_TO_MARKS: Final = bytes.maketrans(b"&=+", b"\x00\x01 ")
_ESCAPES: Final = {code.encode(): bytes.fromhex(code) for n in range(256) for code in {f"{n:02x}", f"{n:02X}"}}


class Form:
    """One decoded form: pairs as ``name \\x01 value``, divided by ``\\x00`` where those two bytes do not occur in it."""

    __slots__ = ("_decoded", "_is_regular", "_pairs")

    def __init__(self, body: bytes) -> None:
        if body.count(b"&") >= MAX_PAIRS:
            raise PayloadMalformed("The form has too many fields.")
        self._pairs: list[bytes] = []
        self._decoded = b""
        # One pass over the whole body, when two bytes are free to stand for its separators.
        if body.isascii() and b"%00" not in body and b"%01" not in body and _END not in body and _IS not in body:
            self._decoded = _unescaped(body.translate(_TO_MARKS))
            self._pairs = self._decoded.split(_END)
        self._is_regular = bool(self._pairs) and not [pair for pair in self._pairs if pair.count(_IS) != 1]
        if not self._is_regular:
            self._pairs = _one_by_one(body)

    def signed(self) -> bytes:
        """What follows the address in the signed text: names and values, sorted by name, then value, each pair once."""
        if self._is_regular:  # the mark sorts before every character of a name
            return b"".join(sorted(set(self._pairs))).replace(_IS, b"")
        split = {pair.partition(_IS)[::2] for pair in self._pairs}
        return b"".join(name + value for name, value in sorted(split))

    def fields(self) -> dict[str, str]:
        """The fields as text; of a repeated name the last, bytes that are no UTF-8 as replacement characters."""
        if self._is_regular:
            return dict([pair.split("\x01") for pair in self._decoded.decode("utf-8", "replace").split("\x00")])
        return dict([pair.decode("utf-8", "replace").split("\x01", 1) for pair in self._pairs])


def _unescaped(text: bytes) -> bytes:
    """``unquote_to_bytes`` in a third of its time; an escape that is none stays as it is."""
    first, *rest = text.split(b"%")
    try:
        return first + b"".join([_ESCAPES[part[:2]] + part[2:] for part in rest])
    except KeyError:
        return unquote_to_bytes(text)


def _one_by_one(body: bytes) -> list[bytes]:
    pairs = []
    for part in body.split(b"&"):
        if part:
            name, _, value = part.replace(b"+", b" ").partition(b"=")
            pairs.append(unquote_to_bytes(name).replace(_IS, b"") + _IS + unquote_to_bytes(value))
    return pairs
