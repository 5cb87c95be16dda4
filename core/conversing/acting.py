"""The tools of one turn: every wish of a model goes through the firewall, every result comes back fenced."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any, Final

from core.conversing.prompts import Scenery, tool_message
from core.guard.canary import LeakDetector
from core.guard.links import wrong_links
from core.ports.engine import Journal, ReplySink
from core.ports.model import PromptMessage, ToolCall, ToolOffer
from core.tools.describing import describe
from core.tools.firewall import Firewall
from core.tools.outcomes import Denied, Done, Failed, PendingCall, Reason, ToolOutcome, Waiting, to_body
from core.tools.session import Session

MAX_CALLS: Final = 5
TOO_MANY: Final = "No more tools can be called for this message. Answer with what you have."


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """What one round of tool calls came to: the messages for the model, or a call that waits for a yes."""

    messages: tuple[PromptMessage, ...] = ()
    pending: PendingCall | None = None


@dataclass(slots=True)
class Acting:
    """``evidence`` collects what a sentence may cite, by mark ("T1"); ``backed`` what a promise may stand on.

    ``changing`` are the tools that do something to the world; ``last`` is the newest outcome.  ``said`` is what the contact
    wrote, folded, and ``links`` whereto the operator lets answers lead.  ``times`` are when calls began, in milliseconds since
    ``began`` by ``timer``, and how long they took; apart from ``calls``, which are the same when the turn is run again.
    """

    firewall: Firewall | None
    session: Session
    journal: Journal
    sink: ReplySink
    make_scenery: Callable[[], Scenery]
    timer: Callable[[], float]
    began: float
    changing: frozenset[str] = frozenset()
    limit: int = MAX_CALLS
    said: str = ""
    links: tuple[str, ...] = ()
    evidence: dict[str, str] = field(default_factory=dict)
    backed: set[str] = field(default_factory=set)
    calls: list[dict[str, Any]] = field(default_factory=list)
    times: list[dict[str, Any]] = field(default_factory=list)
    last: ToolOutcome | None = None
    step: int = 0

    @property
    def scenery(self) -> Scenery:
        """Of the turn's prompts; made when a tool is called, which most turns never do."""
        return self.make_scenery()

    @property
    def offers(self) -> tuple[ToolOffer, ...]:
        """The tools that this contact may be offered."""
        return () if self.firewall is None else tuple(spec.offer for spec in self.firewall.offers(self.session))

    @property
    def may_go_on(self) -> bool:
        """Whether another call is allowed."""
        return self.step < min(self.limit, MAX_CALLS)

    @property
    def has_acted(self) -> bool:
        """Whether any tool has answered."""
        return bool(self.evidence)

    def results(self) -> tuple[str, ...]:
        """What the tools said, fenced."""
        return tuple(tool_message("", mark, text, self.scenery).text for mark, text in self.evidence.items())

    async def run(self, wishes: tuple[ToolCall, ...]) -> Act:
        """Call them one after the other; the first that waits for a yes ends the round."""
        messages: list[PromptMessage] = []
        for wish in wishes:
            if self.firewall is None or not self.may_go_on:
                messages.append(tool_message(wish.id, "note", TOO_MANY, self.scenery))
                continue
            outcome = await self._call(self.firewall, wish)
            if isinstance(outcome, Waiting):
                return Act(messages=tuple(messages), pending=outcome.pending)
            messages.append(self._told(wish.id, outcome))
        return Act(messages=tuple(messages))

    async def _call(self, firewall: Firewall, wish: ToolCall) -> ToolOutcome:
        self.step += 1
        before = self.timer()
        await self._show(wish.name, "called")
        outcome = (
            self._overtaken(wish)
            or self._refused(wish)
            or await firewall.call(wish, self.session, self.journal, step=self.step)
        )
        await self.note(wish.name, outcome, since=before)
        return outcome

    def _overtaken(self, wish: ToolCall) -> Denied | None:
        """A person answers by now: nothing is changed behind their back."""
        if not self.sink.is_overtaken or wish.name not in self.changing:
            return None
        return Denied(tool=wish.name[:64], reason=Reason.NOT_ALLOWED, detail="a person has taken over meanwhile")

    def _refused(self, wish: ToolCall) -> Denied | None:
        """Arguments are shown in the question of a confirmation, and kept by tools: they are held to what a sentence is held to.

        They carry neither the prompt away nor, where they change anything, an address that the contact did not write.
        """
        detail = ""
        if LeakDetector((self.scenery.canary, self.scenery.nonce)).leaked(wish.arguments) is not None:
            detail = "the arguments hold internal marks"
        elif wish.name in self.changing and any(wrong_links(_texts(wish), evidence=[self.said], allowed=self.links)):
            detail = "the arguments hold an address that the contact did not write"
        return Denied(tool=wish.name[:64], reason=Reason.BAD_ARGUMENTS, detail=detail) if detail else None

    async def _show(self, name: str, state: str) -> None:
        """Only names that the operator gave: a model may wish for a tool of any name, and a name is text that is seen."""
        if any(offer.name == name for offer in self.offers):
            await self.sink.tool(name, state)

    async def call_scripted(self, wish: ToolCall) -> ToolOutcome:
        """A call that the operator's own script makes: no text from outside chose it."""
        assert self.firewall is not None, "config.references refuses flows that call tools nobody declared"
        self.step += 1
        before = self.timer()
        await self._show(wish.name, "called")
        session = replace(self.session, untrusted=False)
        outcome = self._overtaken(wish) or await self.firewall.call(wish, session, self.journal, step=self.step)
        await self.note(wish.name, outcome, since=before)
        return outcome

    async def note(self, name: str, outcome: ToolOutcome, *, since: float, agreed: str = "") -> None:
        """Remember an outcome for the receipt, the guard and whoever watches; ``agreed`` is what the contact said yes to.

        ``since`` is when the call began, by ``timer``.
        """
        await self._show(name, outcome.state)
        self.calls.append({"step": self.step, **to_body(outcome)})
        at, ms = (since - self.began) * 1000, (self.timer() - since) * 1000
        self.times.append({"tool": outcome.tool, "outcome": outcome.state, "at": round(at, 3), "ms": round(ms, 3)})
        self.last = outcome
        if isinstance(outcome, Done):
            self.evidence[f"T{len(self.evidence) + 1}"] = "\n".join(filter(None, (agreed, outcome.text)))
            if name in self.changing:
                self.backed.update((name, *name.split("_")))

    def _told(self, call_id: str, outcome: Done | Denied | Failed) -> PromptMessage:
        mark = f"T{len(self.evidence)}" if isinstance(outcome, Done) else "note"
        return tool_message(call_id, mark, describe(outcome, self.session.language).model, self.scenery)


def _texts(wish: ToolCall) -> str:
    """All texts in a wish's arguments; what is no JSON is refused elsewhere."""
    found: list[str] = []

    def collect(value: object) -> None:
        if isinstance(value, str):
            found.append(value)
        elif isinstance(value, dict):
            collect([*value, *value.values()])
        elif isinstance(value, list):
            for item in value:
                collect(item)

    try:
        collect(json.loads(wish.arguments or "{}"))
    except (ValueError, RecursionError):
        return wish.arguments
    return "\n".join(found)
