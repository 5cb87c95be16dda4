"""One turn's working set: what came in, what is known so far, and the ways out.  Made by ``core/turn.py`` for each run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from core.conversing.abilities import Abilities
from core.conversing.acting import Acting
from core.conversing.calls import TurnModels
from core.conversing.courtesy import Courtesy
from core.conversing.remembering import Kept
from core.conversing.tape import Taped
from core.domain import Contact
from core.ports.engine import ReplySink, TurnInput
from core.ports.model import ModelRole
from core.settings import EngineSettings
from core.steps.gate import Gate
from core.steps.understand import Understanding
from core.trace import Recorder


@dataclass(slots=True)
class Scene:
    """``settings`` are those of the turn, experiments applied; ``kept`` is replaced as the turn changes what is remembered."""

    turn: TurnInput
    journal: Taped
    sink: ReplySink
    record: Recorder
    settings: EngineSettings
    abilities: Abilities
    gated: Gate
    understood: Understanding
    kept: Kept
    now: datetime
    acting: Acting
    models: TurnModels | None = None
    variants: Mapping[str, str] = field(default_factory=dict)
    courtesy: Courtesy = field(default_factory=Courtesy)

    @property
    def contact(self) -> Contact:
        """In whose name the turn acts."""
        return self.acting.session.contact

    @property
    def language(self) -> str:
        """The language of the turn."""
        return self.understood.language

    @property
    def has_buttons(self) -> bool:
        """Whether the contact can press choices."""
        return self.acting.session.has_buttons

    @property
    def hours(self) -> Literal["open", "closed"]:
        """Whether people are at the desk."""
        return "open" if self.abilities.is_staffed() else "closed"

    def writes(self) -> TurnModels | None:
        """The models, when one may write an answer."""
        if self.models is None or self.settings.converse.strict or not self.gated.speaks:
            return None
        return self.models if self.models.has(ModelRole.FAST) or self.models.has(ModelRole.STRONG) else None
