"""Entries at Chatwoot: told apart, private by construction, never twice, read back page by page."""

from __future__ import annotations

import pytest

from core.errors import MessageRejected, OutcomeUnknown
from core.ports.helpdesk import By
from gateway.lab.vendor import Fault
from tests.handoff.desks.chatwoot.scene import Scene
from tests.handoff.desks.drafted import PNG


async def opened(scene: Scene) -> str:
    return await scene.desk().create(scene.house.case())


async def test_each_voice_stands_as_what_it_is(scene: Scene) -> None:
    ref = await opened(scene)
    desk, house = scene.desks[-1], scene.house
    await desk.add(ref, house.entry("Hello?", key="k1"), again=False)
    await desk.add(ref, house.entry("We look.", key="k2", by=By.OURS), again=False)
    await desk.add(ref, house.entry("I look.", key="k3", by=By.AGENT), again=False)
    await desk.add(ref, house.entry("The brief.", key="k4", by=By.OURS, is_public=False), again=False)
    await desk.add(ref, house.entry("Fraud?", key="k5", by=By.AGENT, is_public=False), again=False)
    told = [(each.kind, each.private, each.content) for each in scene.messages(ref)[1:]]
    assert told == [
        (0, False, "Hello?"),
        (1, False, "**Assistant**\n\nWe look."),
        (1, False, "**Kim Console**\n\nI look."),
        (1, True, "The brief."),
        (1, True, "**Kim Console**\n\nFraud?"),
    ]


async def test_what_is_ours_comes_back_as_ours(scene: Scene) -> None:
    ref = await opened(scene)
    desk = scene.desks[-1]
    await desk.add(ref, scene.house.entry(key="c_1#2#0"), again=False)
    scene.lab.account.write(scene.conversation(ref), 1, "Typed in our name.", sender=("user", scene.lab.me.id))
    found = await desk.entries(ref)
    assert [(each.by, each.key) for each in found] == [
        (By.OURS, "fd:c_1:1/opening"),
        (By.OURS, "c_1#2#0"),
        (By.OURS, None),
    ]


async def test_agents_notes_strangers_and_chatwoots_own_lines_are_told_apart(scene: Scene) -> None:
    ref = await opened(scene)
    desk, number = scene.desks[-1], int(ref)
    first = (await desk.entries(ref))[-1].id
    await scene.lab.reply(number, "On its **way**.", agent="sue")
    await scene.lab.note(number, "Looks odd.", agent="max")
    await scene.lab.robot(number, "Buy!")
    await scene.lab.assign(number, "sue")
    scene.lab.account.write(scene.conversation(ref), 3, "Rate us", sender=None)
    scene.lab.account.write(scene.conversation(ref), 0, "By another program", sender=("contact", 101))
    reply, note, robot, activity, template, other = await desk.entries(ref, after=first)
    assert reply.agent is not None and (reply.agent.name, reply.agent.email) == ("Sue Jones", "sue@desk.example")
    assert (reply.by, reply.is_public, reply.text) == (By.AGENT, True, "On its **way**.")
    assert (note.by, note.is_public) == (By.AGENT, False)
    assert [(each.by, each.is_public) for each in (robot, activity, template)] == [(By.OTHER, None)] * 3
    assert other.by is By.CONTACT
    assert await desk.entries(ref, after=other.id) == ()


async def test_a_long_conversation_is_read_page_by_page(scene: Scene) -> None:
    ref = await opened(scene)
    for number in range(230):
        await scene.lab.note(int(ref), f"Note {number}", agent="sue")
    found = await scene.desks[-1].entries(ref)
    assert [each.text for each in found[1:]] == [f"Note {number}" for number in range(230)]


