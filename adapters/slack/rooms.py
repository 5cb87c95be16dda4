"""Where things are said: which conversation a place in Slack belongs to, and what is needed to answer there.

- Direct messages belong to the one conversation of their writer, whichever way they were opened and in whichever thread: a
  person has one case, and the answer goes to where they wrote last.  Its name is made of the person, who is one to one with
  the room, so that a slash command given in a channel goes on in the direct message.
- In rooms of several people, and in direct messages of accounts with ``dm_threads``, each thread is a conversation: its name
  is made of the room and the thread's root.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from core import ids

_SEPARATOR: Final = ":"


@dataclass(frozen=True, slots=True, kw_only=True)
class Installation:
    """Whom an account speaks for: the workspace's id, and the organisation's when it is part of one."""

    team: str
    enterprise: str | None = None

    def home(self, *teams: str | None) -> str:
        """Where a person is known: their own workspace when it is another (Slack Connect), else ours."""
        for team in teams:
            if team and team not in (self.team, self.enterprise):
                return team
        return self.enterprise or self.team


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A room (``channel`` "": a direct message not opened yet), the root that names the conversation, the thread to answer in."""

    team: str
    channel: str
    user: str
    root: str | None = None
    thread_ts: str | None = None

    @property
    def key(self) -> str:
        """The name of the conversation."""
        if self.root is None:
            return f"{self.team}:im:{self.user}"
        return f"{self.team}:{self.channel}:{self.root}"

    def conv(self, tenant: str, account: str) -> str:
        """The id of the conversation."""
        return ids.conversation_id(tenant, account, self.key)

    def thread(self, user_team: str) -> dict[str, Any]:
        """What ``send`` needs to answer here."""
        known = {"team": self.team, "channel": self.channel, "user": self.user, "user_team": user_team}
        return known if self.thread_ts is None else {**known, "thread_ts": self.thread_ts}


def place_of(
    team: str, channel: str, *, user: str, ts: str, thread_ts: str | None, is_im: bool, dm_threads: bool
) -> Place:
    """The place of a message ``ts``."""
    if is_im and not dm_threads:
        return Place(team=team, channel=channel, user=user, thread_ts=thread_ts or None)
    root = thread_ts or ts
    return Place(team=team, channel=channel, user=user, root=root, thread_ts=root)


def is_direct(channel: str, channel_type: str | None = None) -> bool:
    """Whether a room is a direct message between one person and us; ids of such begin with D."""
    return channel_type == "im" or channel.startswith("D")


def ref_of(channel: str, ts: str) -> str:
    """Our name of a message at Slack: ``ts`` alone is unique only within its room."""
    return f"{channel}{_SEPARATOR}{ts}"


def parts_of(ref: str) -> tuple[str, str]:
    """(channel, ts) of a ref."""
    channel, _, ts = ref.partition(_SEPARATOR)
    return channel, ts
