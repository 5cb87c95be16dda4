"""Comments: said once, private when they must be, read back with who said them."""

from __future__ import annotations

import pytest

from core.errors import (
    CredentialsInvalid,
    DeliveryError,
    MessageRejected,
    OutcomeUnknown,
    ProviderUnavailable,
    Throttled,
)
from core.ports.helpdesk import By, RemoteFile
from gateway.lab.desks.zendesk.state import mailing_triggers
from gateway.lab.vendor import Fault
from handoff.desks.zendesk.helpdesk import Zendesk
from tests.handoff.desks.zendesk.conftest import Account


async def test_the_customers_words_stand_under_their_own_name(account: Account, desk: Zendesk) -> None:
    ref = await desk.create(account.case())
    added = await desk.add(ref, account.entry("It is **late**\\\nby two days", key="c_1#13#0"), again=False)
    comment = account.ticket.comments[-1]
    assert (str(comment.id), comment.author, comment.public) == (added, account.ticket.requester, True)
    assert comment.html == "<p>It is <strong>late</strong><br>by two days</p>"


@pytest.mark.parametrize("by", [By.OURS, By.AGENT])
async def test_an_opening_of_ours_is_not_put_into_the_customers_mouth(account: Account, desk: Zendesk, by: By) -> None:
    await desk.create(account.case(opening=account.entry("the brief", by=by, is_public=False)))
    comment = account.ticket.comments[0]
    assert (comment.author, comment.public) == (account.lab.me.id, False)
    assert (await desk.entries(str(account.ticket.id)))[0].by is By.OURS


async def test_what_we_say_and_what_is_said_elsewhere_names_who_said_it(account: Account, desk: Zendesk) -> None:
    ref = await desk.create(account.case())
    await desk.add(ref, account.entry("Hello!", key="k2", by=By.OURS, author="Bot"), again=False)
    await desk.add(ref, account.entry("On my way", key="k3", by=By.AGENT, author="Kim *at* console"), again=False)
    bot, agent = account.ticket.comments[-2:]
    assert (bot.plain, bot.author) == ("Hello!", account.lab.me.id)
    assert agent.plain == "Kim *at* console:\n\nOn my way"


@pytest.mark.parametrize("by", [By.OURS, By.CONTACT, By.AGENT])
async def test_a_private_note_is_private_whoever_said_it(account: Account, desk: Zendesk, by: By) -> None:
    account.lab.books.triggers = mailing_triggers(None)
    ref = await desk.create(account.case(opening=account.entry(is_public=False)))
    requester = account.lab.books.people[account.ticket.requester]
    requester.email = "ann@example.com"
    await desk.add(ref, account.entry("<b>brief</b>", key="k2", by=by, is_public=False), again=False)
    assert [comment.public for comment in account.ticket.comments] == [False, False]
    assert account.ticket.mails == []
    await desk.add(ref, account.entry("public", key="k3", by=by), again=False)
    assert account.ticket.mails, "the standard triggers do mail the customer when the tag is not excepted"


async def test_the_tag_keeps_the_standard_triggers_quiet(account: Account, desk: Zendesk) -> None:
    ref = await desk.create(account.case())
    account.lab.books.people[account.ticket.requester].email = "ann@example.com"
    await desk.add(ref, account.entry("public", key="k2", by=By.OURS), again=False)
    await account.lab.say(ref, "an answer", is_public=True)
    assert account.ticket.mails == []


async def test_an_entry_whose_answer_was_lost_is_found_and_not_said_twice(account: Account, desk: Zendesk) -> None:
    ref = await desk.create(account.case())
    account.lab.faults.add(Fault.LOST_ANSWER, on="tickets.update")
    draft = account.entry("only once", key="c_1#13#0")
    with pytest.raises(OutcomeUnknown):
        await desk.add(ref, draft, again=False)
    added = await desk.add(ref, draft, again=True)
    assert [comment.plain for comment in account.ticket.comments].count("only once") == 1
    assert added == str(account.ticket.comments[-1].id)
    other = await desk.add(ref, account.entry("only once", key="c_1#14#0"), again=True)
    assert other != added


async def test_our_entry_is_found_beyond_the_first_page_of_audits(account: Account, desk: Zendesk) -> None:
    account.lab.changes.max_updates = None
    ref = await desk.create(account.case())
    for number in range(105):
        await desk.add(ref, account.entry(f"line {number}", key=f"k{number}"), again=False)
    last = str(account.ticket.comments[-1].id)
    assert await desk.add(ref, account.entry("line 104", key="k104"), again=True) == last
    entries = await desk.entries(ref)
    assert [entry.id for entry in entries] == [str(comment.id) for comment in account.ticket.comments]
    assert [entry.text for entry in await desk.entries(ref, after=entries[-3].id)] == ["line 103", "line 104"]


