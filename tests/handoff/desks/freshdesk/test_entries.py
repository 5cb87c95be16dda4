"""Entries at Freshdesk: told apart, private by construction, and known by their words when an answer was lost."""

from __future__ import annotations

import pytest

from core.errors import MessageRejected, OutcomeUnknown
from core.ports.helpdesk import By, EntryDraft
from gateway.lab.vendor import Fault
from tests.handoff.desks.drafted import PNG
from tests.handoff.desks.freshdesk.scene import Scene


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
    me, requester = scene.lab.me.id, scene.ticket(ref).requester
    assert [(each.user, each.incoming, each.private, each.body) for each in scene.entries(ref)] == [
        (requester, True, False, "<p>Hello?</p>"),
        (me, False, False, "<p><strong>Assistant</strong></p><p>We look.</p>"),
        (me, False, False, "<p><strong>Kim Console</strong></p><p>I look.</p>"),
        (me, False, True, "<p>The brief.</p>"),
        (me, False, True, "<p><strong>Kim Console</strong></p><p>Fraud?</p>"),
    ]


async def test_agents_notes_strangers_and_forwards_are_told_apart(scene: Scene) -> None:
    ref = await opened(scene)
    desk, number = scene.desks[-1], int(ref)
    await desk.add(ref, scene.house.entry("Hello?", key="k1"), again=False)
    await desk.add(ref, scene.house.entry("The brief.", key="k2", by=By.OURS, is_public=False), again=False)
    after = (await desk.entries(ref))[-1].id
    await scene.lab.reply(number, "On its way, 5 < 6.", agent="sue")
    await scene.lab.note(number, "Public note", agent="max", private=False)
    await scene.lab.note(number, "Looks odd.", agent="max")
    await scene.lab.stranger(number, "Buy!")
    await scene.lab.forward(number, "Dear carrier", agent="sue")
    first, ours, *_ = await desk.entries(ref)
    assert [(each.by, each.is_public) for each in (first, ours)] == [(By.CONTACT, True), (By.OURS, False)]
    reply, public, note, stranger, forward = await desk.entries(ref, after=after)
    assert [each.is_public for each in (reply, public, note)] == [True, True, False]
    assert [each.by for each in (reply, public, note, forward)] == [By.AGENT] * 4
    assert forward.is_public is None, "whom a forwarded mail went to is not known"
    assert (stranger.by, stranger.is_public) == (By.OTHER, None)
    assert reply.agent is not None and (reply.agent.id, reply.agent.name) == ("1002", "Sue Jones")
    assert reply.text.replace("\\", "") == "On its way, 5 < 6."


async def test_who_writes_is_looked_up_once(scene: Scene) -> None:
    ref = await opened(scene)
    for number in range(5):
        await scene.lab.reply(int(ref), f"Reply {number}", agent="sue")
    desk = scene.desk()
    await desk.entries(ref)
    before = scene.lab.calls
    assert len(await desk.entries(ref)) == 5
    assert scene.lab.calls == before + 1


async def test_a_long_ticket_is_read_page_by_page(scene: Scene) -> None:
    ref = await opened(scene)
    for number in range(230):
        await scene.lab.note(int(ref), f"Note {number}", agent="sue")
    found = await scene.desks[-1].entries(ref)
    assert [each.text for each in found] == [f"Note {number}" for number in range(230)]


def drafts(scene: Scene) -> list[EntryDraft]:
    house = scene.house
    return [
        house.entry("The **same** words\n\n- one\n- two", key="a#1"),
        house.entry("The same words", key="a#2", by=By.OURS),
        house.entry("The same words", key="a#3", by=By.AGENT),
        house.entry("The same words", key="a#4", by=By.OURS, is_public=False),
        house.entry("See:", key="a#5", files=(house.file("a.png"),), links=(("b.mp4", "https://files.example/b"),)),
    ]


@pytest.mark.parametrize("place", range(5))
async def test_a_lost_answer_is_looked_up_by_its_words(scene: Scene, place: int) -> None:
    ref = await opened(scene)
    draft = drafts(scene)[place]
    await scene.desks[-1].add(ref, scene.house.entry("Before", key="a#0"), again=False)
    scene.lab.faults.add(Fault.LOST_ANSWER, on="note")
    with pytest.raises(OutcomeUnknown):
        await scene.desks[-1].add(ref, draft, again=False)
    await scene.lab.note(int(ref), "The same words", agent="sue")
    count = len(scene.entries(ref))
    added = await scene.desk().add(ref, draft, again=True)
    assert (added, len(scene.entries(ref))) == (str(scene.entries(ref)[1].id), count)


