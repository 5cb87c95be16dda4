"""Flows written as YAML and talked to: every state goes through JSON on its way to the next message."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from config.flows import Flow as FlowBlock
from config.flows import convert_flows
from config.problems import Report
from config.yaml_tree import parse
from core.entities import entities
from core.flows import Around, Call, Flow, FlowState, Move, Said, Say, ToolGave, advance, begin
from core.flows.state import Outcome
from core.ports.tools import Verification

T0 = datetime(2026, 11, 21, 10, tzinfo=UTC)


def read(text: str) -> Any:
    """A YAML text as the loader reads it."""
    report = Report("test.yaml")
    tree = parse(text.encode(), report)
    assert tree is not None, report.problems
    return tree.data


def flow(text: str) -> Flow:
    """One flow."""
    return convert_flows((FlowBlock.model_validate(read(text)),), Flow)[0]


def around(
    *,
    language: str = "en",
    verified: Verification = Verification.ANONYMOUS,
    later: timedelta = timedelta(),
    hours: Any = None,
) -> Around:
    return Around(at=T0 + later, language=language, verified=verified, hours=hours)


def kept(state: FlowState | None) -> FlowState | None:
    """The state as the next turn finds it."""
    if state is None:
        return None
    found = FlowState.from_state(json.loads(json.dumps(state.to_state())))
    assert found == state
    return found


@dataclass
class Talk:
    """One conversation in one flow, started by hand."""

    flow: Flow
    around: Around = field(default_factory=around)
    state: FlowState | None = None
    move: Move | None = None

    def start(self, text: str = "go", **filled: Any) -> Move:
        """Enter the flow as ``begin`` would, with values of the starting message."""
        self.state = FlowState(flow=self.flow.id, version=self.flow.digest, started_at=T0, filled=filled)
        return self.say(text)

    def begin(self, text: str) -> Move:
        begun = begin(
            [self.flow],
            text,
            language=self.around.language,
            entities=entities(text),
            verified=self.around.verified,
            at=T0,
        )
        assert begun is not None
        self.state = begun.state
        return self.say(text)

    def say(self, text: str) -> Move:
        return self._heard(Said(text=text, entities=entities(text), around=self.around))

    def gave(self, outcome: Outcome, data: Mapping[str, Any] | None = None) -> Move:
        return self._heard(ToolGave(outcome=outcome, data=data or {}, around=self.around))

    def _heard(self, heard: Said | ToolGave) -> Move:
        assert self.state is not None
        self.move = advance(self.flow, self.state, heard)
        assert advance(self.flow, self.state, heard) == self.move, "the same input must give the same move"
        self.state = kept(self.move.state)
        return self.move


def words(move: Move) -> list[str]:
    """What is said."""
    return [act.text for act in move.acts if isinstance(act, Say)]


def called(move: Move) -> Call:
    """The call that a move ends with."""
    act = move.acts[-1]
    assert isinstance(act, Call)
    return act
