"""Inbound: an agent's entry becomes a control of its conversation, once, and in private unless ``hearing`` says otherwise."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Final

import structlog

from core import ids
from core.domain import Audience, EventKind, Head
from core.errors import CaseClosed, CaseGone
from core.ports.helpdesk import Entry
from core.ports.store import TenantStore
from handoff.bridge.book import CaseRecord, Heard
from handoff.bridge.carrying import Fetching
from handoff.bridge.cases import Cases
from handoff.bridge.entries import private, quoted, words_of
from handoff.bridge.hearing import Aside, Command, Reply, heard_of, is_agents, is_changed, is_stale, name_of, understood
from handoff.bridge.ports import Assists
from handoff.service import HandoffService, Wish

log = structlog.get_logger(__name__)

GIVE_BACK: Final = "/bot"
LOOK_BACK: Final = 30


class Relay:
    """Brings what agents write at one desk to the conversations."""

    def __init__(
        self,
        cases: Cases,
        fetching: Fetching,
        *,
        store: TenantStore,
        handoff: HandoffService,
        assists: Assists,
        clock: Callable[[], datetime],
        on_ignored: Callable[[str], None],
    ) -> None:
        self._cases = cases
        self._book = cases.book
        self._fetching = fetching
        self._store = store
        self._handoff = handoff
        self._assists = assists
        self._clock = clock
        self._on_ignored = on_ignored

    async def entry(self, ref: str, convs: list[str], entry: Entry) -> None:
        """Work one entry in; ``convs`` are the conversations it may be about.  Safe twice; raises while it must wait."""
        if not is_agents(entry) or await self._book.known(f"ours:{ref}:{entry.id}") is not None:
            return
        heard = await self._book.heard(ref, entry.id)
        if heard is None:
            await self._cases.flights.landed(ref, entry.text)
            if await self._book.known(f"ours:{ref}:{entry.id}") is None:
                await self._first(ref, convs, entry)
        elif entry.is_deleted or is_changed(entry, heard):
            await self._changed(ref, convs, entry, heard)

    async def _first(self, ref: str, convs: list[str], entry: Entry) -> None:
        said = understood(entry)
        if said is None:
            self._on_ignored("visibility_unknown")
            return
        was_said = False
        if not entry.is_deleted:
            conv = await self._whose(ref, convs, entry)
            if conv is None:
                self._on_ignored("not_for_our_conversation")
            elif is_stale(entry, self._clock()):
                await self._stale(ref, conv, said)
            else:
                was_said = await self._carried_out(ref, conv, said)
        await self._book.put_heard(ref, entry.id, heard_of(entry, was_said=was_said))

    async def _whose(self, ref: str, convs: list[str], entry: Entry) -> str | None:
        """The conversation an entry is about: of several behind one case, the one whose contact wrote last.  Chosen once."""
        heads = [head for conv in convs if (head := await self._store.head(conv)) is not None]
        if not heads:
            return None
        newest = max(heads, key=lambda head: (head.contact_at or head.created_at, head.conv)).conv
        if len(heads) == 1:
            return newest
        chosen = await self._book.note(f"to:{ref}:{entry.id}", newest)
        if len(heads) > 1:
            who = next((head.contact.name for head in heads if head.conv == chosen), None) or "the customer"
            text = f"Several conversations stand behind this case. What is said here goes to {who}, who wrote last."
            await self._handoff.tell(chosen, text, key=f"chosen:{ref}:{chosen}")
        return chosen

    async def _stale(self, ref: str, conv: str, said: Reply | Command | Aside) -> None:
        if isinstance(said, Reply):
            text = f"NOT delivered, because it was written too long ago ({said.entry.at:%Y-%m-%d}):\n\n{quoted(said.entry.text)}"
            await self.tell(ref, conv, text, key=f"stale:{ref}:{said.entry.id}")

    async def _carried_out(self, ref: str, conv: str, said: Reply | Command | Aside) -> bool:
        """Whether the contact was told something."""
        try:
            match said:
                case Reply():
                    return await self._reply(ref, conv, said)
                case Command():
                    await self._command(ref, conv, said)
                case Aside():
                    await self._aside(ref, conv, said)
        except LookupError:
            self._on_ignored("unknown_conversation")
        return False

    async def _reply(self, ref: str, conv: str, reply: Reply) -> bool:
        entry = reply.entry
        attachments, left_out = await self._fetching.of(conv, ref, entry)
        text = entry.text.strip()
        if left_out:
            lines = "\n".join(f"- {line}" for line in left_out)
            await self.tell(ref, conv, f"NOT delivered to the customer:\n\n{lines}", key=f"files:{ref}:{entry.id}")
        if not text and not attachments:
            return False
        wish = Wish(
            kind=EventKind.AGENT_REPLIED,
            key=f"{ref}:{entry.id}",
            agent=reply.agent,
            text=text,
            attachments=attachments,
            takes_over=True,
            from_desk=True,
        )
        done = await self._handoff.at_desk(conv, wish)
        await self._adopted(ref, done.head)
        for message in done.messages[:1]:
            await self._assists.answered(done.head, message)
        return True

    async def _adopted(self, ref: str, head: Head) -> None:
        """An agent who answers in an earlier episode's case goes on there: it is the newest episode's case from then on."""
        record = await self._book.case(head.conv, head.episode)
        if record is None:
            await self._book.put_case(head.conv, head.episode, ref=ref, upto=(head.seq, -1))
            text = await self._meanwhile(head)
            if text:
                await self._handoff.tell(head.conv, text, key=f"adopted:{ref}:{head.episode}")
        elif record.ref != ref:
            text = "An agent answered in an earlier case of this customer; the reply was delivered."
            await self._handoff.tell(head.conv, text, key=f"elsewhere:{ref}:{record.ref}")

    async def _meanwhile(self, head: Head) -> str:
        """What was said in this episode before its case was known."""
        before = (head.seq, 0)
        recent = await self._store.tail(head.conv, audience=Audience.DESK, limit=LOOK_BACK, before=before)
        said = [words for each in recent if each.episode == head.episode and (words := words_of(each, head.contact))]
        if not said:
            return ""
        lines = "\n>\n".join(quoted(f"{words.author}: {words.text}", most=300) for words in said)
        return f"The customer has written again since; this case goes on with that:\n\n{lines}"

    async def _aside(self, ref: str, conv: str, aside: Aside) -> None:
        if aside.entry.text.strip():
            await self._handoff.at_desk(conv, self._noted(ref, aside.entry, aside.agent))

    @staticmethod
    def _noted(ref: str, entry: Entry, agent: str) -> Wish:
        return Wish(
            kind=EventKind.AGENT_NOTED,
            key=f"{ref}:{entry.id}",
            agent=agent,
            text=entry.text.strip(),
            takes_over=True,
            from_desk=True,
        )

    async def _command(self, ref: str, conv: str, command: Command) -> None:
        """Carry it out; what came of it goes back as a note.  ``/bot`` works without any commands installed."""
        entry, text = command.entry, command.entry.text.strip()
        head = await self._store.head(conv)
        if head is None:
            raise LookupError(conv)
        commands = self._handoff.commands
        answer = (
            None
            if commands is None
            else await commands.answer(head, agent=command.agent, text=text, key=f"{ref}:{entry.id}")
        )
        if answer is None and text.lstrip("\\").lower() == GIVE_BACK:
            wish = Wish(
                kind=EventKind.AGENT_GAVE_BACK,
                key=f"{ref}:{entry.id}",
                agent=command.agent,
                takes_over=True,
                from_desk=True,
            )
            await self._handoff.at_desk(conv, wish)
            answer = "The assistant answers again."
        await self._handoff.at_desk(conv, self._noted(ref, entry, command.agent))
        if answer is None:
            answer = "There is no such command here. It was not sent to the customer."
        await self.tell(ref, conv, answer, key=f"answer:{ref}:{entry.id}")

    async def _changed(self, ref: str, convs: list[str], entry: Entry, heard: Heard) -> None:
        """An entry was edited or deleted.  Channels cannot take words back, so agents learn that the customer has them still."""
        if not heard.was_said:
            return
        what = "gone" if entry.is_deleted else f"edit:{entry.revision}"
        if await self._book.known(f"changed:{ref}:{entry.id}:{what}") is not None:
            return
        conv = await self._whose(ref, convs, entry)
        if conv is not None:
            who = name_of(entry.agent)
            did = "deleted a reply" if entry.is_deleted else "changed a reply after it was sent"
            text = f"{who} {did}. The customer has the earlier words: send a new reply to correct them."
            await self.tell(ref, conv, text, key=f"changed:{ref}:{entry.id}:{what}")
        await self._book.note(f"changed:{ref}:{entry.id}:{what}", self._clock().isoformat())

    async def tell(self, ref: str, conv: str, text: str, *, key: str) -> None:
        """Tell the desk's people something: through the ledger while a case is open there, else right into this case."""
        head = await self._store.head(conv)
        record: CaseRecord | None = None if head is None else await self._book.case(conv, head.episode)
        if head is not None and head.handoff is not None and record is not None:
            await self._handoff.tell(conv, text, key=key)
            return
        if not self._cases.features.notes:
            return
        max_text = self._cases.features.max_text
        drafts = private(f"{conv}!{ids.digest(key)}", text, at=self._clock(), max_text=max_text)
        try:
            for draft in drafts:
                await self._cases.add(ref, draft, again=True, at_once=True)
        except (CaseClosed, CaseGone):
            log.info("desk_note_too_late", ref=ref, conv=conv)
