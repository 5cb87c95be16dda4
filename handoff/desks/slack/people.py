"""The people of a workspace, and ourselves: who is an agent, and what customers read as their name."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from core.errors import DeliveryError, MessageRejected
from core.ports.helpdesk import DeskAgent
from handoff.desks.slack.api import SlackDeskApi, text_at
from handoff.desks.slack.words import one_line, text_of

KEEP: Final = timedelta(hours=6)
"""People seldom change their names; an app may ask for a hundred of them in a minute."""
MAX_PEOPLE: Final = 2_000
MAX_MEMBERS: Final = 60
"""So many members of a channel are learnt at once; the others when they first write."""
AT_ONCE: Final = 8
MAX_NAME: Final = 80


@dataclass(frozen=True, slots=True)
class Me:
    """The app's own user and bot, and its workspace."""

    user: str
    bot: str
    team: str


@dataclass(frozen=True, slots=True)
class _Known:
    agent: DeskAgent | None
    at: datetime


class People:
    """Asks for one workspace and remembers."""

    def __init__(self, api: SlackDeskApi, *, clock: Callable[[], datetime]) -> None:
        self._api = api
        self._clock = clock
        self._me: Me | None = None
        self._known: dict[str, _Known] = {}
        self._rooms: set[str] = set()

    async def me(self) -> Me:
        """Who we are, asked once; raises ``DeliveryError``."""
        if self._me is None:
            told = await self._api.read("auth.test")
            self._me = Me(text_at(told, "user_id"), text_of(told.get("bot_id")), text_at(told, "team_id"))
        return self._me

    def known(self, user: str) -> DeskAgent | None:
        """A person as they were last seen, without asking."""
        found = self._known.get(user)
        return None if found is None else found.agent

    async def agent(self, user: str) -> DeskAgent | None:
        """A person of the workspace; None for bots, for guests of other organisations and for nobody.

        Raises ``DeliveryError`` when Slack cannot be asked.
        """
        found = self._known.get(user)
        if found is not None and self._clock() - found.at < KEEP:
            return found.agent
        me = await self.me()
        try:
            told = await self._api.read("users.info", user=user)
        except MessageRejected:
            agent = None
        else:
            agent = _agent(told.get("user"), me.team)
        while len(self._known) >= MAX_PEOPLE:
            self._known.pop(next(iter(self._known)))
        self._known[user] = _Known(agent, self._clock())
        return agent

    async def learn(self, room: str) -> None:
        """Learn who is in a channel, once: a pressed button tells only an id and a login.  Best effort."""
        if room in self._rooms:
            return
        self._rooms.add(room)
        try:
            told = await self._api.read("conversations.members", channel=room, limit=str(MAX_MEMBERS))
            given = told.get("members")
            members = [user for user in given if isinstance(user, str)] if isinstance(given, list) else []
            for start in range(0, len(members), AT_ONCE):
                await asyncio.gather(*(self.agent(user) for user in members[start : start + AT_ONCE]))
        except DeliveryError:
            self._rooms.discard(room)


def _agent(user: object, team: str) -> DeskAgent | None:
    if not isinstance(user, dict):
        return None
    is_foreign = bool(user.get("is_stranger")) or text_of(user.get("team_id")) not in ("", team)
    if user.get("is_bot") or user.get("id") == "USLACKBOT" or is_foreign:
        return None
    profile: Mapping[str, Any] = user["profile"] if isinstance(user.get("profile"), dict) else {}
    names = (profile.get("real_name"), user.get("real_name"), profile.get("display_name"), user.get("name"))
    name = next((line for given in names if (line := one_line(text_of(given), MAX_NAME))), None)
    email = text_of(profile.get("email"))
    return DeskAgent(id=str(user.get("id")), name=name or "An agent", email=email if "@" in email else None)
