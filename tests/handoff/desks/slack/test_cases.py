"""Cases at Slack: opened once, read back from the card and its thread, changed and lost."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from core.domain import Contact
from core.errors import CaseGone, CredentialsInvalid, OutcomeUnknown, ProviderUnavailable, Throttled
from core.ports.helpdesk import By, CaseAsked, CaseChange, CaseStatus, CaseTouched, CaseWish, EditsEntries, Urgency
from gateway.lab.desks.slack.lab import CHANNEL, TEAM_CHANNEL
from gateway.lab.desks.weather import Trouble
from tests.handoff.desks.slack.scene import Scene, case, entry, slack_scene


@pytest.fixture
async def scene() -> AsyncIterator[Scene]:
    async with slack_scene() as made:
        yield made


def shown(post: Any) -> str:
    """All words of a message."""
    return f"{post.blocks}{post.text}"


async def test_a_case_is_a_card_with_who_and_what_and_three_buttons(scene: Scene) -> None:
    ref = await scene.desk.create(case())
    (card,) = scene.lab.threads()
    assert ref == f"{CHANNEL}:{card.ts}"
    words = shown(card)
    for part in (
        "Where is my parcel?",
        "Ada Lovelace",
        "ada@x.example",
        "whatsapp",
        "verified",
        "vip",
        "high",
        "note:",
    ):
        assert part in words
    labels = [each["text"]["text"] for block in card.blocks if block["type"] == "actions" for each in block["elements"]]
    assert labels == ["Claim", "Give back to the bot", "Resolve"]
    (rule,) = scene.lab.workspace.replies(card)
    assert "the customer reads it" in rule.text
    assert await scene.desk.find("fd:c_1:1") == ref
    assert await scene.desk.find("fd:c_1:2") is None


async def test_a_case_never_tried_is_not_searched_for(scene: Scene) -> None:
    calls = scene.lab.weather.calls
    assert await scene.desk.find("fd:c_9:1") is None
    assert scene.lab.weather.calls == calls


async def test_a_lost_answer_is_found_by_another_process_and_goes_to_the_same_channel(scene: Scene) -> None:
    scene.lab.weather.add(Trouble.LOST)
    with pytest.raises(OutcomeUnknown):
        await scene.desk.create(case(team="billing"))
    later = scene.another()
    ref = await later.find("fd:c_1:1")
    assert ref is not None and ref.startswith(f"{TEAM_CHANNEL}:")
    assert [f"{post.channel}:{post.ts}" for post in scene.lab.threads()] == [ref]


async def test_a_second_attempt_stays_in_the_first_ones_channel(scene: Scene) -> None:
    scene.lab.weather.add(Trouble.FAILED)
    with pytest.raises(ProviderUnavailable):
        await scene.desk.create(case(team="billing"))
    assert await scene.desk.find("fd:c_1:1") is None
    ref = await scene.desk.create(case(team=None))
    assert ref.startswith(f"{TEAM_CHANNEL}:")
    assert await scene.desk.find("fd:c_1:1") == ref


async def test_a_card_is_found_behind_hundreds_of_messages(scene: Scene) -> None:
    ref = await scene.desk.create(case())
    for number in range(230):
        scene.lab.workspace.put(_chatter(scene, f"m{number}"))
    assert await scene.desk.find("fd:c_1:1") == ref


def _chatter(scene: Scene, text: str) -> Any:
    card = scene.lab.threads()[0]
    return type(card)(channel=CHANNEL, ts=scene.lab.workspace.next_ts(), author="U0SUE", text=text)


async def test_trouble_after_the_card_stands_does_not_fail_it(scene: Scene) -> None:
    file = scene.file("a.png", b"png")
    # Two calls upload the file, the third posts the card; each one after it fails once.
    for after in range(3, 9):
        key = f"fd:c_{after}:1"
        scene.lab.weather.add_later(Trouble.FAILED, after=after)
        ref = await scene.another().create(case(key=key, opening=entry(files=(file,))))
        scene.lab.weather.clear()
        assert await scene.desk.find(key) == ref
    assert len(scene.lab.threads()) == 6


async def test_the_openings_files_stand_below_the_card(scene: Scene) -> None:
    await scene.desk.create(case(opening=entry(files=(scene.file("a.png", b"png"),))))
    (card,) = scene.lab.threads()
    (post,) = [post for post in scene.lab.workspace.replies(card) if post.files]
    assert scene.lab.workspace.files[post.files[0]].body == b"png"


async def test_the_state_is_what_the_card_says(scene: Scene) -> None:
    ref = await scene.desk.create(case())
    state = await scene.desk.state(ref)
    assert (state.status, state.key, state.assignee, state.team) == (CaseStatus.OPEN, "fd:c_1:1", None, None)
    assert state.tags == {"vip"} and not state.gives_back
    change = CaseChange(
        status=CaseStatus.PENDING, urgency=Urgency.URGENT, assignee="U0MAX", add_tags=("a",), remove_tags=("vip",)
    )
    await scene.desk.change(ref, change)
    now = await scene.another().state(ref)
    assert now.status is CaseStatus.PENDING and now.tags == {"a"}
    assert now.assignee is not None and now.assignee.name == "Max Lee"
    (card,) = scene.lab.threads()
    assert "<@U0MAX>" in shown(card) and "urgent" in shown(card) and "Ada Lovelace" in shown(card)
    assert len([block for block in card.blocks if block["type"] == "actions"]) == 1


async def test_a_change_that_stands_already_is_not_written_again(scene: Scene) -> None:
    ref = await scene.desk.create(case())
    for _ in range(2):
        await scene.desk.change(ref, CaseChange(status=CaseStatus.SOLVED))
    await scene.desk.change(ref, CaseChange())
    assert len(scene.lab.methods.of("chat.update")) == 1


async def test_another_team_gets_one_pointer(scene: Scene) -> None:
    ref = await scene.desk.create(case())
    for _ in range(2):
        await scene.desk.change(ref, CaseChange(team="billing"))
        await scene.desk.change(ref, CaseChange(team="nobody has this"))
    (pointer,) = scene.lab.workspace.rooms[TEAM_CHANNEL].values()
    assert "/archives/" in pointer.text
    assert (await scene.desk.state(ref)).team == "nobody has this"
    assert await scene.desk.find("fd:c_1:1") == ref


async def test_reactions_claim_and_resolve_and_reopen(scene: Scene) -> None:
    ref = await scene.desk.create(case())
    scene.take()
    await scene.lab.react(ref, "eyes", agent="max")
    assert scene.take() == [CaseTouched(ref=ref)]
    state = await scene.desk.state(ref)
    assert state.assignee is not None and state.assignee.name == "Max Lee" and state.status is CaseStatus.OPEN
    await scene.lab.react(ref, "white_check_mark", agent="sue")
    state = await scene.desk.state(ref)
    assert state.status is CaseStatus.SOLVED and state.changed_by is not None and state.changed_by.name == "Sue Jones"
    await scene.lab.unreact(ref, "white_check_mark")
    assert (await scene.another().state(ref)).status is CaseStatus.OPEN


async def test_an_old_reaction_says_nothing_again(scene: Scene) -> None:
    ref = await scene.desk.create(case())
    await scene.lab.react(ref, "white_check_mark")
    assert (await scene.desk.state(ref)).status is CaseStatus.SOLVED
    await scene.desk.change(ref, CaseChange(status=CaseStatus.OPEN))
    assert (await scene.desk.state(ref)).status is CaseStatus.OPEN
    await scene.lab.react(ref, "white_check_mark", agent="max")
    assert (await scene.desk.state(ref)).status is CaseStatus.SOLVED


async def test_a_guests_reaction_says_nothing(scene: Scene) -> None:
    ref = await scene.desk.create(case())
    scene.lab.post_at(ref).reactions["white_check_mark"] = {"U0GUEST"}
    assert (await scene.desk.state(ref)).status is CaseStatus.OPEN


async def test_a_pressed_button_is_written_on_the_card_when_it_is_read(scene: Scene) -> None:
    ref = await scene.desk.create(case())
    scene.take()
    await scene.lab.press(ref, "Claim", agent="max")
    asked, touched = scene.take()
    assert isinstance(asked, CaseAsked) and asked.wish is CaseWish.CLAIM and asked.agent.name == "Max Lee"
    assert touched == CaseTouched(ref=ref)
    state = await scene.desk.state(ref)
    assert state.assignee is not None and state.assignee.id == "U0MAX"
    await scene.lab.press(ref, "Give back to the bot", agent="max")
    state = await scene.desk.state(ref)
    assert state.status is CaseStatus.PENDING and state.assignee is None and not state.gives_back
    await scene.lab.press(ref, "Resolve", agent="max")
    scene.lab.weather.add_later(Trouble.FAILED, after=1)
    assert (await scene.desk.state(ref)).status is CaseStatus.SOLVED, "though the card could not be changed"
    assert (await scene.desk.state(ref)).status is CaseStatus.SOLVED
    assert (await scene.another().state(ref)).status is CaseStatus.SOLVED
    for request in scene.requests:
        scene.desk.parse(request)
    await scene.desk.change(ref, CaseChange(status=CaseStatus.OPEN))
    assert (await scene.desk.state(ref)).status is CaseStatus.OPEN, "a redelivered press is none"


async def test_a_deleted_card_is_a_lost_case(scene: Scene) -> None:
    ref = await scene.desk.create(case())
    scene.take()
    await scene.lab.delete(ref)
    assert scene.take() == [CaseTouched(ref=ref)]
    for again in (False, True):
        with pytest.raises(CaseGone):
            await scene.desk.add(ref, entry(key="c_1#4#0"), again=again)
    with pytest.raises(CaseGone):
        await scene.desk.state(ref)
    with pytest.raises(CaseGone):
        await scene.desk.change(ref, CaseChange(status=CaseStatus.SOLVED))
    assert await scene.desk.find("fd:c_1:1") is None


@pytest.mark.parametrize("ref", ["", "C0CASES", "C0CASES:x", f"{CHANNEL}:1600000000.000100"])
async def test_a_ref_that_is_no_case_is_gone(scene: Scene, ref: str) -> None:
    with pytest.raises(CaseGone):
        await scene.desk.state(ref)


async def test_cases_that_changed_are_told(scene: Scene) -> None:
    first = await scene.desk.create(case())
    second = await scene.desk.create(case(key="fd:c_2:1", team="billing"))
    assert set(await scene.desk.changed(datetime.now(UTC) - timedelta(minutes=1))) == {first, second}
    hour = datetime.now(UTC) + timedelta(hours=1)
    assert await scene.desk.changed(hour) == ()
    scene.lab.post_at(second).raw["edited"] = {"ts": f"{(hour + timedelta(seconds=1)).timestamp():.6f}"}
    assert await scene.desk.changed(hour) == (second,)


async def test_slacks_pause_and_refusals_are_told_apart(scene: Scene) -> None:
    ref = await scene.desk.create(case())
    scene.lab.weather.add(Trouble.THROTTLED, retry_after_s=47)
    with pytest.raises(Throttled) as throttled:
        await scene.desk.add(ref, entry(key="k"), again=False)
    assert throttled.value.retry_after_s == 47
    scene.lab.weather.refuses = True
    with pytest.raises(CredentialsInvalid) as refused:
        await scene.desk.add(ref, entry(key="k"), again=True)
    assert "invalid_auth" in refused.value.safe_message and scene.settings.bot_token.get_secret_value() not in str(
        refused.value
    )


async def test_a_channel_without_the_app_parks_the_desk() -> None:
    async with slack_scene(channel="C0NOWHERE") as scene:
        with pytest.raises(CredentialsInvalid) as caught:
            await scene.desk.create(case())
        assert "channel_not_found" in caught.value.safe_message and "invite" in caught.value.safe_message


async def test_slack_out_of_reach_is_certain() -> None:
    async with slack_scene(api_url="http://127.0.0.1:9/api/") as scene:
        with pytest.raises(ProviderUnavailable):
            await scene.desk.create(case())


async def test_words_of_strangers_call_nobody(scene: Scene) -> None:
    draft = case(subject="<!channel> *x* @here", opening=entry("<!everyone> <@U0SUE> @channel \udc80"))
    ref = await scene.desk.create(draft)
    await scene.desk.add(ref, entry("@here <!here>", key="k", author="<!channel> @here"), again=False)
    for post in scene.lab.posts():
        assert "<!" not in shown(post) and "<@U0SUE>" not in shown(post)
        assert "@here" not in shown(post) and "@channel" not in shown(post)


async def test_it_can_edit_and_its_entries_are_ours(scene: Scene) -> None:
    assert isinstance(scene.desk, EditsEntries)
    ref = await scene.desk.create(case())
    entry_id = await scene.desk.add(ref, entry("17 euros", key="c_1#4#0"), again=False)
    await scene.desk.edit(ref, entry_id, "71 euros")
    (told,) = [each for each in await scene.desk.entries(ref) if each.id == entry_id]
    assert told.by is By.OURS and told.key == "c_1#4#0" and "71 euros" in told.text
    for _ in range(2):
        await scene.desk.edit(ref, entry_id, None)
    assert entry_id not in [each.id for each in await scene.desk.entries(ref)]
    await scene.desk.edit(ref, entry_id, "late")


async def test_the_largest_card_and_entry_are_within_slacks_limits(scene: Scene) -> None:
    wide, limit = "&<" * 500, scene.desk.features.max_text
    links = tuple((f"file{number}.png", "https://files.example/" + "a" * 150) for number in range(12))
    contact = Contact(id="ada", name=wide, email=wide + "@x.example", verified=True)
    draft = case(
        subject=wide,
        contact=contact,
        channel="whatsapp",
        opening=entry("x" * limit),
        tags=tuple(f"{number}{wide}" for number in range(40)),
        team=wide,
        fields={f"{number}{wide}": wide for number in range(20)},
        follows=wide,
    )
    ref = await scene.desk.create(draft)
    await scene.desk.add(ref, entry("y" * limit, key="k1", author=wide, links=links), again=False)
    await scene.desk.change(ref, CaseChange(status=CaseStatus.PENDING))
    (card,) = scene.lab.threads()
    assert "x" * limit in shown(card)
    post = scene.lab.workspace.replies(card)[-1]
    assert all(f"file{number}.png" in shown(post) for number in range(12))


async def test_a_press_that_changes_nothing_is_not_kept(scene: Scene) -> None:
    ref = await scene.desk.create(case())
    for _ in range(2):
        await scene.lab.press(ref, "Claim", agent="sue")
        await scene.desk.state(ref)
    await scene.desk.change(ref, CaseChange(assignee="U0MAX"))
    await scene.desk.change(ref, CaseChange(status=CaseStatus.SOLVED))
    state = await scene.desk.state(ref)
    assert state.assignee is not None and state.assignee.id == "U0MAX"
    assert state.status is CaseStatus.SOLVED
