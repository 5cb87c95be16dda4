"""Watching one question until it is answered: live deltas first, then what the ledger says became of it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from adapters.web.render import cite, position
from core.domain import Audience, DeliveryState, Message, Owner, Role, Visibility
from core.ledger import Commit
from gateway.http import problem
from gateway.http.sse import PING_FRAME, PING_KIND, EventStream
from gateway.http.views import links_of
from gateway.http.visits import Visit
from gateway.http.wire import ChatConfirmed, ChatDone, ChatProposed, ChatSources, ChatToken, ChatToolCall, SourceCited
from gateway.live import LiveEvent, Subscription

CHECK_AT: Final = frozenset(("commit", "settled", PING_KIND))


@dataclass(slots=True, kw_only=True)
class Answer:
    """One reader's view of the turn that answers event ``event_id``.

    ``after`` is the position of the last durable event the reader has, ``limit_s`` how long a reader is kept waiting.
    """

    visit: Visit
    out: EventStream
    subscription: Subscription
    event_id: str
    after: tuple[int, int]
    limit_s: float
    _shown: str = ""
    _is_ours: dict[str, bool] = field(default_factory=dict)

    async def follow(self) -> None:
        """Stream until the answer is delivered.  When it takes too long, say so; the turn goes on."""
        try:
            async with asyncio.timeout(self.limit_s):
                commit, messages = await self._wait()
        except TimeoutError:
            detail = "The answer takes longer than usual. It will be in the conversation when it is ready."
            await self.out.send("error", problem.problem(504, "answer_timeout", detail))
            return
        await self._conclude(commit, messages)

    async def _wait(self) -> tuple[Commit, tuple[Message, ...]]:
        while (finished := await self._finished()) is None:
            await self._live_until_change()
        return finished

    async def _live_until_change(self) -> None:
        """Pass on deltas until something may have been committed or delivered."""
        is_changed = False
        while not is_changed:
            for event in await self.subscription.wait():
                is_changed = is_changed or event.kind in CHECK_AT
                await self._pass_on(event)
            if self.subscription.is_lagging:
                self.subscription.is_lagging = False
                is_changed = True

    async def _pass_on(self, event: LiveEvent) -> None:
        if event.kind == PING_KIND:
            await self.out.write(PING_FRAME)
        elif event.kind == "delta" and await self._answers_us(str(event.data["turn_id"])):
            await self._show(str(event.data["text"]))
        elif event.kind == "tool" and await self._answers_us(str(event.data["turn_id"])):
            called = ChatToolCall(name=str(event.data["name"]), state=str(event.data["state"]))
            await self.out.send("tool_call", called)

    async def _answers_us(self, turn_id: str) -> bool:
        """An earlier question's turn may still be speaking in this conversation."""
        known = self._is_ours.get(turn_id)
        if known is None:
            batch = await self.visit.store.turn_events(turn_id)
            known = self._is_ours[turn_id] = any(event.id == self.event_id for event in batch)
        return known

    async def _show(self, text: str) -> None:
        """Bring the reader from what is shown to ``text``; a turn that starts again shows nothing twice."""
        if self._shown.startswith(text):
            return
        if text.startswith(self._shown):
            await self.out.send("token", ChatToken(text=text[len(self._shown) :]))
        else:
            await self.out.send("token", ChatToken(text=text, replace=True))
        self._shown = text

    async def _finished(self) -> tuple[Commit, tuple[Message, ...]] | None:
        """The commit that answers and what it says, once all of it stands in the contact's log."""
        store = self.visit.store
        commit = await store.outcome(self.event_id)
        if commit is None:
            return None
        log = await store.transcript(
            commit.conv, audience=Audience.CONTACT, after=(commit.seq, -1), limit=len(commit.messages)
        )
        shown = {message.id: message for message in log}
        for message in commit.messages:
            if message.id not in shown and _may_be_shown(await store.message(message.id)):
                return None
        said = (message for message in shown.values() if message.seq == commit.seq)
        return commit, tuple(message for message in said if message.role is not Role.CONTACT)

    async def _conclude(self, commit: Commit, messages: tuple[Message, ...]) -> None:
        replies = [message for message in messages if message.role is Role.BOT or _is_our_word(message)]
        notices = [message for message in messages if message.handoff_id is not None]
        unseen = [message for message in replies if message.position > self.after]
        if unseen:
            await self._show_final("\n\n".join(message.text for message in replies))
        for message in unseen:
            await self._cite(message)
        for message in notices:
            await self._confirm(commit, message)
        await self._done(commit, messages)

    async def _show_final(self, text: str) -> None:
        """The committed text is what counts, also when less of it was shown or something else."""
        if self._shown.startswith(text) and self._shown != text:
            await self.out.send("token", ChatToken(text=text, replace=True))
        else:
            await self._show(text)

    async def _cite(self, message: Message) -> None:
        links = links_of(self.visit)
        sources = []
        for citation in message.citations:
            shown = cite(citation, links)
            sources.append(
                SourceCited(
                    number=shown.number,
                    title=shown.title,
                    url=shown.url,
                    heading=shown.heading,
                    quote=shown.quote,
                    document_id=shown.document_id,
                    external_id=citation.external_id,
                    source=citation.source,
                )
            )
        if sources:
            data = ChatSources(message_id=message.id, sources=sources)
            await self.out.send("cited_sources", data, id=position(message.position))
        if message.proposal is not None:
            await self.out.send("escalation_proposed", ChatProposed(reason=message.proposal))

    async def _confirm(self, commit: Commit, message: Message) -> None:
        handoff = commit.head.handoff
        if message.position <= self.after or handoff is None or message.handoff_id != handoff.id:
            return
        data = ChatConfirmed(handoff_id=handoff.id, reason=handoff.reason, notice=message.text)
        await self.out.send("escalation_confirmed", data, id=position(message.position))

    async def _done(self, commit: Commit, messages: Sequence[Message]) -> None:
        by_people = commit.head.owner in (Owner.QUEUE, Owner.HUMAN)
        data = ChatDone(
            conv_id=commit.conv,
            message_ids=[message.id for message in messages],
            owner=commit.head.owner,
            relayed=by_people and not messages,
        )
        # One place past the commit's last message: everything the commit holds lies before it.
        await self.out.send("done", data, id=position((commit.seq, len(commit.messages))))


def _is_our_word(message: Message) -> bool:
    """A sentence of the house that answers; one about a handoff has an event of its own."""
    return message.role is Role.SYSTEM and message.handoff_id is None


def _may_be_shown(message: Message | None) -> bool:
    """Whether a message that is not in the contact's log will be: it, or an earlier one, waits for delivery."""
    if message is None or message.visibility is not Visibility.CONTACT:
        return False
    return message.delivery not in (DeliveryState.DRAFT, DeliveryState.REJECTED, DeliveryState.PARKED)
