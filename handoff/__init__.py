"""The bridge to people: each desk is one folder under ``desks``, a plug like any channel."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, Protocol, TypeVar

from core.ports.channel import Files, LiveEvents, Memory
from core.ports.desk import Desk
from core.ports.helpdesk import Helpdesk
from handoff.kit.settings import DeskSettings

SettingsT_contra = TypeVar("SettingsT_contra", bound=DeskSettings, contravariant=True)
SettingsT = TypeVar("SettingsT", bound=DeskSettings)


@dataclass(frozen=True, slots=True, kw_only=True)
class DeskContext:
    """What the composition root gives a desk beside its settings.

    ``memory`` keeps small facts across restarts (inserted once); ``files`` reads what contacts sent.  ``webhook_url`` is where
    the helpdesk reaches us, ``base_url`` where people open the built-in desk; None when the YAML names no such address.
    """

    tenant: str
    live: LiveEvents
    files: Files
    memory: Memory
    clock: Callable[[], datetime]
    webhook_url: str | None = None
    base_url: str | None = None


class BuildDesk(Protocol[SettingsT_contra]):
    """Makes a desk of its settings, without I/O."""

    def __call__(self, context: DeskContext, settings: SettingsT_contra) -> Desk:
        """The desk of one tenant."""


class BuildHelpdesk(Protocol[SettingsT_contra]):
    """Makes the vendor's end of a bridged desk of its settings, without I/O."""

    def __call__(self, context: DeskContext, settings: SettingsT_contra) -> Helpdesk:
        """The account of one tenant."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeskPlugin(Generic[SettingsT]):
    """What a desk's folder offers: the YAML word, the model of its block, and how to build it.

    A desk that reads the ledger itself has ``build``; one that is a vendor's product has ``helpdesk``, and ``handoff.bridge``
    makes a desk of that.
    """

    kind: str
    settings: type[SettingsT]
    build: BuildDesk[SettingsT] | None = None
    helpdesk: BuildHelpdesk[SettingsT] | None = None


AnyDeskPlugin = DeskPlugin[Any]
"""A plug whose settings model is known only to itself."""