async def test_what_is_said_twice_stands_twice(scene: Scene) -> None:
    ref = await opened(scene)
    first = await scene.desks[-1].add(ref, scene.house.entry("Hello?", key="a#1"), again=False)
    second = await scene.desk().add(ref, scene.house.entry("Hello?", key="a#2"), again=True)
    assert first != second and len(scene.entries(ref)) == 2
    assert await scene.desk().add(ref, scene.house.entry("Hello?", key="a#2"), again=True) == second
    assert await scene.desk().add(ref, scene.house.entry("Hello?", key="a#1"), again=True) == first


async def test_an_agents_equal_words_are_not_taken_for_ours(scene: Scene) -> None:
    ref = await opened(scene)
    await scene.lab.note(int(ref), "Hello?", agent="sue", private=False)
    await scene.desks[-1].add(ref, scene.house.entry("Hello?", key="a#1"), again=True)
    assert len(scene.entries(ref)) == 2


async def test_a_requester_that_was_merged_is_read_again(scene: Scene) -> None:
    ref = await opened(scene)
    desk, here = scene.desks[-1], scene.lab.account
    await desk.add(ref, scene.house.entry("One", key="a#1"), again=False)
    merged = here.contact("Ada (merged)", "another", None)
    assert not isinstance(merged, int)
    del here.contacts[scene.ticket(ref).requester]
    scene.ticket(ref).requester = merged.id
    await desk.add(ref, scene.house.entry("Two", key="a#2"), again=False)
    assert (scene.entries(ref)[-1].user, scene.entries(ref)[-1].incoming) == (merged.id, True)


async def test_files_go_along_and_the_others_are_named(scene: Scene) -> None:
    ref = await opened(scene)
    house = scene.house
    gone, huge = house.file("lost.png"), house.file("huge.png", b"x" * 15_000_000)
    del house.files.bodies[gone.id]
    more = house.file("more.png", b"y" * 6_000_000)
    await scene.desks[-1].add(ref, house.entry("See:", files=(huge, gone, more, house.file("ä.png"))), again=False)
    (entry,) = scene.entries(ref)
    assert [file.name for file in entry.files] == ["huge.png", "ä.png"] and entry.files[1].body == PNG
    assert entry.incoming and not entry.private
    assert "lost.png (no longer available)" in entry.body
    assert 'href="https://files.example/u_more.png?valid_s=604800"' in entry.body, "together they are too large"


async def test_a_note_with_files_stays_private(scene: Scene) -> None:
    ref = await opened(scene)
    draft = scene.house.entry("Look.", by=By.OURS, is_public=False, files=(scene.house.file("a.png"),))
    await scene.desks[-1].add(ref, draft, again=False)
    (entry,) = scene.entries(ref)
    assert (entry.private, entry.incoming, entry.user) == (True, False, scene.lab.me.id)


async def test_an_agents_file_is_fetched(scene: Scene) -> None:
    ref = await opened(scene)
    desk = scene.desks[-1]
    await scene.lab.reply(int(ref), "Here.", agent="sue", files={"form.png": PNG * 3})
    (file,) = (await desk.entries(ref))[-1].files
    assert (file.name, file.media_type, file.size_bytes) == ("form.png", "image/png", 24)
    assert (await desk.fetch(file, limit_bytes=24)).body == PNG * 3
    with pytest.raises(MessageRejected):
        await desk.fetch(file, limit_bytes=23)
    scene.lab.account.files.clear()
    with pytest.raises(MessageRejected, match="no longer valid"):
        await desk.fetch(file, limit_bytes=24)


async def test_files_are_fetched_from_the_account_and_its_storage_only(scene: Scene) -> None:
    ref = await opened(scene)
    await scene.lab.reply(int(ref), "Here.", agent="sue", files={"form.png": PNG})
    (file,) = (await scene.desks[-1].entries(ref))[-1].files
    with pytest.raises(MessageRejected):
        await scene.desk(api_url="https://acme.freshdesk.com").fetch(file, limit_bytes=100)
