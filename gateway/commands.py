"""The commands agents write into private notes, one registry for every desk.

Each answers in private.  What a command does to the conversation goes through the same controls as a button would, under a key
of its own, so that a note which is redelivered, or a command said twice, does nothing twice.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Final

from core import ids
from core.conversing.prompts import language_name
from core.domain import Audience, Head, Message, MessageKind, Owner, Role, Status, Visibility
from core.handoff.assisting import AssistSettings
from core.ledger import CommitDraft, CommitKind, MessageDraft
from core.ports.engine import Reply
from core.ports.model import Models
from core.ports.store import TenantStore
from core.untrusted.fence import Kind
from gateway.approvals import Approvals
from gateway.asking import Answered, Asking, question_of
from handoff import assist, learning
from handoff.assisting import offer, quoted, unanswered
from handoff.commanding import meant, spoken
from handoff.learning import Counts, Use, Used
from handoff.service import HandoffService
from handoff.translating import translate

WHY_NONE: Final = {
    "no_answer": "The knowledge base has no answer to this.",
    "outage": "The assistant cannot look anything up right now. Try again in a minute.",
    "late": "That took too long, so it was left. Try again, or ask something narrower.",
}
NO_MODEL: Final = "Translating needs a model, and none is configured (`models` in the YAML) or none answers right now."
STALE: Final = "The conversation is resolved. Write a reply yourself if you want to open it again."


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """A command as it was said; ``key`` is the note's own, "" when the desk gave none."""

    head: Head
    agent: str
    words: str
    text: str
    key: str


