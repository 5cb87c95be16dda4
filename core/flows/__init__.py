"""Scripted conversations: what should not be left to a model.  A pure state machine; see README.md."""

from core.flows.flow import Flow
from core.flows.moving import advance, prompt_again
from core.flows.places import tool_data
from core.flows.starting import begin
from core.flows.state import (
    Act,
    Around,
    Begun,
    Call,
    Finish,
    FlowState,
    HandOver,
    Heard,
    Move,
    NotAnswered,
    Said,
    Say,
    ToolGave,
)

__all__ = [
    "Act",
    "Around",
    "Begun",
    "Call",
    "Finish",
    "Flow",
    "FlowState",
    "HandOver",
    "Heard",
    "Move",
    "NotAnswered",
    "Said",
    "Say",
    "ToolGave",
    "advance",
    "begin",
    "prompt_again",
    "tool_data",
]
