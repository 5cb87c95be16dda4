"""Rollout: which contacts of an account the bot serves; the others go to people.  Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from core.segments import Segment, Who, lot, misfit


class BotHours(StrEnum):
    """When the bot serves: always, or only while the desk is closed."""

    ALWAYS = "always"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rollout:
    """The bot serves a ``share`` (0-1) of the contacts of a segment.

    A contact keeps their lot: raising the share keeps everybody who was in.  ``salt`` draws the lots anew when it changes.
    """

    share: float = 1.0
    segment: Segment = field(default_factory=Segment)
    when: BotHours = BotHours.ALWAYS
    salt: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rollouts:
    """A tenant's rollout, and that of accounts which have one of their own."""

    default: Rollout = Rollout()
    by_account: Mapping[str, Rollout] = field(default_factory=dict)

    def of(self, account: str) -> Rollout:
        """What holds on an account."""
        return self.by_account.get(account, self.default)


@dataclass(frozen=True, slots=True, kw_only=True)
class Served:
    """Whether the bot serves a contact, and the condition that decided, a short constant ("everybody", "share" …)."""

    is_served: bool
    because: str


def is_served_by_bot(rollout: Rollout, who: Who, *, is_staffed: bool) -> Served:
    """``is_staffed``: people are at the desk now.  The first condition that does not hold decides."""
    if rollout.when is BotHours.CLOSED and is_staffed:
        return Served(is_served=False, because="hours")
    missed = misfit(rollout.segment, who)
    if missed is not None:
        return Served(is_served=False, because=missed)
    if rollout.share >= 1:
        return Served(is_served=True, because="everybody" if rollout.segment == Segment() else "segment")
    return Served(is_served=lot(rollout.salt, "rollout", who.account, who.contact.id) < rollout.share, because="share")
