"""What a flow is: steps by name, each of one kind, as the operator wrote them.  Plain values that ``config.flows`` mirrors.

Texts are by language; the key ``any`` stands for every language that is not listed.  Places in texts and arguments look like
``{slot}`` or ``{result.path}``.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

import msgspec

from core.domain import HandoffReason
from core.ports.tools import Verification

ANY = "any"
Texts = Mapping[str, str]


class SlotType(StrEnum):
    """What an answer must be; typed parsing decides whether a message is one."""

    TEXT = "text"
    INTEGER = "integer"
    NUMBER = "number"
    AMOUNT = "amount"
    DATE = "date"
    EMAIL = "email"
    PHONE = "phone"
    ORDER_NUMBER = "order_number"
    CHOICE = "choice"
    YES_NO = "yes_no"
    PATTERN = "pattern"


@dataclass(frozen=True, slots=True, kw_only=True)
class Valid:
    """Bounds of an answer: of numbers, of dates ("2026-01-31", "today", "today-30"), of a text's length.

    ``pattern`` must match the whole value (for the type ``pattern`` it finds the value); ``choices`` are the only values allowed.
    """

    min: float | str | None = None
    max: float | str | None = None
    pattern: str | None = None
    choices: tuple[str, ...] = ()
    error: Texts = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class AskStep:
    """Ask for a slot.  After ``attempts`` answers that are none people take over; ``fill`` takes it from the starting message."""

    slot: str
    question: Texts
    type: SlotType = SlotType.TEXT
    choices: Mapping[str, Texts] = field(default_factory=dict)
    valid: Valid = Valid()
    attempts: int = 3
    fill: bool = False
    then: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SayStep:
    """Say something and go on."""

    text: Texts
    then: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Routes:
    """Where a call's outcome leads."""

    done: str
    denied: str
    failed: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CallStep:
    """Call a tool; the places of its result that the flow names are kept under ``into``."""

    tool: str
    arguments: Mapping[str, Any] = field(default_factory=dict)
    into: str | None = None
    on: Routes


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfirmStep:
    """Ask for a plain yes or no."""

    question: Texts
    yes: str
    no: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One way of a branch: all comparisons given must hold.

    ``on`` is a slot, a place in a result, or ``verification``, ``language``, ``hours`` (open or closed).
    """

    on: str
    equals: str | float | bool | None = None
    among: tuple[str | float | bool, ...] = ()
    at_least: float | str | None = None
    below: float | str | None = None
    matches: str | None = None
    exists: bool | None = None
    then: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BranchStep:
    """Go the way of the first case that holds, else ``otherwise``."""

    cases: tuple[Case, ...]
    otherwise: str


@dataclass(frozen=True, slots=True, kw_only=True)
class HandOverStep:
    """Bring in people; ``detail`` is one sentence for the agent."""

    reason: HandoffReason
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EndStep:
    """The flow is over."""

    say: Texts = field(default_factory=dict)
    resolved: bool = True


Part = AskStep | SayStep | CallStep | ConfirmStep | BranchStep | HandOverStep | EndStep


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One step: exactly one of its kinds is given."""

    ask: AskStep | None = None
    say: SayStep | None = None
    call: CallStep | None = None
    confirm: ConfirmStep | None = None
    branch: BranchStep | None = None
    hand_over: HandOverStep | None = None
    end: EndStep | None = None

    @property
    def part(self) -> Part:
        """The kind that is given; a step without any ends the flow unresolved."""
        kinds = (self.ask, self.say, self.call, self.confirm, self.branch, self.hand_over, self.end)
        return next((kind for kind in kinds if kind is not None), EndStep(resolved=False))


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """What starts a flow: phrases by language (all their telling words must be said), patterns, a trained intent by name."""

    phrases: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    patterns: tuple[str, ...] = ()
    intent: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Flow:
    """A scripted conversation; its first step is the one written first.

    A contact known less well than ``verification`` never gets into it.
    """

    id: str
    title: str
    start: Start = Start()
    buttons: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    verification: Verification = Verification.ANONYMOUS
    steps: Mapping[str, Step]

    @property
    def digest(self) -> str:
        """Tells whether the flow is still the one a state was made under."""
        return hashlib.sha256(msgspec.json.encode(self)).hexdigest()[:16]

    @property
    def first(self) -> str:
        """The step it begins with."""
        return next(iter(self.steps), "")

    def after(self, name: str, then: str) -> str:
        """``then``, or the step written after ``name`` when it is left out."""
        if then:
            return then
        names = list(self.steps)
        at = names.index(name) + 1 if name in self.steps else len(names)
        return names[at] if at < len(names) else ""


def edges(flow: Flow, name: str) -> Iterator[tuple[str, str | None]]:
    """Where a step may lead, each with the slot that is filled on this way."""
    match flow.steps[name].part:
        case AskStep(slot=slot, then=then):
            yield flow.after(name, then), slot
        case SayStep(then=then):
            yield flow.after(name, then), None
        case CallStep(into=into, on=on):
            yield from ((on.done, into), (on.denied, None), (on.failed, None))
        case ConfirmStep(yes=yes, no=no):
            yield from ((yes, None), (no, None))
        case BranchStep(cases=cases, otherwise=otherwise):
            yield from ((case.then, case.on.partition(".")[0] if case.exists else None) for case in cases)
            yield otherwise, None
        case HandOverStep() | EndStep():
            return


def pick(texts: Texts, language: str) -> str:
    """The text in this language, else for any, else in English, else whatever there is."""
    for key in (language, ANY, "en"):
        if key in texts:
            return texts[key]
    return next(iter(texts.values()), "")
