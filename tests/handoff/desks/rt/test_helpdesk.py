"""The desk against a real Request Tracker 5: its tickets, transactions, attachments, users and searches."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator, Callable
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import count

import pytest
import pytest_asyncio

from core.domain import Attachment, Contact
from core.errors import CaseClosed, CaseGone, CredentialsInvalid, MessageRejected
from core.ports.channel import Level
from core.ports.helpdesk import By, CaseChange, CaseDraft, CaseStatus, EntryDraft, Urgency
from handoff import DeskContext
from handoff.desks.rt.helpdesk import RtHelpdesk
from handoff.desks.rt.settings import RtSettings
from tests.channels.context import HeldFiles, HeldMemory, NoLive
from tests.handoff.desks.rt.seen import Desktop
from tests.handoff.desks.rt.server import Person, RtServer

pytestmark = pytest.mark.asyncio(loop_scope="session")
NUMBERS = count(1)
Make = Callable[..., RtHelpdesk]


def now() -> datetime:
    return datetime.now(UTC)


def entry(text: str, **changes: object) -> EntryDraft:
    key = f"c_{next(NUMBERS)}#1#0"
    made = EntryDraft(key=key, by=By.CONTACT, author="Ada Ödegård", text=text, is_public=True, at=now())
    return replace(made, **changes)  # type: ignore[arg-type]  # any field of a draft


def case(**changes: object) -> CaseDraft:
    conv = f"c_{next(NUMBERS)}"
    made = CaseDraft(
        key=f"fd:{conv}:1",
        conv=conv,
        subject="Where is my order?",
        contact=Contact(id="u1", name="Ada", email="ada@customer.example"),
        channel="whatsapp",
        opening=entry("Where is **my** order? 😀"),
    )
    return replace(made, **changes)  # type: ignore[arg-type]  # any field of a draft


@pytest_asyncio.fixture(loop_scope="session")
async def make(server: RtServer) -> AsyncIterator[Make]:
    made: list[RtHelpdesk] = []

    def build(files: HeldFiles | None = None, **settings: object) -> RtHelpdesk:
        context = DeskContext(
            tenant="acme", live=NoLive(), files=files or HeldFiles(), memory=HeldMemory(), clock=now, webhook_url=None
        )
        given = {"api_url": server.url, "user": "frontdesk", "token": server.token, **settings}
        made.append(RtHelpdesk.build(context, RtSettings.model_validate(given)))
        return made[-1]

    yield build
    for each in made:
        await each.close()


@pytest.fixture
def desk(make: Make) -> RtHelpdesk:
    return make()


@pytest.fixture
def desktop(server: RtServer) -> Desktop:
    return Desktop(server.folder / "rt.sqlite")


async def test_a_case_is_found_by_its_key(desk: RtHelpdesk) -> None:
    draft = case()
    assert await desk.find(draft.key) is None
    ref = await desk.create(draft)
    assert await desk.find(draft.key) == ref
    assert await desk.find(draft.key + "1") is None
    assert await desk.find("fd:' OR id > 0:1") is None


async def test_a_case_stands_as_it_was_routed(desk: RtHelpdesk, desktop: Desktop) -> None:
    draft = case(team="billing", assignee="max", urgency=Urgency.HIGH, fields={"Channel": "WhatsApp ü", "Nope": "x"})
    ref = await desk.create(draft)
    state = await desk.state(ref)
    assert (state.key, state.team, state.status) == (draft.key, "billing", CaseStatus.OPEN)
    assert state.assignee is not None
    assert (state.assignee.id, state.assignee.name) == ("max", "Max Lee")
    assert not state.gives_back
    (seen,) = [each for each in desktop.cases() if each.ref == ref]
    assert (seen.urgency, seen.subject) == ("high", "Where is my order?")
    assert [(each.by, each.author, each.is_public) for each in seen.entries] == [(By.CONTACT, "Ada Ödegård", True)]
    assert "Where is my order? 😀" in seen.entries[0].text


async def test_a_wrong_route_is_refused_before_anything_is_made(desk: RtHelpdesk) -> None:
    draft = case()
    with pytest.raises(MessageRejected, match="shipping"):
        await desk.create(replace(draft, team="shipping"))
    with pytest.raises(MessageRejected, match="nobody-here"):
        await desk.create(replace(draft, assignee="nobody-here"))
    assert await desk.find(draft.key) is None


@pytest.mark.parametrize(("queue", "said"), [("fieldless", "no custom field"), ("missing", "no queue")])
async def test_no_case_is_made_where_its_key_would_be_lost(make: Make, queue: str, said: str) -> None:
    with pytest.raises(CredentialsInvalid, match=said):
        await make(queue=queue).create(case())


async def test_entries_are_written_once_and_private_ones_are_comments(desk: RtHelpdesk, desktop: Desktop) -> None:
    ref = await desk.create(case())
    hers, brief = (
        entry("And <b>now</b>? 你好"),
        entry("Ada asks twice.", by=By.OURS, author="Assistant", is_public=False),
    )
    first = await desk.add(ref, hers, again=False)
    second = await desk.add(ref, brief, again=False)
    assert await desk.add(ref, hers, again=True) == first
    assert await desk.add(ref, brief, again=True) == second
    (seen,) = [each for each in desktop.cases() if each.ref == ref]
    told = [(each.by, each.is_public, each.text) for each in seen.entries[1:]]
    assert told == [
        (By.CONTACT, True, "Ada Ödegård (customer)\n\nAnd <b>now</b>? 你好"),
        (By.OURS, False, "Assistant\n\nAda asks twice."),
    ]
    read = await desk.entries(ref)
    assert [(each.key, each.by, each.is_public) for each in read[1:]] == [
        (hers.key, By.OURS, True),
        (brief.key, By.OURS, False),
    ]
    assert await desk.entries(ref, after=first) == read[2:]


async def test_agents_are_heard_with_their_words_names_and_files(
    desk: RtHelpdesk, make: Make, server: RtServer
) -> None:
    ref = await desk.create(case())
    sue, eve = Person(server, "sue"), Person(server, "eve")
    await sue.write(
        ref, "correspond", "<p>It is <b>on its way</b> &amp; 5 &lt; 6 “ok” 😀</p>", {"Zoë 你.png": b"\x89PNG\x00"}
    )
    await sue.write(ref, "comment", "<p>Looks odd.</p>")
    await eve.write(ref, "correspond", "<p>Buy my watches!</p>")
    reply, note, stranger = (await desk.entries(ref))[1:]
    assert (reply.by, reply.is_public, reply.text) == (By.AGENT, True, "It is **on its way** & 5 < 6 “ok” 😀")
    assert reply.agent is not None
    assert (reply.agent.id, reply.agent.name, reply.agent.email) == ("sue", "Sue Jones", "sue@desk.example")
    assert now() - timedelta(minutes=1) < reply.at <= now() + timedelta(seconds=2)
    assert (note.by, note.is_public, note.text) == (By.AGENT, False, "Looks odd.")
    assert stranger.by is By.OTHER
    (file,) = reply.files
    assert (file.name, file.media_type, file.size_bytes) == ("Zoë 你.png", "image/png", 5)
    assert (await desk.fetch(file, limit_bytes=5)).body == b"\x89PNG\x00"
    with pytest.raises(MessageRejected):
        await desk.fetch(file, limit_bytes=4)


async def test_files_of_the_customer_stand_in_the_ticket(make: Make, desktop: Desktop) -> None:
    files = HeldFiles({"f1": b"\x89PNG\x00\xff", "f2": b""})
    desk = make(files)
    given = tuple(
        Attachment(id=id_, name=name, media_type="image/png", size_bytes=1)
        for id_, name in (("f1", "Zoë 你.png"), ("f2", "empty.txt"))
    )
    ref = await desk.create(case(opening=entry("", files=given[:1])))
    await desk.add(ref, entry("Two", files=given), again=False)
    (seen,) = [each for each in desktop.cases() if each.ref == ref]
    assert [dict(each.files) for each in seen.entries] == [{"Zoë 你.png": b"\x89PNG\x00\xff"}] * 2
    assert "empty.txt" in seen.entries[1].text


async def test_giving_the_ticket_to_our_user_gives_back(desk: RtHelpdesk, server: RtServer) -> None:
    ref = await desk.create(case(assignee="sue"))
    await Person(server, "sue").change(ref, Owner="frontdesk")
    state = await desk.state(ref)
    assert state.gives_back
    assert state.assignee is None
    assert state.changed_by is not None
    assert state.changed_by.name == "Sue Jones"
    await desk.change(ref, CaseChange(took_back=True))
    state = await desk.state(ref)
    assert not state.gives_back
    assert state.assignee is None


async def test_statuses_queues_and_owners_change(desk: RtHelpdesk, server: RtServer, desktop: Desktop) -> None:
    ref = await desk.create(case())
    for status in (CaseStatus.PENDING, CaseStatus.SOLVED, CaseStatus.OPEN):
        await desk.change(ref, CaseChange(status=status))
        assert (await desk.state(ref)).status is status
    await desk.change(ref, CaseChange(team="billing", assignee="max", urgency=Urgency.URGENT, add_tags=("vip",)))
    state = await desk.state(ref)
    assert (state.team, state.assignee.id if state.assignee else None) == ("billing", "max")
    assert [each.urgency for each in desktop.cases() if each.ref == ref] == ["urgent"]
    await desk.change(ref, CaseChange(team="no such queue", assignee="nobody-here"))
    assert await desk.state(ref) == replace(await desk.state(ref), team="billing", assignee=state.assignee)
    await Person(server, "sue").change(ref, Status="rejected")
    assert (await desk.state(ref)).status is CaseStatus.SOLVED


async def test_a_merged_case_names_the_one_that_took_its_place(desk: RtHelpdesk, server: RtServer) -> None:
    first, second = case(), case()
    kept, gone = await desk.create(first), await desk.create(second)
    await Person(server, "sue").change(gone, MergeInto=kept)
    state = await desk.state(gone)
    assert (state.ref, state.merged_into, state.key) == (gone, kept, first.key)
    assert (await desk.state(kept)).merged_into is None
    with pytest.raises(CaseClosed):
        await desk.add(gone, entry("Still here"), again=False)
    with pytest.raises(CaseClosed):
        await desk.change(gone, CaseChange(status=CaseStatus.SOLVED))


async def test_merged_cases_keep_their_own_words_apart(desk: RtHelpdesk, server: RtServer) -> None:
    kept, gone = await desk.create(case()), await desk.create(case())
    sue, hers = Person(server, "sue"), entry("Before")
    added, before = await desk.add(gone, hers, again=False), await sue.write(gone, "correspond", "<p>to her</p>")
    await sue.change(gone, MergeInto=kept)
    after = await sue.write(kept, "correspond", "<p>to both</p>")
    assert [each.id for each in await desk.entries(gone)][1:] == [added, before]
    assert [each.id for each in await desk.entries(kept)][1:] == [after]
    assert await desk.add(kept, hers, again=True) == added, "found where it was said"


async def test_a_deleted_case_is_gone_though_rt_would_take_more(desk: RtHelpdesk, server: RtServer) -> None:
    draft, began = case(), now() - timedelta(seconds=2)
    ref = await desk.create(draft)
    await Person(server, "sue").change(ref, Status="deleted")
    assert await desk.find(draft.key) is None
    assert ref in await desk.changed(began)
    for call in (desk.state(ref), desk.entries(ref), desk.add(ref, entry("x"), again=False), desk.state("999999")):
        with pytest.raises(CaseGone):
            await call


async def test_what_changed_is_listed_whatever_rts_time_zone(desk: RtHelpdesk, server: RtServer) -> None:
    ref, older = await desk.create(case()), await desk.create(case())
    stranger = await Person(server, "sue").make(Queue="General", Subject="Not ours")
    hour_ago = f"{now() - timedelta(hours=1):%Y-%m-%d %H:%M:%S}"
    with closing(sqlite3.connect(server.folder / "rt.sqlite", timeout=30)) as database, database:
        database.execute("UPDATE Tickets SET LastUpdated = ? WHERE id = ?", (hour_ago, older))
    assert not {stranger, older} & set(await desk.changed(now() - timedelta(minutes=55)))
    assert {ref, older} <= set(await desk.changed(now() - timedelta(minutes=65)))
    for span in (10, 500, 3_000, 90_000, 4_000_000, 400_000_000):
        assert ref in await desk.changed(now() - timedelta(seconds=span))


async def test_a_long_history_is_read_whole(desk: RtHelpdesk, server: RtServer) -> None:
    ref = await desk.create(case())
    sue = Person(server, "sue")
    first = await sue.write(ref, "correspond", "<p>first</p>")
    fields = ("Priority", "FinalPriority", "TimeWorked", "TimeEstimated", "TimeLeft", "Subject")
    for number in range(20):  # a transaction for each field
        await sue.change(ref, **dict.fromkeys(fields, str(number + 1)))
    last = await sue.write(ref, "correspond", "<p>last</p>")
    read = await desk.entries(ref)
    assert [each.by for each in read] == [By.OURS, By.AGENT, By.AGENT]
    assert [each.id for each in read[1:]] == [first, last]
    assert int(last) - int(first) > 100, "more than one page of RT's"
    assert await desk.entries(ref, after=first) == read[2:]


async def test_rt_mails_no_customer(desk: RtHelpdesk, server: RtServer) -> None:
    ref = await desk.create(case())
    sue = Person(server, "sue")
    await desk.add(ref, entry("secret brief", by=By.OURS, is_public=False), again=False)
    await desk.add(ref, entry("Hello?"), again=False)
    await sue.write(ref, "correspond", "<p>It is on its way.</p>")
    await sue.change(ref, Status="resolved")
    about = [mail for mail in server.mails() if f"X-RT-Ticket: desk.example #{ref}\n" in mail]
    assert not [mail for mail in about if "customer.example" in mail]
    # The same RT does mail requestors: whoever is added by hand gets what agents say.
    by_hand = await sue.make(Queue="General", Subject="By mail", Requestor="bob@customer.example")
    await sue.write(by_hand, "correspond", "<p>Dear Bob</p>")
    assert [mail for mail in server.mails() if "To: bob@customer.example" in mail and "Dear Bob" in mail]


async def test_a_password_does_as_well(make: Make) -> None:
    desk = make(token=None, password="secret-frontdesk")
    draft = case()
    assert await desk.find(draft.key) is None
    with pytest.raises(CredentialsInvalid):
        await make(token=None, password="wrong").find(draft.key)
    with pytest.raises(CredentialsInvalid):
        await make(token="1-1-0123456789abcdef").find(draft.key)


async def test_the_doctor_finds_what_is_missing(make: Make) -> None:
    async def levels(desk: RtHelpdesk) -> dict[str, Level]:
        return {finding.check: finding.level for finding in await desk.examine()}

    good = await levels(make())
    assert set(good.values()) == {Level.OK}
    assert {"credentials", "clock", "user", "queue", "case_field", "webhook"} == set(good)
    assert (await levels(make(token="1-1-0123456789abcdef")))["credentials"] is Level.FAILURE
    assert (await levels(make(queue="missing")))["queue"] is Level.FAILURE
    assert (await levels(make(queue="fieldless")))["case_field"] is Level.FAILURE
    assert (await levels(make(user="sue")))["user"] is Level.FAILURE
    assert (await levels(make(user="eve")))["user"] is Level.FAILURE
    assert (await levels(make(user="nobody-here")))["user"] is Level.FAILURE
    assert (await levels(make(api_url="http://127.0.0.1:9")))["credentials"] is Level.FAILURE
