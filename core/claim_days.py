"""How long a claim is kept: most stand for ever, since each says "this happened once"; a few belong to a day.

Budgets and limits per day are asked for on their own day only (UTC), a recording's transcript while its turn runs (afterwards
the words stand in the message), a logout while its cookie would last.  Stores note the day beside the claim, so that retention
finds them without reading keys.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Final

DATED: Final = ("spend|", "tool|")
"""``spend|…|<day>|<block>`` (core/spending.py) and ``tool|…|<day>|<n>`` (core/tools/reservations.py)."""

WRITTEN: Final = ("transcript|", "desk-login-ended|")
"""Asked for again only by the turn that wrote them (gateway/listening.py), or by cookies of half a day (gateway/http/door.py)."""

_ENDS_IN_A_DAY: Final = re.compile(r"\|(\d{4}-\d{2}-\d{2})\|\d+\Z", re.ASCII)


def day_of(key: str, *, now: datetime) -> str | None:
    """The day (``YYYY-MM-DD``, UTC) after which a claim may be forgotten some time; None: never."""
    if key.startswith(DATED):
        found = _ENDS_IN_A_DAY.search(key)
        return None if found is None else found[1]
    return now.astimezone(UTC).date().isoformat() if key.startswith(WRITTEN) else None


def day_before_which(before: datetime) -> str:
    """The day in comparison with which ``day_of`` is old; both sort like text."""
    return before.astimezone(UTC).date().isoformat()
