"""Tools: what a turn may do besides talking, and what the operator allows.

A ``ToolSpec`` is the operator's word; a model sees only its ``offer``.  Nothing calls a ``ToolRunner`` but the firewall
(``core.tools.firewall``), which alone knows who the contact is.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Protocol

from core.ports.model import ToolOffer


class SideEffect(StrEnum):
    """What a tool does to the world."""

    READ = "read"
    WRITE = "write"
    MONEY = "money"


class Verification(StrEnum):
    """How well the contact must be known: anybody, somebody a channel vouches for by name, or proven by a token."""

    ANONYMOUS = "anonymous"
    IDENTIFIED = "identified"
    VERIFIED = "verified"


class Confirmation(StrEnum):
    """Who must agree before a call runs."""

    NONE = "none"
    CUSTOMER = "customer"
    AGENT = "agent"


class IdentityFact(StrEnum):
    """What the firewall can put into an argument, from the session and never from the model."""

    CONTACT = "contact"
    CUSTOMER_ACCOUNT = "customer_account"
    EMAIL = "email"
    PHONE = "phone"
    NAME = "name"
    CONVERSATION = "conversation"
    TENANT = "tenant"


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolLimits:
    """Bounds of a tool; ``amount`` names the argument that is counted, in the unit the tool uses.

    ``per_call`` and ``per_day`` bound that argument, per contact; ``calls_per_day`` counts calls per contact; None: no bound.
    """

    amount: str | None = None
    per_call: float | None = None
    per_day: float | None = None
    calls_per_day: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolSpec:
    """A tool as the operator declares it.

    ``parameters`` is the JSON schema (an object) of what the *model* may give; ``bound`` maps further arguments to facts of the
    session.  ``confirm`` is the sentence that asks for a confirmation, with ``{argument}`` places.  ``result_chars``
    bounds what of a result is kept and shown to a model.
    """

    name: str
    description: str
    parameters: Mapping[str, Any]
    bound: Mapping[str, IdentityFact] = field(default_factory=dict)
    scopes: tuple[str, ...] = ()
    verification: Verification = Verification.VERIFIED
    side_effect: SideEffect = SideEffect.READ
    confirmation: Confirmation = Confirmation.NONE
    confirm: str = ""
    limits: ToolLimits = ToolLimits()
    timeout_s: float = 10.0
    result_chars: int = 4_000

    @property
    def offer(self) -> ToolOffer:
        """What a model sees."""
        return ToolOffer(name=self.name, description=self.description, parameters=self.parameters)


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolOutput:
    """What a tool gave back: text (JSON where it is structured), untrusted, at most a few times ``result_chars`` long."""

    text: str
    is_cut: bool = False


class ToolRunner(Protocol):
    """Reaches one tool.

    ``key`` is the idempotency key, the same for every try of one call.  Raises ``ToolFailed`` with ``is_certain`` telling
    whether it is certain that nothing happened.
    """

    async def call(self, arguments: Mapping[str, Any], *, key: str, timeout_s: float) -> ToolOutput:
        """Call it once; no retries in here."""

    async def close(self) -> None:
        """Let go of connections; safe twice."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tool:
    """A declared tool and the way to it."""

    spec: ToolSpec
    runner: ToolRunner
