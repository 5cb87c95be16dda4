"""The bridge to people: each desk is one folder under ``desks``, a plug like any channel."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar

from pydantic import BaseModel

from core.ports.channel import LiveEvents
from core.ports.desk import Desk
from handoff.hours import OpeningHours

SettingsT_contra = TypeVar("SettingsT_contra", bound=BaseModel, contravariant=True)
SettingsT = TypeVar("SettingsT", bound=BaseModel)


@dataclass(frozen=True, slots=True, kw_only=True)
class DeskContext:
    """What the composition root gives a desk beside its settings."""

    tenant: str
    live: LiveEvents


class BuildDesk(Protocol[SettingsT_contra]):
    """Makes a desk of its settings, without I/O."""

    def __call__(self, context: DeskContext, settings: SettingsT_contra) -> Desk:
        """The desk of one tenant."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeskPlugin(Generic[SettingsT]):
    """What a desk's folder offers: the YAML word, the model of its block, how to build it, and when it is staffed.

    ``hours`` gives None for a desk where somebody is always there; ``snippets`` are (title, text) of canned replies.
    """

    kind: str
    settings: type[SettingsT]
    build: BuildDesk[SettingsT]
    hours: Callable[[SettingsT], OpeningHours | None]
    snippets: Callable[[SettingsT], tuple[tuple[str, str], ...]]


AnyDeskPlugin = DeskPlugin[Any]
"""A plug whose settings model is known only to itself."""
