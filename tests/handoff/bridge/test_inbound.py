"""What agents do at the desk reaches the conversation once, in order, and never further than they meant."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from core.domain import MessageKind, Owner
from core.errors import DeliveryError, OutcomeUnknown, ProviderUnavailable
from core.ports.helpdesk import By, RemoteFile
from tests.handoff.bridge.stage import Stage


async def owner(stage: Stage) -> Owner:
    return (await stage.head()).owner


async def test_a_reply_reaches_the_contact_and_takes_over(stage: Stage) -> None:
    case = await stage.asks()
    stage.helpdesk.says(case.ref, "Hello Maria")
    await stage.tells(case.ref)
    assert await stage.answers() == ["Hello Maria"]
    head = await stage.head()
    assert (head.owner, head.agent) == (Owner.HUMAN, "Sue Jones")
    assert await stage.deliver() == []
    assert len(case.said(is_public=True)) == 2


@pytest.mark.parametrize(
    "facts",
    [
        {"is_public": False},
        {"is_public": None},
        {"by": By.OTHER},
        {"by": By.CONTACT},
        {"by": By.OURS},
        {"key": "c#9#0"},
    ],
)
async def test_nothing_else_is_ever_relayed(stage: Stage, facts: dict[str, Any]) -> None:
    case = await stage.asks()
    stage.helpdesk.says(case.ref, "not for you", **facts)
    await stage.tells(case.ref)
    assert await stage.answers() == []
    assert not [m for m in await stage.log() if m.visibility == "contact" and "not for you" in m.text]


async def test_a_note_is_kept_in_private_and_not_sent_back(stage: Stage) -> None:
    case = await stage.asks()
    stage.helpdesk.notes(case.ref, "Careful with this one")
    await stage.tells(case.ref)
    await stage.deliver()
    assert await stage.notes() == ["Careful with this one"]
    assert len([entry for entry in case.entries if "Careful" in entry.text]) == 1
    assert await owner(stage) is Owner.QUEUE


async def test_our_own_entry_told_before_our_call_returns_is_no_reply(stage: Stage) -> None:
    case = await stage.asks()
    stage.helpdesk.keeps_keys, stage.helpdesk.says_agent = False, True

    async def told_at_once(ref: str) -> None:
        task = stage.bridge._reader.touch(ref)

        async def has_read() -> bool:
            return stage.helpdesk.calls[-1] == "entries" or task.done()

        await stage.until(has_read)

    stage.helpdesk.on_add = told_at_once
    await stage.handoff.reply(stage.conv, agent="Kim", text="Kim is here to help", key="k")
    await stage.deliver()
    await stage.tells(case.ref)
    assert await stage.answers() == ["Kim is here to help"]
    stage.helpdesk.says(case.ref, "And so is Sue")
    await stage.tells(case.ref)
    assert await stage.answers() == ["Kim is here to help", "And so is Sue"]


async def test_an_entry_whose_answer_was_lost_is_not_heard_before_it_is_found(stage: Stage) -> None:
    case = await stage.asks()
    stage.helpdesk.keeps_keys, stage.helpdesk.says_agent = False, True

    def lost_for_long() -> DeliveryError:
        return OutcomeUnknown("lost")

    await stage.handoff.reply(stage.conv, agent="Kim", text="Kim is here to help", key="k")
    stage.helpdesk.after[len(stage.helpdesk.calls) + 1] = lost_for_long
    (row,) = await stage.rows()
    assert await stage._attempt(row) == ["outcome_unknown"]
    reading = stage.bridge._reader.touch(case.ref)
    await stage.until_called("entries")
    assert await stage.answers() == ["Kim is here to help"]
    await stage.deliver()
    await reading
    assert await stage.answers() == ["Kim is here to help"]
    assert len([text for _, text in case.said(is_public=True) if "Kim" in text]) == 1


@pytest.mark.parametrize("is_public", [True, False])
async def test_a_command_is_carried_out_in_whichever_box_it_was_typed(stage: Stage, is_public: bool) -> None:
    case = await stage.asks()
    stage.helpdesk.says(case.ref, "/bot", is_public=is_public)
    await stage.tells(case.ref)
    assert await owner(stage) is Owner.BOT
    assert await stage.answers() == []
    assert [text for _, text in case.said(is_public=False)][-1] == "The assistant answers again."


async def test_an_unknown_command_is_answered_and_never_said(stage: Stage) -> None:
    case = await stage.asks()
    stage.helpdesk.says(case.ref, "/send 1")
    await stage.tells(case.ref)
    await stage.deliver()
    assert await stage.answers() == []
    assert case.said(is_public=False)[-1][1] == "There is no such command here. It was not sent to the customer."


async def test_a_command_is_carried_out_once(stage: Stage) -> None:
    case = await stage.asks()
    said: list[str] = []

    class Answering:
        async def answer(self, head: object, *, agent: str, text: str, key: str = "") -> str | None:
            said.append(key)
            return f"{agent}: done"

    stage.handoff.commands = Answering()
    entry = stage.helpdesk.notes(case.ref, "/approve 4821")
    for _ in range(3):
        await stage.tells(case.ref)
    await stage.deliver()
    assert said == [f"{case.ref}:{entry}"]
    assert case.said(is_public=False)[-1][1] == "Sue Jones: done"


async def test_files_of_an_agent_come_along_and_a_broken_one_does_not_hold_the_words(stage: Stage) -> None:
    case = await stage.asks()
    helpdesk = stage.helpdesk
    helpdesk.files |= {"a": b"aa", "b": b"bb"}
    files = tuple(RemoteFile(id=n, name=f"{n}.png", media_type="image/png", size_bytes=2, origin=n) for n in ("a", "b"))
    helpdesk.says(case.ref, "Two files", files=files)

    def down() -> DeliveryError:
        return ProviderUnavailable("down", retry_after_s=0.001)

    begun = len(helpdesk.calls)
    helpdesk.before = {begun + number: down for number in (3, 6, 9)}
    await stage.tells(case.ref)
    await stage.until_called("state")
    await stage.tells(case.ref)
    await stage.deliver()
    (reply,) = [m for m in await stage.log() if m.role == "agent" and m.kind is MessageKind.TEXT]
    assert [item.name for item in reply.attachments] == ["a.png"]
    assert any("“b.png”" in text for _, text in case.said(is_public=False))


async def test_what_is_too_old_is_told_of_and_not_relayed(stage: Stage) -> None:
    case = await stage.asks()
    stage.helpdesk.says(case.ref, "from last month", at=stage.clock() - timedelta(days=8))
    stage.helpdesk.says(case.ref, "from last week", at=stage.clock() - timedelta(days=6))
    await stage.tells(case.ref)
    await stage.restart()
    await stage.tells(case.ref)
    await stage.deliver()
    assert await stage.answers() == ["from last week"]
    told = [
        text for _, text in case.said(is_public=False) if "NOT delivered, because it was written too long ago" in text
    ]
    assert len(told) == 1


async def test_an_edit_or_a_deletion_tells_the_agent_and_not_the_contact(stage: Stage) -> None:
    case = await stage.asks()
    entry = stage.helpdesk.says(case.ref, "It costs 5 euros")
    note = stage.helpdesk.notes(case.ref, "A note")
    await stage.tells(case.ref)
    stage.helpdesk.alters(case.ref, entry, text="It costs 50 euros")
    stage.helpdesk.alters(case.ref, note, text="Another note")
    await stage.tells(case.ref)
    await stage.tells(case.ref)
    stage.helpdesk.alters(case.ref, entry, text="", is_deleted=True)
    await stage.tells(case.ref)
    await stage.deliver()
    assert await stage.answers() == ["It costs 5 euros"]
    told = [text for by, text in case.said(is_public=False) if "The customer has the earlier words" in text]
    assert [text.split(".")[0] for text in told] == [
        "Sue Jones changed a reply after it was sent",
        "Sue Jones deleted a reply",
    ]


async def test_what_was_deleted_before_we_saw_it_is_nothing(stage: Stage) -> None:
    case = await stage.asks()
    stage.helpdesk.says(case.ref, "", is_deleted=True)
    await stage.tells(case.ref)
    assert await stage.answers() == []
    assert await stage.notes() == []


async def test_a_note_that_turns_public_later_stays_private(stage: Stage) -> None:
    case = await stage.asks()
    entry = stage.helpdesk.notes(case.ref, "between us")
    await stage.tells(case.ref)
    stage.helpdesk.alters(case.ref, entry, is_public=True, text="between us all")
    await stage.tells(case.ref)
    assert await stage.answers() == []
