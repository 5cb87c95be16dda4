"""Random flows that pass every check, and random talk in them: nothing loops, raises, or shows what it should not.

The big run: ``python -m tests.core.flows.random_flows 3000``.
"""

from __future__ import annotations

import random
import sys
from dataclasses import replace
from typing import Any

from config.flow_problems import problems
from config.flows import Flow as FlowBlock
from config.flows import convert_flows
from core.entities import entities
from core.flows import Call, Finish, Flow, FlowState, HandOver, NotAnswered, Said, Say, ToolGave, advance, prompt_again
from core.flows.flow import AskStep, SlotType
from core.flows.moving import MAX_CALLS, MAX_HEARD, MAX_MOVES
from core.flows.places import ABSENT
from core.markup import parse, to_text
from core.ports.tools import Verification
from core.reply import Link, Mark
from core.words import listed
from tests.core.flows.script import T0, around, kept

TYPES = ("text", "integer", "amount", "date", "email", "order_number", "choice", "yes_no", "pattern")
SLOTS = ("one", "two", "three")
LANGUAGES = ("en", "de", "fr", "xx")

ANSWERS = sorted(
    listed(
        "yes no 2 12.50 LK-204518 red 2026-05-05 kim@customer.example AB-12 cancel stop Why? what ja nein blue "
        "https://evil.example [click](http://evil.example) <b>x</b> **bold** [1] 1. # {one} {got.status} ` \\ ~~~ ???"
    )
)
"""Words that messages are made of."""

DATA: tuple[dict[str, Any], ...] = (
    {},
    {"status": "sent"},
    {"status": "[x](http://evil.example)", "total": 3},
    {"status": None, "total": "<script>"},
    {"status": {"deep": 1}, "total": [1, "a", {"b": 2}, float("nan")]},
    {"text": "no json"},
)


def candidate(dice: random.Random) -> dict[str, Any]:
    """A flow that may be wrong in many ways."""
    names = [f"s{n}" for n in range(dice.randint(2, 9))]
    steps = {name: _step(dice, names) for name in names}
    steps["bye"] = {"end": {"say": _text(dice)}}
    return {"id": "f", "title": "F", "buttons": ["go"], "steps": steps}


def _step(dice: random.Random, names: list[str]) -> dict[str, Any]:
    def to() -> str:
        return dice.choice([*names, "bye", "bye"])

    match dice.choice(("ask", "ask", "ask", "say", "call", "confirm", "branch", "hand_over")):
        case "ask":
            return {"ask": _ask(dice) | ({"then": to()} if dice.random() < 0.4 else {})}
        case "say":
            return {"say": {"text": _text(dice), "then": to()}}
        case "call":
            arguments = {"a": _text(dice), "b": ["{" + dice.choice(SLOTS) + "}"]} if dice.random() < 0.5 else {"c": 1}
            on = {"done": to(), "denied": to(), "failed": to()}
            return {"call": {"tool": "tool", "arguments": arguments, "into": "got", "on": on}}
        case "confirm":
            return {"confirm": {"question": _text(dice), "yes": to(), "no": to()}}
        case "branch":
            return {
                "branch": {
                    "cases": [_case(dice) | {"then": to()} for _ in range(dice.randint(1, 3))],
                    "otherwise": to(),
                }
            }
        case _:
            return {"hand_over": {"reason": "policy", "detail": "Has {" + dice.choice(SLOTS) + "}."}}


def _ask(dice: random.Random) -> dict[str, Any]:
    at = dice.randrange(len(SLOTS))
    kind = TYPES[(at * 3 + dice.randint(0, 1)) % len(TYPES)]
    ask: dict[str, Any] = {"slot": SLOTS[at], "type": kind, "question": _text(dice), "attempts": dice.randint(1, 3)}
    if kind == "choice":
        ask["choices"] = {"red": {"en": "Red one", "de": "Rot"}, "blue": "Blue"}
    if kind == "pattern":
        ask["validate"] = {"pattern": r"[a-z]{2}-\d+"}
    return ask


def _case(dice: random.Random) -> dict[str, Any]:
    return dice.choice(
        (
            {"on": "language", "equals": "de"},
            {"on": "verification", "at_least": "identified"},
            {"on": "hours", "equals": "open"},
            {"on": dice.choice(SLOTS), "exists": dice.random() < 0.5},
            {"on": dice.choice(SLOTS), "equals": "red"},
            {"on": "got.total", "below": 5},
            {"on": "got.status", "matches": "s.nt"},
        )
    ).copy()


