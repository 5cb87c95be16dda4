"""One call's bookkeeping: what was tried, how long patience lasts, what it cost."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from core.errors import ModelUnavailable
from core.models_settings import Choice
from core.ports.model import ModelRole, Tried, Usage
from core.providers.models.errors import AttemptFailed, Code


@dataclass(slots=True)
class Call:
    """A call of a role; ``clock`` is monotonic seconds."""

    role: ModelRole
    clock: Callable[[], float]
    patience_s: float
    tried: list[Tried] = field(default_factory=list)
    spent: Usage = field(default_factory=Usage)
    started: float = field(init=False)
    has_spoken: bool = False

    def __post_init__(self) -> None:
        self.started = self.clock()

    @property
    def left_s(self) -> float:
        """How much patience is left."""
        return self.started + self.patience_s - self.clock()

    def since_ms(self, moment: float) -> float:
        """Milliseconds since then."""
        return (self.clock() - moment) * 1000

    def note(self, choice: Choice, since: float, error: Code | None) -> None:
        """Write down an attempt."""
        self.tried.append(
            Tried(
                endpoint=choice.endpoint,
                model=choice.model,
                ms=round(self.since_ms(since), 2),
                error=None if error is None else error.value,
            )
        )

    def unavailable(self, failure: AttemptFailed | None = None) -> ModelUnavailable:
        """Nobody answered, or the one who did broke off."""
        if self.has_spoken and failure is not None:
            words = f"the model broke off its answer ({failure.code.value})"
        else:
            codes = ", ".join(f"{t.endpoint}: {t.error}" for t in self.tried) or "none is configured"
            words = f"no model answered for the role {self.role.value} ({codes})"
        return ModelUnavailable(words, tried=self.tried)
