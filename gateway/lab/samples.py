"""Files that a contact of the lab can send without having any: a voice note and a photo, made here from nothing."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from typing import Final

VOICE_TYPE: Final = "audio/ogg"
PHOTO_TYPE: Final = "image/png"

SAMPLES_PER_FRAME: Final = 960
"""20 ms at the 48 kHz in which Ogg counts Opus."""

FRAMES_PER_S: Final = 50
SILENCE: Final = b"\xf8\xff\xfe"
"""One Opus frame of 20 ms of silence (RFC 6716: CELT, full band, mono)."""

_FIRST, _LAST = 2, 4
_POLYNOMIAL: Final = 0x04C11DB7


def voice_note(*, seconds: int = 3) -> bytes:
    """An Ogg Opus file (RFC 7845) of silence, as a phone's voice note would be wrapped."""
    head = b"OpusHead" + struct.pack("<BBHIhB", 1, 1, 312, 48_000, 0, 0)
    tags = b"OpusTags" + struct.pack("<I", 9) + b"frontdesk" + struct.pack("<I", 0)
    pages = [_page(0, 0, _FIRST, [head]), _page(1, 0, 0, [tags])]
    for number in range(seconds):
        flags = _LAST if number == seconds - 1 else 0
        played = (number + 1) * FRAMES_PER_S * SAMPLES_PER_FRAME
        pages.append(_page(number + 2, played, flags, [SILENCE] * FRAMES_PER_S))
    return b"".join(pages)


def _page(number: int, granule: int, flags: int, packets: list[bytes]) -> bytes:
    """One Ogg page (RFC 3533) of whole packets, each shorter than 255 bytes."""
    head = struct.pack("<4sBBqIII", b"OggS", 0, flags, granule, 1, number, 0)
    body = bytes([len(packets)]) + bytes(len(packet) for packet in packets) + b"".join(packets)
    page = head + body
    return page[:22] + struct.pack("<I", _checksum(page)) + page[26:]


def _checksum(page: bytes) -> int:
    """The CRC of Ogg: not reflected, starting from zero."""
    crc = 0
    for byte in page:
        crc ^= byte << 24
        for _ in range(8):
            crc = ((crc << 1) ^ _POLYNOMIAL if crc & 0x80000000 else crc << 1) & 0xFFFFFFFF
    return crc


def photo(*, width: int = 320, height: int = 240) -> bytes:
    """A PNG of a leaf-green field under a pale sky."""
    rows = b"".join(b"\x00" + bytes(_row(y, width, height)) for y in range(height))
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunks = (_chunk(b"IHDR", header), _chunk(b"IDAT", zlib.compress(rows, 9)), _chunk(b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


def _row(y: int, width: int, height: int) -> Iterator[int]:
    for x in range(width):
        is_sun = (x - width * 0.72) ** 2 + (y - height * 0.3) ** 2 < (height * 0.13) ** 2
        if is_sun:
            yield from (245, 205, 120)
        elif y < height * (0.62 - 0.08 * (x / width)):
            yield from (214 - y // 4, 228 - y // 6, 232)
        else:
            yield from (58 + (y * 40) // height, 116 - (y * 24) // height, 84)


def _chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
