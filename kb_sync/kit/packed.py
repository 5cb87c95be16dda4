"""Unpacking within bounds: a small answer must not become a large one."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator

GZIP = 31
EITHER = 47


class TooMuch(Exception):
    """More came out than was allowed."""


class Damaged(Exception):
    """It is cut off, or was never packed this way."""


def plain(parts: Iterable[bytes], *, limit_bytes: int) -> bytes:
    """The parts as they are; ``TooMuch`` as soon as there are more than ``limit_bytes``."""
    found = bytearray()
    for part in parts:
        found += part
        if len(found) > limit_bytes:
            raise TooMuch
    return bytes(found)


def unpacked(parts: Iterable[bytes], *, limit_bytes: int, kind: int = GZIP) -> bytes:
    """What gzip (or, with ``EITHER``, zlib) packed, of any number of members; ``TooMuch`` and ``Damaged``."""
    return plain(_members(parts, kind, limit_bytes), limit_bytes=limit_bytes)


def _members(parts: Iterable[bytes], kind: int, limit_bytes: int) -> Iterator[bytes]:
    decoder = zlib.decompressobj(kind)
    try:
        for part in parts:
            left = part
            while left:
                if decoder.eof:
                    decoder = zlib.decompressobj(kind)
                yield decoder.decompress(left, limit_bytes + 1)
                left = decoder.unconsumed_tail or decoder.unused_data
    except zlib.error as error:
        raise Damaged from error
    if not decoder.eof:
        raise Damaged