def _text(dice: random.Random) -> Any:
    places = ("", "", "", *(f" {{{slot}}}" for slot in SLOTS), " {got.status}", " **{one}** {got.total}")
    text = "Hello" + dice.choice(places)
    return text if dice.random() < 0.5 else {"en": text, "de": text + " da"}


def valid(dice: random.Random) -> Flow:
    """The next candidate that passes."""
    while True:
        raw = candidate(dice)
        if not any(problem.severity == "error" for problem in problems([raw], {"tool"})):
            return convert_flows((FlowBlock.model_validate(raw),), Flow)[0]


def talked_through(dice: random.Random) -> str:
    """One flow from its start to its end; the sort of act it ended with.  ``AssertionError`` for any broken promise."""
    flow = valid(dice)
    state: FlowState | None = FlowState(flow=flow.id, version=flow.digest, started_at=T0)
    calling = False
    for _ in range(2 * MAX_HEARD * (MAX_CALLS + 1)):
        assert state is not None
        heard = _tool(dice) if calling else _message(dice, flow, state)
        move = advance(flow, state, heard)
        assert advance(flow, state, heard) == move
        _check(flow, move.acts)
        state = kept(move.state)
        calling = bool(move.acts) and isinstance(move.acts[-1], Call)
        calling = calling or (isinstance(heard, ToolGave) and heard.outcome == "waiting" and dice.random() < 0.7)
        if state is None:
            last = move.acts[-1]
            assert isinstance(last, Finish | HandOver | NotAnswered)
            return type(last).__name__
        assert state.moves <= MAX_MOVES
        assert state.calls <= MAX_CALLS
        assert len(str(state.to_state())) < 8_000
        for language in LANGUAGES:
            _check(flow, (prompt_again(flow, state, language),))
    raise AssertionError("it never ended")


def _tool(dice: random.Random) -> ToolGave:
    outcome = dice.choice(("done", "done", "denied", "failed", "waiting"))
    return ToolGave(outcome=outcome, data=dice.choice(DATA), around=_around(dice))  # type: ignore[arg-type]  # one of the four


def _message(dice: random.Random, flow: Flow, state: FlowState) -> Said:
    text = " ".join(dice.choice(ANSWERS) for _ in range(dice.randint(1, 3)))
    part = flow.steps[state.step].part if state.step else None
    if isinstance(part, AskStep) and dice.random() < 0.7:
        text = _answer(dice, part.type)
    elif dice.random() < 0.5:
        text = dice.choice(("yes", "no"))
    return Said(text=text, entities=entities(text), around=_around(dice))


def _answer(dice: random.Random, kind: SlotType) -> str:
    good = {
        SlotType.TEXT: " ".join(dice.choice(ANSWERS) for _ in range(4)),
        SlotType.INTEGER: "2",
        SlotType.AMOUNT: "12.50",
        SlotType.DATE: "2026-05-05",
        SlotType.EMAIL: "kim@customer.example",
        SlotType.ORDER_NUMBER: "LK-204518",
        SlotType.CHOICE: "red",
        SlotType.YES_NO: "yes",
        SlotType.PATTERN: "AB-12",
    }
    return good[kind]


def _around(dice: random.Random) -> Any:
    made = around(language=dice.choice(LANGUAGES), verified=dice.choice(tuple(Verification)))
    return replace(made, hours=dice.choice((None, "open", "closed")))


def _check(flow: Flow, acts: tuple[Any, ...]) -> None:
    """No value is markup; a checked flow never reads a slot that was not asked for."""
    for act in acts:
        if isinstance(act, Say):
            tree = parse(act.text)
            assert not any(isinstance(node, Link | Mark) for node in _nodes(tree)), act
            assert "got." in str(flow) or ABSENT not in to_text(tree), act
            assert len(act.text) < 2_000


def _nodes(node: Any) -> list[Any]:
    if isinstance(node, tuple):
        return [deeper for child in node for deeper in _nodes(child)]
    inner = [getattr(node, name) for name in getattr(node, "__slots__", ())]
    return [node, *(deeper for field in inner if isinstance(field, tuple) for deeper in _nodes(field))]


def main(count: int) -> None:
    """Talk through so many flows and count how they ended."""
    ends: dict[str, int] = {}
    for seed in range(count):
        end = talked_through(random.Random(seed))
        ends[end] = ends.get(end, 0) + 1
    print(f"{count} flows, ended with {ends}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1000)
