"""The files a contact of the lab sends are what they say they are."""

from __future__ import annotations

import struct
import zlib

import filetype

from gateway.lab.samples import photo, voice_note


def test_the_voice_note_is_an_ogg_file_of_the_right_length() -> None:
    body = voice_note(seconds=2)
    assert filetype.guess(body).mime in ("audio/ogg", "audio/opus")
    pages = [part for part in body.split(b"OggS") if part]
    assert len(pages) == 4
    assert [struct.unpack_from("<q", page, 2)[0] for page in pages] == [0, 0, 48_000, 96_000]
    assert [page[1] for page in pages] == [2, 0, 0, 4]


def test_each_page_of_the_voice_note_has_its_checksum() -> None:
    for part in voice_note(seconds=1).split(b"OggS")[1:]:
        page = bytearray(b"OggS" + part)
        given = struct.unpack_from("<I", page, 22)[0]
        page[22:26] = b"\0\0\0\0"
        assert given == reference_checksum(bytes(page))


def reference_checksum(data: bytes) -> int:
    """RFC 3533's CRC by a table, another way than the code's."""
    table = []
    for number in range(256):
        value = number << 24
        for _ in range(8):
            value = (value << 1) ^ (0x04C11DB7 if value & 0x80000000 else 0)
        table.append(value & 0xFFFFFFFF)
    crc = 0
    for byte in data:
        crc = ((crc << 8) & 0xFFFFFFFF) ^ table[(crc >> 24) ^ byte]
    return crc


def test_the_photo_is_a_whole_png() -> None:
    body = photo(width=40, height=30)
    assert filetype.guess(body).mime == "image/png"
    assert struct.unpack(">II", body[16:24]) == (40, 30)
    length = struct.unpack(">I", body[33:37])[0]
    assert len(zlib.decompress(body[41 : 41 + length])) == 30 * (1 + 40 * 3)
    assert zlib.crc32(body[37 : 41 + length]) == struct.unpack(">I", body[41 + length : 45 + length])[0]
