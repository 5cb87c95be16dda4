"""Gates: the least or most that a figure of a suite may be; a command that misses one ends with 1."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import yaml

from evals.intervals import Metric
from evals.opened import SuiteProblem

SHIPPED = Path(__file__).with_name("gates.yaml")
BOUNDS = ("at_least", "at_most")


@dataclass(frozen=True, slots=True, kw_only=True)
class Gate:
    """One bound of one figure."""

    metric: str
    at_least: float | None = None
    at_most: float | None = None

    def __str__(self) -> str:
        parts = [f"≥ {self.at_least:g}"] if self.at_least is not None else []
        parts += [f"≤ {self.at_most:g}"] if self.at_most is not None else []
        return " and ".join(parts)

    def is_met(self, found: Metric | None) -> bool:
        """A figure that could not be taken misses its gate."""
        if found is None or found.value is None:
            return False
        is_enough = self.at_least is None or found.value >= self.at_least
        return is_enough and (self.at_most is None or found.value <= self.at_most)


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """A gate beside what was found; ``found`` is None when the suite has no such figure."""

    gate: Gate
    found: Metric | None

    @property
    def is_met(self) -> bool:
        """Whether the figure keeps the bound."""
        return self.gate.is_met(self.found)


Gates = Mapping[str, tuple[Gate, ...]]
"""Suite → its gates."""


def read_gates(path: Path) -> Gates:
    """The gates of a YAML file, suite → figure → ``at_least`` or ``at_most``; ``SuiteProblem`` says what is wrong."""
    try:
        told = yaml.safe_load(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise SuiteProblem(f"{path} is missing") from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise SuiteProblem(f"{path}: not YAML: {error}") from error
    if not isinstance(told, dict):
        raise SuiteProblem(f"{path}: suites with their figures are expected, as in {SHIPPED}")
    return {str(suite): _of_suite(path, str(suite), figures) for suite, figures in told.items()}


def _of_suite(path: Path, suite: str, figures: object) -> tuple[Gate, ...]:
    if not isinstance(figures, dict):
        raise SuiteProblem(f"{path}: {suite}: figures with their bounds are expected")
    return tuple(_gate(f"{path}: {suite}", str(metric), bounds) for metric, bounds in figures.items())


def _gate(place: str, metric: str, bounds: object) -> Gate:
    if not isinstance(bounds, dict) or not bounds or not set(bounds) <= set(BOUNDS):
        raise SuiteProblem(f"{place}: {metric}: {{at_least: …}} or {{at_most: …}} is expected")
    numbers = {str(name): value for name, value in bounds.items()}
    wrong = [name for name, value in numbers.items() if isinstance(value, bool) or not isinstance(value, int | float)]
    if wrong:
        raise SuiteProblem(f"{place}: {metric}: {wrong[0]} must be a number")
    return Gate(metric=metric, **{name: float(value) for name, value in numbers.items()})


def check(gates: Gates, suite: str, metrics: Mapping[str, Metric]) -> tuple[Checked, ...]:
    """Every gate of a suite beside its figure."""
    return tuple(Checked(gate=gate, found=metrics.get(gate.metric)) for gate in gates.get(suite, ()))
