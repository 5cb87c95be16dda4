"""What an entry of the desk may mean for us.  Pure, and the only place where an agent's words become fit for the contact.

Three things must be so: an agent said it, it is none of ours, and the desk says that it is public.  ``Reply`` is made here
alone, and nothing else is relayed.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from core import ids
from core.ports.helpdesk import By, DeskAgent, Entry
from handoff.bridge.book import Behind, Heard
from handoff.commanding import is_command

STALE: Final = timedelta(days=7)
"""What is older than this when we first see it is news to nobody; the ledger's own memory of events is longer."""

SOMEBODY: Final = "An agent"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """An agent's words to the contact; made by ``understood`` only."""

    entry: Entry
    agent: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """An agent's words to us; never anybody else's, whichever box they were typed into."""

    entry: Entry
    agent: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Aside:
    """An agent's words to their colleagues."""

    entry: Entry
    agent: str


Understood = Reply | Command | Aside


def is_agents(entry: Entry) -> bool:
    """Whether a person of the desk made it: not the contact, not a rule, and not we for somebody."""
    return entry.by is By.AGENT and entry.key is None


def understood(entry: Entry) -> Understood | None:
    """What an entry by an agent means; None when it is not known whether the contact may see it."""
    if not is_agents(entry) or entry.is_public is None:
        return None
    agent = name_of(entry.agent)
    if is_command(entry.text):
        return Command(entry=entry, agent=agent)
    if entry.is_public:
        return Reply(entry=entry, agent=agent)
    return Aside(entry=entry, agent=agent)


def name_of(agent: DeskAgent | None) -> str:
    """What the contact reads."""
    return agent.name.strip() or SOMEBODY if agent is not None else SOMEBODY


def is_stale(entry: Entry, now: datetime) -> bool:
    """Whether it is too old to be relayed."""
    return now - entry.at > STALE


def heard_of(entry: Entry, *, was_said: bool) -> Heard:
    """What is remembered of an entry."""
    return Heard(revision=entry.revision, words=ids.digest(entry.text.strip()), was_said=was_said)


def is_changed(entry: Entry, heard: Heard) -> bool:
    """Whether its words are others than when it was heard."""
    return entry.revision != heard.revision and ids.digest(entry.text.strip()) != heard.words


def meant_for(behind: list[Behind], entries: tuple[Entry, ...], index: int, *, is_whole: bool) -> list[str]:
    """The conversations an entry may be about: not those that joined the case after it.  ``is_whole``: the list is complete."""
    places = {entry.id: place for place, entry in enumerate(entries[: index + 1])}
    later = {entry.id for entry in entries[index + 1 :]}
    found: list[str] = []
    for known in behind:
        if known.after in later or known.after == entries[index].id:
            continue
        is_lost = is_whole and known.after != "" and known.after not in places
        if is_lost and known.at is not None and entries[index].at <= known.at:
            continue
        found.append(known.conv)
    return found