async def test_who_said_what(account: Account, desk: Zendesk) -> None:
    lab = account.lab
    ref = await desk.create(account.case())
    await desk.add(ref, account.entry("from the bot", key="k2", by=By.OURS), again=False)
    await lab.say(ref, "We refunded you!", is_public=True)
    await lab.say(ref, "a *secret*", agent="max", is_public=False)
    await lab.stranger(ref, "Me too")
    await lab.rule(ref, "Your ticket was received")
    entries = await desk.entries(ref)
    assert [(entry.by, entry.is_public, entry.text) for entry in entries] == [
        (By.CONTACT, True, "Where is my order?"),
        (By.OURS, True, "from the bot"),
        (By.AGENT, True, "We refunded you!"),
        (By.AGENT, False, "a \\*secret\\*"),
        (By.CONTACT, True, "Me too"),
        (By.OTHER, True, "Your ticket was received"),
    ]
    assert entries[2].agent is not None
    assert entries[2].agent.name == "Sue Jones"
    assert entries[4].agent is None


async def test_customers_read_an_agents_alias(account: Account, desk: Zendesk) -> None:
    account.lab.agents["sue"].alias = "Susi"
    ref = await desk.create(account.case())
    await account.lab.say(ref, "Hi", is_public=True)
    entry = (await desk.entries(ref))[-1]
    assert entry.agent is not None
    assert entry.agent.name == "Susi"


async def test_what_a_merge_leaves_is_nobodys_answer(account: Account, desk: Zendesk) -> None:
    first, second = await desk.create(account.case()), await desk.create(account.case("fd:c_2:1"))
    await account.lab.merge(first, second)
    assert (await desk.entries(first))[-1].by is By.OTHER
    assert (await desk.entries(second))[-1].by is By.OTHER


async def test_files_go_both_ways_and_our_token_stays_with_zendesk(account: Account, desk: Zendesk) -> None:
    ref = await desk.create(account.case())
    files = (account.file("a.png", b"one"), account.file("ü b.png", b"two"))
    await desk.add(
        ref, account.entry("see", key="k2", files=files, links=(("big.zip", "https://f.example/1"),)), again=False
    )
    comment = account.ticket.comments[-1]
    assert [(file.name, file.body) for file in comment.files] == [("a.png", b"one"), ("ü b.png", b"two")]
    assert 'href="https://f.example/1"' in comment.html
    await account.lab.say(ref, "the invoice", is_public=True, files={"invoice.pdf": b"%PDF-1"})
    file = (await desk.entries(ref))[-1].files[0]
    assert (file.name, file.media_type, file.size_bytes) == ("invoice.pdf", "application/pdf", 6)
    assert (await desk.fetch(file, limit_bytes=100)).body == b"%PDF-1"
    with pytest.raises(MessageRejected):
        await desk.fetch(file, limit_bytes=3)
    elsewhere = RemoteFile(id="1", name="x", media_type="a/b", size_bytes=1, origin="https://evil.example/x")
    with pytest.raises(MessageRejected):
        await desk.fetch(elsewhere, limit_bytes=100)


async def test_a_file_is_fetched_with_a_new_token_when_the_old_one_ended(account: Account, desk: Zendesk) -> None:
    ref = await desk.create(account.case())
    await account.lab.say(ref, "the invoice", is_public=True, files={"invoice.pdf": b"%PDF-1"})
    file = (await desk.entries(ref))[-1].files[0]
    account.lab.faults.add(Fault.UNAUTHORIZED)
    assert (await desk.fetch(file, limit_bytes=100)).body == b"%PDF-1"
    assert account.lab.grants == 2


async def test_a_file_that_is_gone_here_is_told_and_nothing_is_half_said(account: Account, desk: Zendesk) -> None:
    ref = await desk.create(account.case())
    file = account.file("a.png", b"one")
    account.files.bodies.clear()

    with pytest.raises(MessageRejected):
        await desk.add(ref, account.entry("see", key="k2", files=(file,)), again=False)
    assert len(account.ticket.comments) == 1


