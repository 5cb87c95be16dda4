"""Who is who at a helpdesk, across restarts."""

from __future__ import annotations

from datetime import UTC, datetime

from core.ports.helpdesk import By, DeskAgent, Entry
from handoff.kit.known import KnownContacts, conv_of, last_agent
from tests.channels.context import HeldMemory

AT = datetime(2026, 11, 21, tzinfo=UTC)


def test_a_key_names_its_conversation() -> None:
    assert [conv_of(key) for key in ("fd:c_abc:1", "fd:c_abc:1:2")] == ["c_abc", "c_abc"]


async def test_the_newest_contact_counts() -> None:
    memory = HeldMemory()
    known = KnownContacts(memory, "somedesk")
    assert await known.newest("c_1") is None
    assert await known.learn("c_1", "17") == "17"
    assert await known.learn("c_1", "17") == "17"
    assert await known.learn("c_1", "18") == "18"
    again = KnownContacts(memory, "somedesk")
    assert (await again.newest("c_1"), await again.newest("c_2")) == ("18", None)
    assert await KnownContacts(memory, "another").newest("c_1") is None


def test_the_agent_who_wrote_last() -> None:
    sue, max_ = DeskAgent(id="2", name="Sue"), DeskAgent(id="3", name="Max")
    said = [(By.AGENT, sue), (By.AGENT, max_), (By.OURS, None), (By.CONTACT, None)]
    entries = [
        Entry(id=str(number), by=by, is_public=True, text="", at=AT, agent=agent)
        for number, (by, agent) in enumerate(said)
    ]
    assert last_agent(entries) == max_ and last_agent(entries[2:]) is None
