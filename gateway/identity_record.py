"""Writing into an identity's record: the next free number, and the same entry of the same ask once."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from core.errors import FrontdeskError
from core.identity import LinkRecord, next_number
from core.ports.store import TenantStore

MOST_WRITERS: Final = 64
"""Numbers that others may take before us; more are not rivals but a bug."""


class RecordBusy(FrontdeskError):
    """The record of an identity could not be written: too many writers at once."""


async def add(store: TenantStore, record: LinkRecord) -> LinkRecord:
    """Insert at the next free number, whatever ``record.n`` says; returns the entry that stands."""
    for _ in range(MOST_WRITERS):
        records = await store.links(record.identity)
        for known in records:
            if record.ask is not None and (known.kind, known.ask) == (record.kind, record.ask):
                return known
        numbered = replace(record, n=next_number(records))
        if await store.put_link(numbered):
            return numbered
    raise RecordBusy("Too many changes to one contact's links at once.")
