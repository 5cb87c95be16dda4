"""What an account has learnt while it runs, bounded; losing it costs a convenience, never a message."""

from __future__ import annotations

from collections import OrderedDict
from typing import Final

MAX_KNOWN: Final = 8_192


class Recent(OrderedDict[str, str]):
    """The newest pairs."""

    def keep(self, key: str, value: str) -> None:
        """Add a pair; the oldest goes when there are too many."""
        self[key] = value
        if len(self) > MAX_KNOWN:
            self.popitem(last=False)


class Known:
    """Facts of one account.

    ``team`` and ``bot`` (our user id) come from ``auth.test``; ``writers`` tells whose direct message a room is, ``sent`` which
    conversation a message of ours belongs to: reactions and some deletions name neither thread nor author, and what is not
    here must be looked for in the store.
    """

    __slots__ = ("bot", "sent", "team", "writers")

    def __init__(self) -> None:
        self.team: str | None = None
        self.bot: str | None = None
        self.writers = Recent()
        self.sent = Recent()
