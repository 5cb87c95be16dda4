"""Entries at Zammad: told apart, private by construction, known by their key, and never moved to another customer."""

from __future__ import annotations

import pytest

from core.errors import MessageRejected, OutcomeUnknown
from core.ports.helpdesk import By, EntryDraft
from gateway.lab.vendor import Fault
from tests.handoff.desks.drafted import PNG
from tests.handoff.desks.zammad.scene import Scene


async def opened(scene: Scene, key: str = "fd:c_1:1") -> str:
    return await scene.desk().create(scene.house.case(key))


async def test_each_voice_stands_as_what_it_is(scene: Scene) -> None:
    ref = await opened(scene)
    desk, house = scene.desks[-1], scene.house
    await desk.add(ref, house.entry("Hello?", key="c_1#1#0"), again=False)
    await desk.add(ref, house.entry("We look.", key="c_1#2#0", by=By.OURS), again=False)
    await desk.add(ref, house.entry("I look.", key="c_1#3#0", by=By.AGENT), again=False)
    await desk.add(ref, house.entry("The brief.", key="c_1#4#0", by=By.OURS, is_public=False), again=False)
    customer = scene.ticket(ref).customer
    shown = [(each.sender, each.internal, each.origin_by, each.subject, each.body) for each in scene.articles(ref)[1:]]
    assert shown == [
        ("Customer", False, customer, "Ada [c_1#1#0]", "<p>Hello?</p>"),
        ("Agent", False, None, "Assistant [c_1#2#0]", "<p><strong>Assistant</strong></p><p>We look.</p>"),
        ("Agent", False, None, "Kim Console [c_1#3#0]", "<p><strong>Kim Console</strong></p><p>I look.</p>"),
        ("Agent", True, None, "Assistant [c_1#4#0]", "<p><strong>Assistant</strong></p><p>The brief.</p>"),
    ]
    assert {(each.type, each.content_type) for each in scene.articles(ref)} == {("note", "text/html")}
    assert [(each.by, each.key) for each in await desk.entries(ref)][1:] == [
        (By.OURS, f"c_1#{number}#0") for number in range(1, 5)
    ]


async def test_agents_notes_strangers_mails_and_robots_are_told_apart(scene: Scene) -> None:
    ref = await opened(scene)
    desk, number = scene.desks[-1], int(ref)
    after = (await desk.entries(ref))[-1].id
    await scene.lab.reply(number, "On its way, 5 < 6.", agent="sue")
    await scene.lab.note(number, "Looks odd.", agent="max")
    await scene.lab.mail(number, "Dear carrier", agent="sue")
    await scene.lab.stranger(number, "Buy <b>!</b>")
    await scene.lab.robot(number, "We received your request.")
    reply, note, mail, stranger, robot = await desk.entries(ref, after=after)
    assert [each.by for each in (reply, note, mail, stranger, robot)] == [By.AGENT] * 3 + [By.OTHER] * 2
    assert [each.is_public for each in (reply, note)] == [True, False]
    assert mail.is_public is None, "whom an agent's mail went to is not known"
    assert reply.agent is not None and (reply.agent.id, reply.agent.name) == ("4", "Sue Jones")
    assert reply.text.replace("\\", "") == "On its way, 5 < 6."
    assert "<b>" not in stranger.text.replace("\\<", ""), "plain text is no markup"


async def test_nobody_can_forge_our_key(scene: Scene) -> None:
    ref = await opened(scene)
    here = scene.lab.instance
    here.write(scene.ticket(ref), "<p>Hi</p>", 4, subject="Re: x [c_1#2#0]")
    forged = (await scene.desks[-1].entries(ref))[-1]
    assert (forged.by, forged.key) == (By.AGENT, None)


async def test_a_merge_tells_no_customer_what_another_was_told(scene: Scene) -> None:
    hers, his = await opened(scene), await opened(scene, "fd:c_2:1")
    desk = scene.desks[-1]
    seen = await scene.lab.reply(int(hers), "Ada, your card ends in 17.", agent="sue")
    assert [each.is_public for each in await desk.entries(hers)][-1] is True
    own = await scene.lab.reply(int(his), "Ben, hello.", agent="sue")
    assert [each.id for each in await scene.desk().entries(his)][-1] == str(own)
    unread = await scene.lab.reply(int(hers), "Ada, and your address?", agent="sue")
    await scene.lab.merge(int(hers), int(his), agent="max")
    later = await scene.lab.reply(int(his), "To both of you.", agent="sue")
    for reader in (desk, scene.desk()):
        here = {each.id: each.is_public for each in await reader.entries(his) if each.by is By.AGENT}
        assert here == {str(seen): None, str(own): True, str(unread): None, str(later): True}
    (line,) = await desk.entries(hers)
    assert (line.by, line.text) == (By.OTHER, "merged"), "Zammad's own line is nobody's answer"