Run = Callable[[Said], Awaitable[str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """``usage`` is how it is written, ``does`` what it does, for people."""

    usage: str
    does: str
    run: Run


@dataclass(slots=True, kw_only=True)
class NoteCommands:
    """One tenant's; implements handoff.service.Commands.  ``models`` gives them as they are now, None where there are none."""

    store: TenantStore
    handoff: HandoffService
    approvals: Approvals
    asking: Asking
    models: Callable[[], Models | None]
    counts: Counts
    settings: AssistSettings = field(default_factory=AssistSettings)
    secret: bytes = field(default=b"", repr=False)
    new_id: ids.NewId = field(default=ids.new_id)
    known: dict[str, Command] = field(init=False)

    def __post_init__(self) -> None:
        translate = Command(
            usage="/translate text", does="puts your text into the customer's language", run=self._translate
        )
        self.known = {
            "send": Command(usage="/send 1", does="sends suggestion 1 as your reply", run=self._send),
            "ask": Command(usage="/ask question", does="asks the assistant, in private", run=self._ask),
            "draft": Command(usage="/draft", does="asks for a new suggestion", run=self._draft),
            "translate": translate,
            "tr": translate,
            "bot": Command(usage="/bot", does="gives the conversation back to the assistant", run=self._bot),
            "approve": Command(usage="/approve 4821", does="approves the call that waits for you", run=self._approve),
            "deny": Command(usage="/deny 4821", does="refuses it", run=self._approve),
            "help": Command(usage="/help", does="shows this list", run=self._help),
        }

    async def answer(self, head: Head, *, agent: str, text: str, key: str = "") -> str | None:
        """What came of a command in a note, for a private note; None when the text is no command."""
        said = spoken(text)
        if said is None:
            return None
        command = self.known.get(said.verb)
        if command is None:
            near = meant(said.verb, self.known)
            hint = f"Did you mean /{near}? " if near else ""
            return f"There is no command /{said.verb}. {hint}Nothing was done, and nothing was sent.\n\n{self._list()}"
        return await command.run(Said(head=head, agent=agent, words=said.words, text=text, key=key))

    def _list(self) -> str:
        once = {command.usage: command for command in self.known.values()}
        return "\n".join(f"- `{command.usage}`: {command.does}" for command in once.values())

    async def _help(self, said: Said) -> str:
        return f"Commands for private notes; what they answer is private, too.\n\n{self._list()}"

    async def _approve(self, said: Said) -> str:
        """Approvals read the note by themselves; what is left is one without its number."""
        answer = await self.approvals.answer(said.head, agent=said.agent, text=said.text.strip().lstrip("\\"))
        return answer or "Say the four digits of the call that waits, like `/approve 4821` or `/deny 4821`."

    async def _bot(self, said: Said) -> str:
        if said.head.owner not in (Owner.QUEUE, Owner.HUMAN):
            return "The assistant answers this conversation already."
        key = said.key or f"bot:{said.head.owner_epoch}"
        await self.handoff.give_back(said.head.conv, agent=said.agent, key=f"note:{key}", takeover=True)
        return "Given back: the assistant answers again."

    async def _ask(self, said: Said) -> str:
        if not said.words:
            return "Write the question behind it, like `/ask How long is the warranty?`."
        found = await self.asking.ask(said.head, said.words)
        if found.reply is None:
            return WHY_NONE[found.because]
        return f"**The assistant's answer, for you only:**\n\n{_with_sources(found.reply)}"

    async def _draft(self, said: Said) -> str:
        recent = await self.store.tail(said.head.conv, audience=Audience.DESK, limit=learning.LOOKED_BACK)
        waiting = unanswered(recent) or tuple(m for m in recent if m.role is Role.CONTACT)[-1:]
        question = question_of(waiting)
        if not question:
            return "The customer has written nothing yet that could be answered."
        found: Answered = await self.asking.ask(said.head, question)
        if found.reply is None:
            return f"No suggestion: {WHY_NONE[found.because]}"
        draft = await self._kept(said, found.reply)
        if draft is None:
            return "No suggestion: the conversation changed meanwhile. Try again."
        return await offer(self.store, draft)

    async def _kept(self, said: Said, reply: Reply) -> Message | None:
        """The suggestion as a private draft of the ledger; it needs no way to the desk, where the answer shows it."""

        def build(head: Head) -> CommitDraft:
            draft = MessageDraft(
                role=Role.BOT,
                kind=MessageKind.DRAFT,
                visibility=Visibility.INTERNAL,
                text=reply.text,
                citations=reply.citations,
            )
            return CommitDraft(kind=CommitKind.CONTROL, head=head, messages=(draft,))

        nonce = f"draft:{said.key}" if said.key else self.new_id("draft")
        appended = await self.store.append(said.head.conv, nonce=nonce, build=build)
        return appended.commit.messages[0] if appended.commit is not None and appended.commit.messages else None

    async def _send(self, said: Said) -> str:
        if not said.words.isdecimal():
            return f"Say which one, like `/send 1`. {await self._offered(said.head)}"
        draft = await assist.numbered(self.store, said.head.conv, int(said.words[:6]))
        if draft is None or not assist.is_draft(draft):
            return f"There is no suggestion {said.words[:6]} to send. {await self._offered(said.head)}"
        if said.head.status is Status.RESOLVED:
            return STALE
        return await self._approved(said, draft)

    async def _approved(self, said: Said, draft: Message) -> str:
        """Sent once, whoever says so how often: the first agent's name stands before anything is said."""
        by = await self.store.claim(f"suggestion|sent|{draft.id}", said.agent)
        text = assist.as_agent(draft.text, draft.citations)
        await learning.record(self.store, draft.id, Used(use=Use.APPROVED, likeness=1.0, by=by), self.counts)
        done = await self.handoff.reply(said.head.conv, agent=by, text=text, key=f"send:{draft.id}", takeover=True)
        if done.is_duplicate:
            return f"Suggestion {said.words} was sent before, by {by}. Nothing was sent again."
        return f"Sent suggestion {said.words} to the customer as the reply of {by}."

    async def _offered(self, head: Head) -> str:
        """Which numbers could be meant now."""
        recent = await self.store.tail(head.conv, audience=Audience.DESK, limit=learning.LOOKED_BACK)
        numbers = [str(await assist.number_of(self.store, draft)) for draft in learning.open_drafts(recent)]
        return f"Suggestions now: {', '.join(numbers)}." if numbers else "There are no suggestions now; try `/draft`."

    async def _translate(self, said: Said) -> str:
        to = said.head.language
        if not said.words:
            return "Write the text behind it, like `/translate Your parcel is on its way.`"
        if to is None:
            return "It is not known yet which language the customer writes."
        found = await translate(
            self.models(),
            said.words,
            to,
            said.head,
            kind=Kind.DESK,
            patience_s=self.settings.patience_s,
            secret=self.secret,
        )
        if found is None:
            return NO_MODEL
        doubt = "" if found.is_faithful else "\n\nLook at the figures: they are not quite those of your text."
        return f"**In {language_name(to)}; nothing was sent, paste it to send it:**\n\n{quoted(found.text)}{doubt}"


def _with_sources(reply: Reply) -> str:
    lines = [f"[{c.number}] {c.title}" + (f": <{c.url}>" if c.url else "") for c in reply.citations]
    return "\n\n".join((reply.text, *lines))
