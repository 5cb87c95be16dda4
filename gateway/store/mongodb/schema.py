"""The version of what is stored: forward only, step by step.

A step changes one collection and may be taken again: a crash, or a second replica that starts, repeats it.  That a step was
taken is a document of its own, inserted after it, so the version only ever grows.  Replicas of the version before go on
meanwhile, so a step must leave what they can read.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from pymongo.asynchronous.collection import AsyncCollection
from pymongo.asynchronous.database import AsyncDatabase
from pymongo.errors import DuplicateKeyError

from core.errors import StoreError

COLLECTION: Final = "schema"
CONV: Final = "schema"
FIRST: Final = 1

Stored = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Step:
    """One change of one collection; ``take`` does what is left of it."""

    collection: str
    take: Callable[[AsyncCollection[Stored]], Awaitable[None]]


STEPS: Final[Sequence[Step]] = ()
"""From ``FIRST`` to this program's version, in order; only ever added to."""


async def migrate(database: AsyncDatabase[Stored], steps: Sequence[Step] = STEPS) -> None:
    """Take the steps that are left; a new database has none.  ``StoreError`` when a newer version wrote it."""
    known, found = FIRST + len(steps), await version(database)
    if found is None:
        await _record(database, known)
        return
    if found > known:
        raise StoreError(
            f"The document store was written by a newer Frontdesk: its schema is version {found}, this one knows {known}. "
            "Start the newer one, or restore the backup from before."
        )
    for number in range(found + 1, known + 1):
        step = steps[number - FIRST - 1]
        await step.take(database[step.collection])
        await _record(database, number)


async def version(database: AsyncDatabase[Stored]) -> int | None:
    """The version a database is at; None for a new one."""
    found = await database[COLLECTION].find({"conv": {"$eq": CONV}}).to_list()
    return max((int(document["version"]) for document in found), default=None)


async def _record(database: AsyncDatabase[Stored], number: int) -> None:
    try:
        await database[COLLECTION].insert_one({"_id": f"{CONV}#{number}", "conv": CONV, "version": number})
    except DuplicateKeyError:
        return
