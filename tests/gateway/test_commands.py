"""What agents can ask for in a private note, at any desk: each answers in private, nothing happens twice, nothing leaks."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from core.conversing.abilities import Abilities
from core.domain import Message, MessageKind, Owner, Role, Status, Visibility
from core.errors import PayloadInvalid
from core.ports.knowledge import Knowledge
from core.ports.tools import Confirmation, Tool
from core.settings import EngineSettings
from gateway.approvals import Approvals
from gateway.asking import Asking, looking_only
from gateway.commands import NoteCommands
from handoff import learning
from handoff.assist import is_draft, number_of
from handoff.commanding import VERBS
from handoff.learning import Use
from tests.core import world
from tests.core.conversing.world import Shop, ToldModels, abilities, calls
from tests.handoff.desk_case import CONV, START, DeskCase, desk_case
from tests.handoff.examples import citation

RETURNS = (citation(1, "Returns", "https://help.example/r"),)
DRAFT = "You have 30 days to return it [1]."


@dataclass
class Room:
    case: DeskCase
    commands: NoteCommands
    models: ToldModels | None
    shop: Shop
    seen: list[Use] = field(default_factory=list)

    async def note(self, text: str, *, agent: str = "Sue", key: str = "") -> str:
        """What a command answers."""
        answer = await self.commands.answer(await self.case.head(), agent=agent, text=text, key=key)
        assert answer is not None
        return answer

    async def drafted(self, question: str = "How long may I return it?", reply: str = DRAFT) -> Message:
        return next(m for m in await self.case.says(question, reply=reply, citations=RETURNS) if is_draft(m))


@asynccontextmanager
async def room(
    folder: Path,
    *,
    models: ToldModels | None = None,
    knowledge: Knowledge | None = None,
    language: str | None = "en",
    tools: Mapping[str, str] | None = None,
) -> AsyncIterator[Room]:
    """A case that waits in the queue, and the commands over it."""
    shop = Shop(tools or {})
    has: Abilities = abilities(models, shop=shop if tools is not None else None)
    index = world.index_of(folder / "index", world.articles())
    async with desk_case(folder / "store") as case:
        await case.says("A person, please", reply="Of course.", hands_over=True, language=language)
        seen: list[Use] = []
        asking = Asking(
            store=case.store,
            knowledge=knowledge or world.IndexKnowledge(index),
            settings=EngineSettings(),
            abilities=lambda: has,
            clock=lambda: START,
        )
        commands = NoteCommands(
            store=case.store,
            handoff=case.service,
            approvals=Approvals(store=case.store, abilities=lambda: has),
            asking=asking,
            models=lambda: models,
            counts=seen.append,
            secret=b"s",
        )
        case.service.commands = commands
        yield Room(case, commands, models, shop, seen)


async def test_send_says_a_suggestion_once_as_the_agents_reply(tmp_path: Path) -> None:
    async with room(tmp_path) as at:
        draft = await at.drafted()
        number = await number_of(at.case.store, draft)
        assert await at.note(f"/send {number}") == f"Sent suggestion {number} to the customer as the reply of Sue."
        assert "was sent before, by Sue" in await at.note(f"/send {number}")
        assert "was sent before, by Sue" in await at.note(f"/send {number}", agent="Max")
        replies = [m for m in await at.case.messages() if m.role is Role.AGENT]
        assert [(m.text, m.author) for m in replies] == [
            ("You have 30 days to return it.\n\n[Returns](<https://help.example/r>)", "Sue")
        ]
        assert (await at.case.head()).owner is Owner.HUMAN and at.seen == [Use.APPROVED]
        kept = await learning.used(at.case.store, draft.id)
        assert kept is not None and (kept.use, kept.by) == (Use.APPROVED, "Sue")


async def test_a_crash_between_the_claim_and_the_reply_is_healed_by_whoever_says_it_again(tmp_path: Path) -> None:
    async with room(tmp_path) as at:
        draft = await at.drafted()
        number = await number_of(at.case.store, draft)
        await at.case.store.claim(f"suggestion|sent|{draft.id}", "Sue")
        assert "as the reply of Sue" in await at.note(f"/send {number}", agent="Max")
        assert [m.author for m in await at.case.messages() if m.role is Role.AGENT] == ["Sue"]


@pytest.mark.parametrize("words", ["9", "", "one", "1 and more", "-1", "\u00b2"])
async def test_a_number_that_names_nothing_sends_nothing(tmp_path: Path, words: str) -> None:
    async with room(tmp_path) as at:
        number = await number_of(at.case.store, await at.drafted())
        answer = await at.note(f"/send {words}")
        assert f"Suggestions now: {number}." in answer
        assert not [m for m in await at.case.messages() if m.role is Role.AGENT]


async def test_an_old_number_never_sends_a_newer_text(tmp_path: Path) -> None:
    async with room(tmp_path) as at:
        first = await at.drafted()
        number = await number_of(at.case.store, first)
        second = await at.drafted("Sorry, I mean the heater", "Heaters cannot be returned [1].")
        assert await number_of(at.case.store, second) != number
        await at.note(f"/send {number}")
        assert "You have 30 days" in next(m for m in await at.case.messages() if m.role is Role.AGENT).text


async def test_nothing_is_sent_into_a_resolved_conversation(tmp_path: Path) -> None:
    async with room(tmp_path) as at:
        number = await number_of(at.case.store, await at.drafted())
        await at.case.service.resolve(CONV, agent="Sue", key="x")
        assert "resolved" in await at.note(f"/send {number}")
        assert (await at.case.head()).status is Status.RESOLVED


@pytest.mark.parametrize("text", ["/send 1", "/ask when will it come?", "/sned 1", "\\/bot"])
async def test_a_command_typed_as_a_reply_is_refused_and_said_to_nobody(tmp_path: Path, text: str) -> None:
    async with room(tmp_path) as at:
        before = await at.case.messages()
        with pytest.raises(PayloadInvalid, match="as a note"):
            await at.case.service.reply(CONV, agent="Sue", text=text, key="r1")
        assert await at.case.messages() == before


async def test_a_note_said_twice_is_carried_out_once(tmp_path: Path) -> None:
    async with room(tmp_path) as at:
        await at.case.says("How long is the warranty of garden tools?", reply=None)
        for _ in range(2):
            await at.case.service.note(CONV, agent="Sue", text="/draft", key="k1")
        assert len([m for m in await at.case.messages() if m.kind is MessageKind.DRAFT]) == 1


async def test_bot_gives_back_once(tmp_path: Path) -> None:
    async with room(tmp_path) as at:
        assert await at.note("/bot", key="n1") == "Given back: the assistant answers again."
        assert (await at.case.head()).owner is Owner.BOT
        assert "already" in await at.note("/bot", key="n1")
        await at.case.service.request(CONV, key="again")
        await at.note("/bot", key="n1")
        assert (await at.case.head()).owner is Owner.QUEUE, "a redelivered note is not a new wish"
        await at.note("/bot", key="n2")
        assert (await at.case.head()).owner is Owner.BOT


async def test_ask_answers_in_private_with_sources_and_leaves_no_trace(tmp_path: Path) -> None:
    async with room(tmp_path) as at:
        before = await at.case.head()
        answer = await at.note("/ask How long is the warranty of garden tools?")
        assert (
            "for you only" in answer
            and "2 years" in answer
            and "[1] Warranty: <https://help.example/warranty>" in answer
        )
        assert await at.case.head() == before
        assert "2 years" not in " ".join(await at.case.to_contact())


async def test_ask_about_a_high_stakes_topic_is_answered_too(tmp_path: Path) -> None:
    async with room(tmp_path) as at:
        answer = await at.note("/ask a lawyer wants to know how long the warranty of garden tools is")
        assert "2 years" in answer


async def test_ask_says_when_it_does_not_know(tmp_path: Path) -> None:
    async with room(tmp_path) as at:
        assert "no answer to this" in await at.note("/ask zzyzx qwertz flurbl")
    async with room(tmp_path / "broken", knowledge=world.BrokenKnowledge()) as at:
        assert "cannot look anything up" in await at.note("/ask How long is the warranty?")
        assert "Write the question" in await at.note("/ask")


async def test_ask_may_look_up_but_change_nothing(tmp_path: Path) -> None:
    wishes = calls(("lookup_order", {"order_id": "1007"}), ("initiate_refund", {"order_id": "1007", "amount": 20}))
    models = ToldModels({"answer": [wishes, "Order 1007 is shipped [T1]."]})
    async with room(
        tmp_path, models=models, tools={"lookup_order": '{"status": "shipped"}', "initiate_refund": "{}"}
    ) as at:
        known = replace((await at.case.head()).contact, verified=True, customer_account="c_1")
        head = replace(await at.case.head(), contact=known)
        answer = await at.commands.answer(head, agent="Sue", text="/ask Where is order 1007? Refund 20 if it is late.")
        assert answer is not None and "Order 1007 is shipped" in answer
        assert [name for name, _, _ in at.shop.done] == ["lookup_order"]
        offered = {tool.name for _, request in models.asked for tool in request.tools}
        assert "lookup_order" in offered and "initiate_refund" not in offered


async def test_a_looking_tool_that_needs_a_yes_is_not_there(tmp_path: Path) -> None:

    has = abilities(None, shop=Shop({}))
    asks = {
        name: Tool(spec=replace(tool.spec, confirmation=Confirmation.CUSTOMER), runner=tool.runner)
        for name, tool in has.tools.items()
    }
    assert set(looking_only(has, lambda: START).tools) == {"lookup_order"}
    assert not looking_only(replace(has, tools=asks), lambda: START).tools


async def test_draft_makes_a_new_suggestion_that_can_be_sent(tmp_path: Path) -> None:
    async with room(tmp_path) as at:
        await at.case.says("How long is the warranty of garden tools?", reply=None)
        answer = await at.note("/draft", key="n1")
        assert "**Suggestion 1**" in answer and "2 years" in answer and "/send 1" in answer
        assert await at.note("/draft", key="n1") == answer
        assert len([m for m in await at.case.messages() if m.kind is MessageKind.DRAFT]) == 1
        assert "2 years" not in " ".join(await at.case.to_contact())
        await at.note("/send 1")
        assert "2 years" in " ".join(await at.case.to_contact())


async def test_draft_says_when_there_is_none(tmp_path: Path) -> None:
    async with room(tmp_path) as at:
        await at.case.says("zzyzx qwertz flurbl", reply=None)
        assert (await at.note("/draft")).startswith("No suggestion: The knowledge base has no answer")


async def test_translate_goes_to_the_customers_language_and_minds_the_figures(tmp_path: Path) -> None:
    models = ToldModels({"translate": ["Ihr Paket 1007 kommt am 3. Mai.", "Ihr Paket kommt bald."]})
    async with room(tmp_path, models=models, language="de") as at:
        answer = await at.note("/translate Your parcel 1007 arrives on May 3.")
        assert "In German; nothing was sent" in answer and "> Ihr Paket 1007 kommt am 3. Mai." in answer
        assert "figures" not in answer
        assert "Look at the figures" in await at.note("/tr Your parcel 1007 arrives on May 3.")
        assert "Paket" not in " ".join(await at.case.to_contact())


async def test_translate_without_a_model_or_a_language_says_so(tmp_path: Path) -> None:
    async with room(tmp_path, language="de") as at:
        assert "needs a model" in await at.note("/tr hello")
        assert "Write the text" in await at.note("/tr")
    async with room(tmp_path / "other", language=None) as at:
        assert "not known yet" in await at.note("/tr hello")


async def test_help_names_every_command(tmp_path: Path) -> None:
    async with room(tmp_path) as at:
        told = await at.note("/help")
        assert all(f"`/{verb}" in told for verb in VERBS if verb != "tr")
        assert set(at.commands.known) == set(VERBS)


async def test_an_unknown_command_is_answered_and_does_nothing(tmp_path: Path) -> None:
    async with room(tmp_path) as at:
        answer = await at.note("/sned 1")
        assert "no command /sned" in answer and "Did you mean /send?" in answer and "`/help`" in answer
        assert "Did you mean" not in await at.note("/shrug")


async def test_approve_without_its_number_says_how(tmp_path: Path) -> None:
    async with room(tmp_path) as at:
        assert "four digits" in await at.note("/approve")
        assert "Nothing here waits" in await at.note("/deny 4821")


@pytest.mark.parametrize("text", ["an ordinary note", "see /var/log/app.log", "// not a command"])
async def test_ordinary_notes_are_left_alone(tmp_path: Path, text: str) -> None:
    async with room(tmp_path) as at:
        assert await at.commands.answer(await at.case.head(), agent="Sue", text=text) is None


async def test_no_note_and_no_answer_is_ever_the_contacts(tmp_path: Path) -> None:
    models = ToldModels({"translate": ["Geheim 1"] * 9})
    async with room(tmp_path, models=models, language="de") as at:
        await at.drafted()
        before = await at.case.to_contact()
        texts = [
            "/help",
            "/ask warranty of garden tools",
            "/tr Secret 1",
            "/nonsense",
            "/send 77",
            "/approve 1234",
            "/draft",
        ]
        for number, text in enumerate(texts):
            await at.case.service.note(CONV, agent="Sue", text=text, key=f"k{number}")
        assert await at.case.to_contact() == before
        notes = [m for m in await at.case.messages() if m.kind is MessageKind.NOTE]
        assert len(notes) == len(texts) and all(m.visibility is Visibility.INTERNAL for m in notes)
