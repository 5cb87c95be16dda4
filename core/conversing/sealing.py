"""Abilities of a replay: they are there, as they were, but nothing goes out through them and nothing happens."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from core.conversing.abilities import Abilities
from core.domain import Contact
from core.errors import ModelUnavailable, ToolFailed
from core.ports.model import ModelAnswer, ModelRequest, ModelRole, Models, Spender
from core.ports.tools import IdentityFact, Tool, ToolOutput, ToolSpec
from core.tools.arguments import canonical
from core.tools.firewall import Firewall

NOT_RECORDED = "This was not recorded, and a replay asks nobody."
STAND_IN = "(not recorded)"
INTENT = ".intent"

Tape = Mapping[str, Mapping[str, Any]]


class SealedModels:
    """Says which roles there are, and answers nothing."""

    def __init__(self, models: Models) -> None:
        self._models = models

    def has(self, role: ModelRole) -> bool:
        """As configured."""
        return self._models.has(role)

    async def prepare(self, spender: Spender) -> None:
        """Nothing."""

    async def stream(
        self, role: ModelRole, request: ModelRequest, spender: Spender
    ) -> AsyncIterator[str | ModelAnswer]:
        """Nothing."""
        raise ModelUnavailable(NOT_RECORDED)
        yield ""

    async def complete(self, role: ModelRole, request: ModelRequest, spender: Spender) -> ModelAnswer:
        """Nothing."""
        raise ModelUnavailable(NOT_RECORDED)

    async def embed(self, texts: Sequence[str], spender: Spender) -> tuple[tuple[float, ...], ...]:
        """Nothing."""
        raise ModelUnavailable(NOT_RECORDED)

    async def transcribe(self, name: str, media_type: str, content: bytes, spender: Spender) -> str:
        """Nothing."""
        raise ModelUnavailable(NOT_RECORDED)


class SealedRunner:
    """Reaches no tool: answers as the tape says that it answered to the same arguments, and otherwise not at all.

    The arguments that the session binds are left out of the comparison: a trace need not know who the contact was.
    """

    def __init__(self, spec: ToolSpec, tape: Tape) -> None:
        self._bound = frozenset(spec.bound)
        self._answers: dict[str, Mapping[str, Any]] = {}
        for step, body in tape.items():
            result = tape.get(f"{step.removesuffix(INTENT)}.result")
            if step.endswith(INTENT) and result is not None and body.get("tool") == spec.name:
                self._answers.setdefault(self._asked(body["arguments"]), result)

    def _asked(self, arguments: Mapping[str, Any]) -> str:
        return canonical({name: value for name, value in arguments.items() if name not in self._bound})

    async def call(self, arguments: Mapping[str, Any], *, key: str, timeout_s: float) -> ToolOutput:
        """What is on the tape; anything else did not happen, for certain."""
        told = self._answers.get(self._asked(arguments), {})
        match told.get("outcome"):
            case "done":
                return ToolOutput(text=told["text"], is_cut=told["is_cut"])
            case "failed":
                raise ToolFailed(told["detail"], is_certain=told["is_certain"])
        raise ToolFailed(NOT_RECORDED, is_certain=True)

    async def close(self) -> None:
        """Nothing to let go of."""


class OwnClaims:
    """Claims of one replay."""

    def __init__(self) -> None:
        self._claims: dict[str, str] = {}

    async def claim(self, key: str, value: str) -> str:
        """The first stands."""
        return self._claims.setdefault(key, value)

    async def claimed(self, key: str) -> str | None:
        """What stands."""
        return self._claims.get(key)


def known_as(contact: Contact, tape: Tape, state: Mapping[str, Any], tools: Mapping[str, Tool]) -> Contact:
    """The contact with the identity that tools were called with, for calls that are judged anew.

    What no call used is not recorded; for a verified contact a stand-in says so, which no tool ever sees.
    """
    facts = {
        IdentityFact(fact): value
        for name, arguments in _called(tape, state)
        if name in tools
        for argument, fact in tools[name].spec.bound.items()
        if isinstance(value := arguments.get(argument), str)
    }
    unknown = STAND_IN if contact.verified else None
    return replace(
        contact,
        customer_account=facts.get(IdentityFact.CUSTOMER_ACCOUNT, unknown),
        email=facts.get(IdentityFact.EMAIL, unknown),
        name=facts.get(IdentityFact.NAME, unknown),
    )


def _called(tape: Tape, state: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Every tool that was called or waited for a yes, with whole arguments."""
    bodies = [body for step, body in tape.items() if step.endswith(INTENT)]
    pending = [state.get("pending"), *(body.get("pending") for body in bodies)]
    for body in (*bodies, *pending):
        if isinstance(body, Mapping) and isinstance(body.get("arguments"), Mapping):
            yield str(body.get("tool")), body["arguments"]


def sealed(
    abilities: Abilities, *, clock: Callable[[], datetime], models: Models | None = None, tape: Tape | None = None
) -> Abilities:
    """The same abilities without an effect; ``models`` are asked for what is not on the tape (None: nobody is).

    ``tape`` is what tools answer from when they are called anew.
    """
    tools = {
        name: Tool(spec=tool.spec, runner=SealedRunner(tool.spec, tape or {})) for name, tool in abilities.tools.items()
    }
    asked = models or (None if abilities.models is None else SealedModels(abilities.models))
    return replace(
        abilities,
        models=asked,
        tools=tools,
        firewall=Firewall(tools, claims=OwnClaims(), clock=clock) if tools else None,
        cache=None,
        read_file=None,
    )
