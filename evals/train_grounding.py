"""``python -m evals.train_grounding``: fit the grounding checker's weights and print what to expect of them.

The figures are of items that the weights have not seen: five folds, each source held out, another sample of support sentences.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from rich.console import Console

from core.guard import grounding
from evals.data import data_folder
from evals.grounding_data import Item, judged, rarity, support
from evals.learning import Bools, Floats, Linear, Places, auroc, balanced, balanced_accuracy, fit, folds

RIDGE = 5.0
SUPPORT_SHARE = 0.25
"""What the made sentences weigh beside the judged replies: enough that a long evidence does not mislead, little enough to
leave judged replies their say."""

SEED, CHECK_SEED = 1, 2
console = Console(width=120, highlight=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """Items as rows of numbers."""

    items: tuple[Item, ...]
    names: tuple[str, ...]
    rows: Floats
    truth: Bools


def tabled(items: Sequence[Item], rare: dict[str, float]) -> Table:
    """The features of every item that has words."""
    named = [(item, grounding.measured(item.response, item.evidence, rare)) for item in items]
    kept = [(item, found) for item, found in named if found is not None]
    names = tuple(kept[0][1])
    return Table(
        items=tuple(item for item, _ in kept),
        names=names,
        rows=np.array([[found[name] for name in names] for _, found in kept]),
        truth=np.array([item.is_supported for item, _ in kept]),
    )


def train(real: Table, places: Places, made: Table) -> Linear:
    """Fit on some of the judged replies and all the made sentences."""
    truth = real.truth[places]
    share = SUPPORT_SHARE * len(places) / len(made.items)
    return fit(
        np.vstack([real.rows[places], made.rows]),
        np.r_[truth, made.truth],
        np.r_[balanced(truth), balanced(made.truth) * share],
        ridge=RIDGE,
    )


def cross_validated(real: Table, made: Table, *, seed: int = 0) -> Floats:
    """A score for each judged reply from weights that saw neither it nor another reply on its evidence."""
    scores = np.zeros(len(real.items))
    for learnt, left in folds([item.evidence for item in real.items], 5, seed=seed):
        scores[left] = train(real, learnt, made).score(real.rows[left])
    return scores


def held_out(real: Table, made: Table, source: str) -> tuple[float, float]:
    """Balanced accuracy and AUROC on one source with weights from the others."""
    left = np.array([item.source == source for item in real.items])
    scores = train(real, np.flatnonzero(~left), made).score(real.rows[left])
    return balanced_accuracy(scores >= grounding.THRESHOLD, real.truth[left]), auroc(scores, real.truth[left])


def by_kind(model: Linear, made: Table) -> dict[str, float]:
    """Share of each kind of made sentence that passes."""
    passed = model.score(made.rows) >= grounding.THRESHOLD
    kinds = np.array([item.how for item in made.items])
    return {kind: float(passed[kinds == kind].mean()) for kind in dict.fromkeys(item.how for item in made.items)}


def main() -> None:
    """Fit, report, write."""
    parser = argparse.ArgumentParser(prog="evals.train_grounding", description=__doc__)
    parser.add_argument("--out", type=Path, default=Path(grounding.__file__).with_name(grounding.WEIGHTS))
    out: Path = parser.parse_args().out
    data = data_folder()
    rare = rarity(data)
    real = tabled(judged(data / "grounding_begin"), rare)
    made, check = tabled(support(data, seed=SEED), rare), tabled(support(data, seed=CHECK_SEED), rare)
    for seed in range(3):
        scores = cross_validated(real, made, seed=seed)
        accuracy = balanced_accuracy(scores >= grounding.THRESHOLD, real.truth)
        console.print(f"5 folds, seed {seed}: balanced accuracy {accuracy:.3f}, AUROC {auroc(scores, real.truth):.3f}")
    for source in dict.fromkeys(item.source for item in real.items):
        accuracy, area = held_out(real, made, source)
        console.print(f"held out {source}: balanced accuracy {accuracy:.3f}, AUROC {area:.3f}")
    model = train(real, np.arange(len(real.items)), made)
    for kind, share in by_kind(model, check).items():
        console.print(f"support sentences, {kind}: {share:.1%} pass")
    weights = {name: round(float(weight), 5) for name, weight in zip(real.names, model.weights, strict=True)}
    stored = {"weights": weights, "bias": round(model.bias, 5), "rarity": rare}
    out.write_text(json.dumps(stored, ensure_ascii=False, separators=(",", ":")) + "\n", encoding="utf-8")
    console.print(f"wrote {out.name}, {out.stat().st_size} bytes")


if __name__ == "__main__":
    main()
