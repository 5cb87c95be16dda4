"""Keeping knowledge fresh: list, normalise, diff, build beside, swap."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Generic, Protocol, TypeVar

from pydantic import BaseModel

from core.ports.knowledge import Source

SettingsT = TypeVar("SettingsT", bound=BaseModel)
SettingsT_contra = TypeVar("SettingsT_contra", bound=BaseModel, contravariant=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceContext:
    """What the composition root gives a source beside its settings.

    ``folder`` is the source's own place for working copies, made by it when it needs one; ``sleep`` waits so many seconds.
    """

    id: str
    tenant: str
    clock: Callable[[], datetime]
    folder: Path
    sleep: Callable[[float], None] = time.sleep


class BuildSource(Protocol[SettingsT_contra]):
    """Makes a source of its settings, without I/O."""

    def __call__(self, context: SourceContext, settings: SettingsT_contra) -> Source:
        """The configured source."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SourcePlugin(Generic[SettingsT]):
    """What a source's folder offers: the YAML word, the model of its block, and how to build it."""

    kind: str
    settings: type[SettingsT]
    build: BuildSource[SettingsT]


AnySourcePlugin = SourcePlugin[Any]
"""A plug whose settings model is known only to itself."""
