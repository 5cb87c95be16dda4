"""What an engine has beside its knowledge: models, tools, flows; any of them may be missing."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field

from core.answer_cache import AnswerCache
from core.domain import Attachment
from core.experiments import Experiment
from core.flows.flow import Flow
from core.ports.model import Models
from core.ports.tools import Tool, Verification
from core.rollout import Rollout
from core.steps.understand import Wits
from core.tools.firewall import Firewall

ReadFile = Callable[[Attachment], Awaitable[bytes]]
"""Reads a contact's file; ``LookupError`` when its bytes are not there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountFacts:
    """What a turn must know of the account it speaks on."""

    channel: str = ""
    has_buttons: bool = True
    rollout: Rollout = field(default_factory=Rollout)


@dataclass(frozen=True, slots=True, kw_only=True)
class Abilities:
    """One tenant's.

    ``secret`` makes what nobody can guess (fence marks, canaries); ``scopes`` are what each level of verification grants;
    ``wits`` is what messages are understood with.  ``accounts`` by id; ``firewall`` is the only caller of ``tools``.
    ``company`` is the name that customers know, ``is_staffed`` tells whether people are at the desk.
    """

    company: str = ""
    secret: bytes = field(default=b"", repr=False)
    models: Models | None = None
    tools: Mapping[str, Tool] = field(default_factory=dict)
    firewall: Firewall | None = None
    scopes: Mapping[Verification, tuple[str, ...]] = field(default_factory=dict)
    flows: tuple[Flow, ...] = ()
    wits: Wits = field(default_factory=Wits)
    cache: AnswerCache | None = None
    experiments: tuple[Experiment, ...] = ()
    accounts: Mapping[str, AccountFacts] = field(default_factory=dict)
    read_file: ReadFile | None = None
    is_staffed: Callable[[], bool] = lambda: True

    def account(self, account: str) -> AccountFacts:
        """The facts of an account; those of an unknown one are the widest."""
        return self.accounts.get(account, _ANY)


_ANY = AccountFacts()
