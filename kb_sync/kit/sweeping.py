"""The cursor of vendors that tell what changed, but not what is gone: complete listings now and then, changes in between."""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, datetime, timedelta
from typing import Final

import msgspec

BEGINNING: Final = datetime(1970, 1, 1, tzinfo=UTC)


class SweepCursor(msgspec.Struct, frozen=True, kw_only=True):
    """Where the next listing begins: the last complete one, and the newest change seen in each place, by the vendor's id.

    ``settings`` is a digest of what items are read with; with another one the cursor does not count.
    """

    settings: str
    complete_at: datetime
    newest: dict[str, datetime]

    def told(self) -> str:
        """As it is kept."""
        return msgspec.json.encode(self).decode()


def read_cursor(
    told: str, *, settings: str, places: Collection[str], now: datetime, sweep_h: float
) -> SweepCursor | None:
    """A kept cursor; None when a complete listing is due: it is of other settings or places, or ``sweep_h`` hours old."""
    try:
        known = msgspec.json.decode(told, type=SweepCursor)
    except msgspec.MsgspecError:
        return None
    is_same = known.settings == settings and set(known.newest) == set(places)
    return known if is_same and timedelta() <= now - known.complete_at < timedelta(hours=sweep_h) else None
