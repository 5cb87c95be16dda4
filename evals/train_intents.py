"""``python -m evals.train_intents``: fit when a guess is believed, and train the model of the built-in intents that ships.

Models of many sizes are trained on some intents of public sets and asked what they know, what the left-out intents want, and
what belongs to another set.  The figures are of a set whose messages the weights have not seen.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from rich.console import Console

from core.intents import builtin, scope
from core.intents.keeping import save
from core.intents.model import IntentModel
from core.intents.training import train
from core.ports.embedding import Embedder
from core.providers.embedders.static import StaticEmbedder
from evals.data import data_folder
from evals.intents import grouped, read
from evals.learning import Bools, Floats, auroc, fit

SUITES = ("banking77_oos", "clinc150", "hwu64")
SIZES = (5, 15, 75)
"""Examples per intent."""

LEFT_OUT = 0.3
"""Share of the intents that a model does not learn."""

ASKED = 400
"""So many messages of each sort are asked per model."""

USUAL = 0.9
"""Share of real messages that want something known; the guesses' chances are for such traffic."""

RIDGE = 3.0
SEED = 7
PLACES = 4
console = Console(width=120, highlight=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What models said of messages: features, and whether the message was in scope and the guess right."""

    rows: Floats
    in_scope: Bools
    right: Bools


def asked(suite: str, others: Sequence[str], embedder: Embedder | None) -> Asked:
    """A model of each size on one suite; ``others`` are messages of other sets."""
    rng = np.random.default_rng(SEED)
    rows, in_scope, right = [], [], []
    by_intent = grouped(read(data_folder() / suite / "train.jsonl"))
    for size in SIZES:
        model, known, unknown = _split(by_intent, size, rng, embedder)
        far = [(others[place], "") for place in rng.permutation(len(others))[: ASKED // 2]]
        for text, intent in (*known, *unknown, *far):
            reading = model.read(text)
            if reading is not None:
                rows.append(reading.features())
                in_scope.append(intent in model.names)
                right.append(model.predict(text).ranked[0][0] == intent)
    return Asked(rows=np.array(rows), in_scope=np.array(in_scope), right=np.array(right))


def _split(
    by_intent: Mapping[str, Sequence[str]], size: int, rng: np.random.Generator, embedder: Embedder | None
) -> tuple[IntentModel, list[tuple[str, str]], list[tuple[str, str]]]:
    """A model, messages that it should know, and messages of intents that it has not learnt."""
    mixed = {name: [said[place] for place in rng.permutation(len(said))] for name, said in by_intent.items()}
    names = sorted(mixed)
    order = [names[place] for place in rng.permutation(len(names))]
    strange = order[: int(len(order) * LEFT_OUT)]
    learnt = order[len(strange) :]
    model = train({name: mixed[name][:size] for name in learnt}, embedder)
    known = [(text, name) for name in learnt for text in mixed[name][size : size + 20]]
    unknown = [(text, name) for name in strange for text in mixed[name][:20]]
    return model, _some(known, rng), _some(unknown, rng)


def _some(said: list[tuple[str, str]], rng: np.random.Generator) -> list[tuple[str, str]]:
    return [said[place] for place in rng.permutation(len(said))[:ASKED]]


def fitted(parts: Sequence[Asked], truth: Sequence[Bools], *, is_wordy: bool) -> dict[str, float]:
    """Weights by name and the bias; ``is_wordy``: there are no vectors."""
    used = [name for name in scope.NAMES if not (is_wordy and "nearest" in name)]
    columns = [scope.NAMES.index(name) for name in used]
    rows, sides = np.vstack([part.rows for part in parts])[:, columns], np.concatenate(truth)
    found = fit(rows, sides, traffic(np.concatenate([part.in_scope for part in parts])), ridge=RIDGE)
    weights = {name: round(float(weight), PLACES) for name, weight in zip(used, found.weights, strict=True)}
    return {**weights, "bias": round(found.bias, PLACES)}


def traffic(in_scope: Bools) -> Floats:
    """Weights under which the messages are as often in scope as real ones, one on average."""
    return np.where(in_scope, USUAL / float(in_scope.mean()), (1 - USUAL) / float((~in_scope).mean()))


def scored(weights: Mapping[str, float], rows: Floats) -> Floats:
    """The margin of each row."""
    columns = [scope.NAMES.index(name) for name in weights if name != "bias"]
    return np.asarray(rows[:, columns] @ np.array([weights[scope.NAMES[at]] for at in columns]) + weights["bias"])


PICKS: Mapping[str, Callable[[Asked], Bools]] = {"in_scope": lambda one: one.in_scope, "right": lambda one: one.right}
"""What each set of weights is to tell."""


def report(parts: Mapping[str, Asked], *, is_wordy: bool) -> None:
    """What to expect on a set that the weights were not fitted on."""
    for suite, part in parts.items():
        others = [parts[name] for name in parts if name != suite]
        for what, pick in PICKS.items():
            weights = fitted(others, [pick(one) for one in others], is_wordy=is_wordy)
            scores, truth = scored(weights, part.rows), pick(part)
            chances = 1 / (1 + np.exp(-scores))
            gap = _calibration_error(chances, truth, traffic(part.in_scope))
            plain = auroc(part.rows[:, 0], truth)
            console.print(
                f"held out {suite}, {what}: AUROC {auroc(scores, truth):.3f} (score alone {plain:.3f}), ECE {gap:.3f}"
            )


def _calibration_error(chances: Floats, truth: Bools, weights: Floats) -> float:
    """Mean gap between what ten bins of chances promise and what comes."""
    bins = np.minimum((chances * 10).astype(int), 9)
    gaps = [abs(float((weights * (chances - truth))[bins == at].sum())) for at in np.unique(bins)]
    return sum(gaps) / float(weights.sum())


def strangers(suite: str) -> list[str]:
    """Messages of the other suites."""
    return [one.text for other in SUITES if other != suite for one in read(data_folder() / other / "train.jsonl")]


def tables(embedder: Embedder | None) -> Iterator[tuple[str, dict[str, float]]]:
    """Both sets of weights, with or without vectors."""
    parts = {suite: asked(suite, strangers(suite), embedder) for suite in SUITES}
    is_wordy = embedder is None
    console.print("without vectors" if is_wordy else "with vectors")
    report(parts, is_wordy=is_wordy)
    known = list(parts.values())
    for what, pick in PICKS.items():
        yield what, fitted(known, [pick(one) for one in known], is_wordy=is_wordy)


def main() -> None:
    """Fit, report, write both files."""
    parser = argparse.ArgumentParser(prog="evals.train_intents", description=__doc__)
    parser.add_argument("--out", type=Path, default=Path(scope.__file__).parent, help="folder of both files")
    parser.add_argument("--model-only", action="store_true", help="only train the built-in model again")
    arguments = parser.parse_args()
    embedder = StaticEmbedder()
    if not arguments.model_only:
        stored = {"vectors": dict(tables(embedder)), "words": dict(tables(None))}
        (arguments.out / scope.WEIGHTS).write_text(json.dumps(stored, indent=1) + "\n", encoding="utf-8")
        scope.weights.cache_clear()
    shipped = arguments.out / builtin.MODEL
    save(train(builtin.examples(), embedder), shipped)
    shipped.chmod(0o644)  # kept models are private, this one is for everybody
    console.print(f"wrote {scope.WEIGHTS} and {shipped.name}, {shipped.stat().st_size} bytes")


if __name__ == "__main__":
    main()
