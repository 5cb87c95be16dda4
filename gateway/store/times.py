"""Times as integers: microseconds since 1970 (UTC), which every store keeps exactly and sorts rightly."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND: Final = timedelta(microseconds=1)


def micros(at: datetime) -> int:
    """Microseconds since 1970."""
    return (at - EPOCH) // MICROSECOND


def moment(value: int) -> datetime:
    """The time of ``micros``."""
    return EPOCH + timedelta(microseconds=value)