async def test_links_that_are_no_merges_hide_nothing(scene: Scene) -> None:
    ref, other = await opened(scene), await opened(scene, "fd:c_2:1")
    scene.lab.instance.links.append((int(ref), int(other)))
    await scene.lab.reply(int(ref), "Here.", agent="sue")
    assert (await scene.desks[-1].entries(ref))[-1].is_public is True


async def test_after_a_merge_words_stand_under_who_said_them(scene: Scene) -> None:
    hers, his = await opened(scene), await opened(scene, "fd:c_2:1")
    ada = scene.ticket(hers).customer
    await scene.lab.merge(int(hers), int(his), agent="sue")
    await scene.desks[-1].add(his, scene.house.entry("Ada here", key="c_1#9#0"), again=False)
    assert scene.articles(his)[-1].origin_by == ada != scene.ticket(his).customer


async def test_who_writes_is_looked_up_once(scene: Scene) -> None:
    ref = await opened(scene)
    for number in range(5):
        await scene.lab.reply(int(ref), f"Reply {number}", agent="sue")
    desk = scene.desk()
    await desk.entries(ref)
    before = scene.lab.calls
    assert len(await desk.entries(ref)) == 6
    assert scene.lab.calls == before + 1


def drafts(scene: Scene) -> list[EntryDraft]:
    house = scene.house
    return [
        house.entry("The **same** words", key="a#1"),
        house.entry("The same words", key="a#2", by=By.OURS),
        house.entry("The same words", key="a#3", by=By.AGENT),
        house.entry("The same words", key="a#4", by=By.OURS, is_public=False),
        house.entry("", key="a#5", files=(house.file("a.png"),), links=(("b.mp4", "https://files.example/b"),)),
    ]


@pytest.mark.parametrize("place", range(5))
async def test_a_lost_answer_is_looked_up_by_its_key(scene: Scene, place: int) -> None:
    ref = await opened(scene)
    draft = drafts(scene)[place]
    for twin in drafts(scene)[:place]:
        await scene.desks[-1].add(ref, twin, again=False)
    scene.lab.faults.add(Fault.LOST_ANSWER, on="write")
    with pytest.raises(OutcomeUnknown):
        await scene.desks[-1].add(ref, draft, again=False)
    made = scene.articles(ref)[-1].id
    await scene.lab.reply(int(ref), "The same words", agent="sue")
    count = len(scene.articles(ref))
    assert (await scene.desk().add(ref, draft, again=True), len(scene.articles(ref))) == (str(made), count)


async def test_what_never_arrived_is_written_by_the_next_attempt(scene: Scene) -> None:
    ref = await opened(scene)
    scene.lab.faults.add(Fault.UNAVAILABLE, on="write")
    draft = scene.house.entry("Hello?", key="a#1")
    with pytest.raises(OutcomeUnknown):
        await scene.desks[-1].add(ref, draft, again=False)
    added = await scene.desks[-1].add(ref, draft, again=True)
    assert [str(each.id) for each in scene.articles(ref)][1:] == [added]


async def test_files_go_both_ways(scene: Scene) -> None:
    ref = await opened(scene)
    desk = scene.desks[-1]
    draft = scene.house.entry("See:", files=(scene.house.file("a.png"),), links=(("b.mp4", "https://files.example/b"),))
    await desk.add(ref, draft, again=False)
    sent = scene.articles(ref)[-1]
    assert [(file.name, file.media_type, file.body) for file in sent.files] == [("a.png", "image/png", PNG)]
    assert "https://files.example/b" in sent.body
    await scene.lab.reply(int(ref), "Here:", agent="sue", files={"plan.png": PNG * 3})
    (file,) = (await desk.entries(ref))[-1].files
    assert (file.name, file.media_type, file.size_bytes) == ("plan.png", "image/png", 24)
    assert (await desk.fetch(file, limit_bytes=1_000)).body == PNG * 3
    with pytest.raises(MessageRejected, match="larger"):
        await desk.fetch(file, limit_bytes=10)
    scene.lab.instance.articles[int(file.origin.split("/")[1])].files.clear()
    with pytest.raises(MessageRejected, match="no such file"):
        await desk.fetch(file, limit_bytes=1_000)


async def test_markup_of_a_customer_stays_words(scene: Scene) -> None:
    ref = await opened(scene)
    await scene.desks[-1].add(ref, scene.house.entry("<img src=x onerror=y>", key="a#1"), again=False)
    assert scene.articles(ref)[-1].body == "<p>&lt;img src=x onerror=y&gt;</p>"
