"""The stored shape of a link record, one for every store."""

from __future__ import annotations

from datetime import datetime
from typing import Final

import msgspec

from core.errors import StoreError
from core.identity import LinkKind, LinkRecord, Proof


class LinkRow(msgspec.Struct, frozen=True, omit_defaults=True, tag_field="t", tag="link.1"):
    """An entry of an identity's record."""

    identity: str
    n: int
    kind: LinkKind
    at: datetime
    by: str
    person: str | None = None
    conv: str | None = None
    other: str | None = None
    other_conv: str | None = None
    proof: Proof | None = None
    ask: str | None = None
    until: datetime | None = None


_pack: Final = msgspec.msgpack.Encoder().encode
_row: Final = msgspec.msgpack.Decoder(LinkRow)
KNOWN: Final = msgspec.msgpack.Decoder(LinkRecord)
"""As in gateway/store/rows.py: learned in one thread, before several use it."""


def encode_link(record: LinkRecord) -> bytes:
    """The stored body of an entry."""
    return _pack(msgspec.convert(record, LinkRow, from_attributes=True))


def decode_link(body: bytes) -> LinkRecord:
    """The entry of a stored body."""
    try:
        return msgspec.convert(_row.decode(body), LinkRecord, from_attributes=True)
    except msgspec.DecodeError as error:
        raise StoreError("A stored link is damaged or of a newer version.") from error
