"""Entries at Slack: posted once with their files, and what agents wrote read back."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from core.domain import Attachment
from core.errors import CredentialsInvalid, DeliveryError, MessageRejected, OutcomeUnknown
from core.ports.helpdesk import By, DeskAgent, RemoteFile
from gateway.lab.desks.weather import Trouble
from tests.handoff.desks.slack.scene import AT, Scene, case, entry, slack_scene

SUE = DeskAgent(id="U0SUE", name="Sue Jones")


@pytest.fixture
async def scene() -> AsyncIterator[Scene]:
    async with slack_scene() as made:
        yield made


@pytest.fixture
async def ref(scene: Scene) -> str:
    return await scene.desk.create(case())


def texts(scene: Scene, ref: str) -> list[str]:
    """What stands in the thread below the rule."""
    return [post.text for post in scene.lab.workspace.replies(scene.lab.post_at(ref))][1:]


async def test_an_entry_says_who_and_whether_the_customer_sees_it(scene: Scene, ref: str) -> None:
    await scene.desk.add(ref, entry("**Hi** there", key="k1"), again=False)
    await scene.desk.add(ref, entry("A brief", key="k2", by=By.OURS, author="Frontdesk", is_public=False), again=False)
    await scene.desk.add(ref, entry("An answer", key="k3", by=By.OURS, author="Assistant"), again=False)
    leads, bodies = [], []
    for post in scene.lab.workspace.replies(scene.lab.post_at(ref))[1:]:
        leads.append(post.blocks[0]["elements"][0]["text"])
        bodies.append(post.blocks[1]["text"])
    assert leads == ["👤 *Ada*", "🔒 Private · *Frontdesk*", "➡️ *Assistant* to the customer"]
    assert bodies == ["**Hi** there", "A brief", "An answer"]


async def test_an_entry_whose_answer_was_lost_is_not_posted_again(scene: Scene, ref: str) -> None:
    scene.lab.weather.add_later(Trouble.LOST, after=1)
    with pytest.raises(OutcomeUnknown):
        await scene.desk.add(ref, entry("Once", key="k1"), again=False)
    entry_id = await scene.another().add(ref, entry("Once", key="k1"), again=True)
    assert await scene.desk.add(ref, entry("Once", key="k1"), again=True) == entry_id
    assert await scene.desk.add(ref, entry("Twice", key="k2"), again=True) != entry_id
    assert texts(scene, ref) == ["Ada: Once", "Ada: Twice"]


async def test_a_thread_that_cannot_be_read_leaves_the_outcome_open(scene: Scene, ref: str) -> None:
    scene.lab.weather.add(Trouble.FAILED, times=2)
    with pytest.raises(OutcomeUnknown):
        await scene.desk.add(ref, entry("Once", key="k1"), again=True)


async def test_files_follow_their_entry_once_wherever_it_breaks(scene: Scene, ref: str) -> None:
    draft = entry("Here", key="k1", files=(scene.file("a.png", b"aaa"), scene.file("b.png", b"bb")))
    for trouble in (Trouble.LOST, Trouble.FAILED):
        for after in range(8):
            key = f"{trouble}-{after}"
            scene.lab.weather.add_later(trouble, after=after)
            try:
                await scene.desk.add(ref, entry(f"Here {key}", key=key, files=draft.files), again=False)
            except DeliveryError:
                await scene.desk.add(ref, entry(f"Here {key}", key=key, files=draft.files), again=True)
            scene.lab.weather.clear()
            replies = scene.lab.workspace.replies(scene.lab.post_at(ref))
            at = [post.text for post in replies].index(f"Ada: Here {key}")
            below = [post for post in replies[at + 1 :] if post.files]
            bodies = [scene.lab.workspace.files[each].body for post in below for each in post.files]
            assert len(bodies) == 2 and set(bodies) == {b"aaa", b"bb"}, key
            assert [post.text for post in replies].count(f"Ada: Here {key}") == 1


async def test_a_file_that_is_gone_is_refused_before_anything_is_posted(scene: Scene, ref: str) -> None:
    lost = Attachment(id="u_lost", name="lost.png", media_type="image/png", size_bytes=3)
    with pytest.raises(MessageRejected):
        await scene.desk.add(ref, entry("Here", key="k1", files=(lost,)), again=False)
    assert texts(scene, ref) == []


async def test_links_stand_below_the_words(scene: Scene, ref: str) -> None:
    links = (("a|b <c>.png", "https://files.example/a?x=1&y=2|"),)
    await scene.desk.add(ref, entry("", key="k1", links=links), again=False)
    post = scene.lab.workspace.replies(scene.lab.post_at(ref))[1]
    assert post.blocks[-1]["elements"][0]["text"] == "📎 <https://files.example/a?x=1&amp;y=2%7C|a/b &lt;c&gt;.png>"


async def test_what_agents_write_is_read_with_names_marks_and_emoji(scene: Scene, ref: str) -> None:
    await scene.desk.add(ref, entry("Hello?", key="k1"), again=False)
    first = await scene.lab.write(ref, "It costs *5* < 6 😀 and ½")
    await scene.lab.write(ref, "note: looks like fraud", agent="max")
    await scene.lab.write(ref, "// and again")
    opening, customers, reply, note, other = await scene.desk.entries(ref)
    assert (opening.by, opening.key, opening.id) == (By.OURS, "c_1#3#0", ref.partition(":")[2])
    assert (customers.by, customers.key, customers.is_public) == (By.OURS, "k1", True)
    assert (reply.by, reply.agent, reply.is_public, reply.id) == (By.AGENT, SUE, True, first)
    assert reply.text == "It costs **5** < 6 😀 and ½"
    assert note.is_public is False and note.text == "looks like fraud" and note.agent is not None
    assert note.agent.name == "Max Lee" and other.is_public is False
    assert [each.text for each in await scene.desk.entries(ref, after=first)] == ["looks like fraud", "and again"]


async def test_people_named_in_a_message_have_their_names(scene: Scene, ref: str) -> None:
    ts = await scene.lab.write(ref, "x")
    scene.lab.post_at(f"{ref.partition(':')[0]}:{ts}").text = "ask <@U0MAX> or <@U0NOBODY>"
    (told,) = await scene.desk.entries(ref, after=ref.partition(":")[2])
    assert told.text == "ask @Max Lee or @somebody"


async def test_strangers_and_other_apps_are_no_agents(scene: Scene, ref: str) -> None:
    await scene.lab.write_as_app(ref, "Buy watches")
    await scene.lab.write_as_guest(ref, "Me too")
    told = await scene.desk.entries(ref, after=ref.partition(":")[2])
    assert [(each.by, each.is_public, each.text) for each in told] == [(By.OTHER, None, "")] * 2


async def test_an_edit_has_a_revision_and_a_deleted_message_is_gone(scene: Scene, ref: str) -> None:
    ts = await scene.lab.write(ref, "17 euros")
    (before,) = await scene.desk.entries(ref, after=ref.partition(":")[2])
    await scene.lab.edit(ref, ts, "71 euros")
    (after,) = await scene.desk.entries(ref, after=ref.partition(":")[2])
    assert (before.revision, before.text, after.text) == ("", "17 euros", "71 euros") and after.revision
    await scene.lab.remove(ref, ts)
    assert await scene.desk.entries(ref, after=ref.partition(":")[2]) == ()


async def test_a_deleted_message_that_was_read_is_told_as_deleted(scene: Scene, ref: str) -> None:
    await scene.lab.write(ref, "One")
    two = await scene.lab.write(ref, "Two", files={"a.png": b"a"})
    await scene.lab.write(ref, "Three")
    await scene.desk.entries(ref)
    await scene.lab.remove(ref, two)
    for _ in range(2):
        told = await scene.desk.entries(ref)
        assert [(each.text, each.is_deleted) for each in told[1:]] == [("One", False), ("", True), ("Three", False)]
        assert told[2].id == two and told[2].files == () and told[2].is_public
    assert len(await scene.another().entries(ref)) == 3, "another process never knew it"


async def test_a_long_thread_is_read_whole(scene: Scene, ref: str) -> None:
    for number in range(130):
        await scene.lab.write(ref, f"m{number}")
    told = await scene.desk.entries(ref, after=ref.partition(":")[2])
    assert [each.text for each in told] == [f"m{number}" for number in range(130)]


async def test_an_agents_file_is_fetched_with_the_token(scene: Scene, ref: str) -> None:
    await scene.lab.write(ref, "Here", files={"form.png": b"form"})
    (told,) = await scene.desk.entries(ref, after=ref.partition(":")[2])
    (file,) = told.files
    assert (file.name, file.media_type, file.size_bytes) == ("form.png", "image/png", 4)
    got = await scene.desk.fetch(file, limit_bytes=10)
    assert (got.body, got.name, got.media_type) == (b"form", "form.png", "image/png")
    with pytest.raises(MessageRejected):
        await scene.desk.fetch(file, limit_bytes=3)
    with pytest.raises(MessageRejected):
        await scene.desk.fetch(
            RemoteFile(id="F9", name="x", media_type="x/y", size_bytes=0, origin="F9"), limit_bytes=9
        )


async def test_a_sign_in_page_instead_of_a_file_is_a_missing_scope(scene: Scene, ref: str) -> None:
    await scene.lab.write(ref, "Here", files={"form.png": b"form"})
    ((file,),) = [each.files for each in await scene.desk.entries(ref, after=ref.partition(":")[2])]
    told = await scene.desk._api.read("files.info", file=file.origin)
    scene.lab.door.token = "xoxb-other"
    with pytest.raises(CredentialsInvalid):
        await scene.desk.fetch(file, limit_bytes=10)
    assert told["file"]["id"] == file.id


async def test_our_own_posts_come_back_as_events_and_are_not_heard(scene: Scene, ref: str) -> None:
    scene.take()
    await scene.desk.add(ref, entry("Hello?", key="k1", at=AT, files=(scene.file("a.png", b"a"),)), again=False)
    assert [str(each) for each in scene.take()] == ["Ignored(reason='bot_message')"] * 2