async def test_a_customer_whom_agents_merged_with_another_user_writes_as_that_one(
    account: Account, desk: Zendesk
) -> None:
    ref = await desk.create(account.case())
    people, ticket = account.lab.books.people, account.ticket
    del people[ticket.requester]
    ticket.requester = account.lab.books.person(name="Ann at Zendesk").id
    await desk.add(ref, account.entry("it is me", key="k2"), again=False)
    assert (ticket.comments[-1].author, ticket.comments[-1].plain) == (ticket.requester, "it is me")


async def test_words_of_a_customer_who_is_no_user_any_more_stand_under_our_name(
    account: Account, desk: Zendesk
) -> None:
    ref = await desk.create(account.case())
    account.lab.refuses_authors = True
    await desk.add(ref, account.entry("still here", key="k2"), again=False)
    comment = account.ticket.comments[-1]
    assert (comment.author, comment.plain) == (account.lab.me.id, "Ann Lee:\n\nstill here")


async def test_a_pending_ticket_is_open_again_when_the_customer_writes(account: Account, desk: Zendesk) -> None:
    ref = await desk.create(account.case())
    await account.lab.set(ref, status="pending")
    await desk.add(ref, account.entry("a draft", key="k2", by=By.OURS, is_public=False), again=False)
    assert account.ticket.status == "pending"
    await desk.add(ref, account.entry("and?", key="k3"), again=False)
    assert account.ticket.status == "open"


async def test_thirty_updates_in_ten_minutes_and_then_the_vendors_own_pause(account: Account, desk: Zendesk) -> None:
    ref = await desk.create(account.case())
    for number in range(1, 30):
        await desk.add(ref, account.entry(f"line {number}", key=f"k{number}"), again=False)
    account.clock.advance(minutes=4)
    with pytest.raises(Throttled) as refused:
        await desk.add(ref, account.entry("too soon", key="k30"), again=False)
    assert refused.value.retry_after_s == 361
    account.clock.advance(seconds=361)
    await desk.add(ref, account.entry("now", key="k30"), again=True)
    assert len(account.ticket.comments) == 31
    assert (desk.features.updates, desk.features.updates_per_s) == (30, 600.0)


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (Fault.THROTTLED, Throttled),
        (Fault.UNAVAILABLE, ProviderUnavailable),
        (Fault.LOST_ANSWER, OutcomeUnknown),
        (Fault.REFUSED, MessageRejected),
    ],
)
async def test_every_trouble_has_its_error(
    account: Account, desk: Zendesk, fault: Fault, error: type[DeliveryError]
) -> None:
    ref = await desk.create(account.case())
    account.lab.retry_after_s = 17
    account.lab.faults.add(fault, on="tickets.update")
    with pytest.raises(error) as raised:
        await desk.add(ref, account.entry("words of ours", key="k2"), again=False)
    assert "words" not in raised.value.safe_message
    if fault is Fault.THROTTLED:
        assert raised.value.retry_after_s == 17


async def test_a_token_that_ended_is_renewed_once_and_by_one_request(account: Account, desk: Zendesk) -> None:
    ref = await desk.create(account.case())
    assert account.lab.grants == 1
    account.lab.faults.add(Fault.UNAUTHORIZED, on="tickets.update")
    await desk.add(ref, account.entry("again", key="k2"), again=False)
    assert (account.lab.grants, len(account.ticket.comments)) == (2, 2)
    account.clock.advance(hours=3)
    await desk.state(ref)
    assert account.lab.grants == 3


async def test_credentials_that_are_refused_say_so_without_the_secret(account: Account) -> None:
    desk = account.connect(client_secret="wrong-secret")
    with pytest.raises(CredentialsInvalid) as refused:
        await desk.find("fd:c_1:1")
    assert "wrong-secret" not in str(refused.value)
    account.lab.refuses_credentials = True
    with pytest.raises(CredentialsInvalid):
        await account.connect().find("fd:c_1:1")


async def test_a_legacy_token_still_logs_in(account: Account) -> None:
    legacy = {
        "client_id": None,
        "client_secret": None,
        "email": account.lab.me.email,
        "api_token": account.lab.api_token,
    }
    desk = account.connect(**legacy)
    assert await desk.create(account.case()) == str(account.ticket.id)
    assert account.lab.grants == 0
    account.lab.refuses_credentials = True
    with pytest.raises(CredentialsInvalid):
        await desk.find("fd:c_1:1")


async def test_a_desk_that_is_down_is_no_answer(account: Account, desk: Zendesk) -> None:
    account.lab.is_down = True
    with pytest.raises(ProviderUnavailable):
        await desk.find("fd:c_1:1")