async def test_a_lost_answer_is_looked_up_however_long_ago(scene: Scene) -> None:
    ref = await opened(scene)
    draft = scene.house.entry("Same words", key="c_1#5#0")
    scene.lab.faults.add(Fault.LOST_ANSWER, on="create_message")
    with pytest.raises(OutcomeUnknown):
        await scene.desks[-1].add(ref, draft, again=False)
    for number in range(50):
        await scene.lab.note(int(ref), f"Note {number}", agent="sue")
    added = await scene.desk().add(ref, draft, again=True)
    same = [str(each.id) for each in scene.messages(ref) if each.content == "Same words"]
    assert same == [added]
    other = await scene.desk().add(ref, scene.house.entry("Same words", key="c_1#6#0"), again=True)
    assert other != added


async def test_files_go_along_and_the_others_are_named(scene: Scene) -> None:
    ref = await opened(scene)
    desk, house = scene.desks[-1], scene.house
    gone = house.file("lost [1].png")
    del house.files.bodies[gone.id]
    names = ('a "quoted" näme.png', "b.png")
    draft = house.entry(
        "See:", files=(*(house.file(name) for name in names), gone), links=(("film.mp4", "https://files.example/f"),)
    )
    await desk.add(ref, draft, again=False)
    message = scene.messages(ref)[-1]
    assert [file.name for file in message.files] == ["a _quoted_ näme.png", "b.png"]
    assert [file.body for file in message.files] == [PNG, PNG]
    assert (message.kind, message.private, message.source_id) == (0, False, "frontdesk:c_1#2#0")
    assert message.content is not None and "[film.mp4](<https://files.example/f>)" in message.content
    assert "lost" in message.content and "no longer available" in message.content


async def test_a_note_with_files_stays_private(scene: Scene) -> None:
    ref = await opened(scene)
    draft = scene.house.entry("Look.", by=By.OURS, is_public=False, files=(scene.house.file("a.png"),))
    await scene.desks[-1].add(ref, draft, again=False)
    assert (scene.messages(ref)[-1].private, scene.messages(ref)[-1].kind) == (True, 1)


async def test_a_case_may_begin_with_a_file(scene: Scene) -> None:
    opening = scene.house.entry("See:", key="o1", files=(scene.house.file("label.png"),))
    ref = await scene.desk().create(scene.house.case(opening=opening, team="billing"))
    (message,) = scene.messages(ref)
    assert [file.body for file in message.files] == [PNG] and message.kind == 0
    assert (await scene.desks[-1].state(ref)).key == "fd:c_1:1" and scene.conversation(ref).team == 1


async def test_an_agents_file_is_fetched_past_the_redirect(scene: Scene) -> None:
    ref = await opened(scene)
    desk = scene.desks[-1]
    await scene.lab.reply(int(ref), "Here.", agent="sue", files={"the form.png": PNG * 3})
    (file,) = (await desk.entries(ref))[-1].files
    assert (file.name, file.media_type, file.size_bytes) == ("the form.png", "image/png", 24)
    assert (await desk.fetch(file, limit_bytes=24)).body == PNG * 3
    with pytest.raises(MessageRejected):
        await desk.fetch(file, limit_bytes=23)


async def test_files_are_fetched_from_the_installation_only(scene: Scene) -> None:
    ref = await opened(scene)
    desk = scene.desks[-1]
    await scene.lab.reply(int(ref), "Here.", agent="sue", files={"form.png": PNG})
    (file,) = (await desk.entries(ref))[-1].files
    calls = scene.lab.calls
    with pytest.raises(MessageRejected):
        await scene.desk(api_url="https://chat.example").fetch(file, limit_bytes=100)
    assert scene.lab.calls == calls


async def test_a_deleted_message_keeps_its_id_and_nothing_else(scene: Scene) -> None:
    ref = await opened(scene)
    number = await scene.lab.reply(int(ref), "It costs 17.", agent="sue", files={"a.png": PNG})
    await scene.lab.remove(int(ref), number)
    entry = (await scene.desks[-1].entries(ref))[-1]
    assert (entry.id, entry.is_deleted, entry.text, entry.files) == (str(number), True, "", ())


async def test_what_no_database_takes_is_left_out(scene: Scene) -> None:
    ref = await opened(scene)
    await scene.desks[-1].add(ref, scene.house.entry("Null \x00, lone \udc80, end"), again=False)
    assert scene.messages(ref)[-1].content == "Null , lone , end"
