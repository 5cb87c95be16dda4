"""``python -m evals.train_injection``: fit the injection detector's weights and print what to expect of them.

Texts with an attack inside are learnt sentence by sentence (the attack's own sentences against all others) and judged by their
worst one.  The figures are of texts whose attack *and* carrier the weights have not seen, and of kinds of attacks left out whole.
"""

from __future__ import annotations

import argparse
import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from rich.console import Console

from core.untrusted import injection
from core.untrusted.injection import Where, measured
from core.untrusted.injection_features import piece_of
from evals.data import data_folder
from evals.injection_data import WRITTEN, WRITTEN_CLEAN, Text, page_passages, page_sentences, talk, texts
from evals.learning import Bools, Floats, auroc, balanced, fit, sigmoid

RIDGE = 12.0
WORD_SCALE = 0.5
"""Words count half: they know the attacks of the suite, the lexicon knows attacks."""

WRITTEN_SHARE = 0.5
CLEAN_SHARE = 1.0
LEAST_TEXTS = 4
FOLDS = 5
FALSE_POSITIVES = 0.05
EMBEDDED = (Where.DOCUMENT, Where.TOOL_RESULT)

console = Console(width=120)
Found = Mapping[str, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A piece to learn: its features, whether it is (part of) an attack, the text it is of, and its weight."""

    found: Found
    is_attack: bool
    of: int
    weight: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Fitted:
    """Weights by feature name."""

    weights: Mapping[str, float]
    bias: float

    def score(self, pieces: Sequence[Found]) -> float:
        """The worst piece's score."""
        margins = [self.bias + sum(self.weights.get(k, 0.0) * v for k, v in found.items()) for found in pieces]
        return float(1 / (1 + np.exp(-np.clip(max(margins, default=-40.0), -40, 40))))


def rows_of(items: Sequence[Text]) -> tuple[list[Row], list[list[Found]]]:
    """Rows to learn from, and the pieces of every text."""
    rows: list[Row] = []
    pieces: list[list[Found]] = []
    for at, item in enumerate(items):
        found: list[Found] = list(measured(item.text, item.where))
        pieces.append(found)
        marks = [_is_of(one, item) for one in found]
        if item.is_attack and not any(marks):
            continue
        rows += [Row(found=f, is_attack=mark, of=at, weight=1.0) for f, mark in zip(found, marks, strict=True)]
    return rows, pieces


def _is_of(found: Found, item: Text) -> bool:
    """Whether a piece is the attack: most of its words are the attack's, and a good part of the attack's words are in it."""
    if not item.is_attack or item.where is Where.MESSAGE:
        return item.is_attack
    own = {name for name in found if name.startswith("w:")}
    attack = piece_of([item.attack]).names
    return bool(own) and len(own & attack) >= 0.7 * len(own) and len(own & attack) >= 0.3 * len(attack)


def extra_rows(data: Path, where: Where, without: str, *, messages: int = 1_500, page_lines: int = 5_000) -> list[Row]:
    """Attacks written for it, talk and (not for messages) sentences of support pages."""
    attacks = [found for text in WRITTEN for found in measured(text, where)]
    clean = [*talk(data, count=messages, seed=1, without=without), *WRITTEN_CLEAN]
    if where is not Where.MESSAGE:
        clean += page_sentences(data, count=page_lines, seed=1)
    quiet = [found for text in clean for found in measured(text, where)]
    return [
        *(Row(found=found, is_attack=True, of=-1, weight=WRITTEN_SHARE) for found in attacks),
        *(Row(found=found, is_attack=False, of=-1, weight=CLEAN_SHARE) for found in quiet),
    ]


def train(rows: Sequence[Row]) -> Fitted:
    """Fit on rows; words count from ``LEAST_TEXTS`` attacks on."""
    counts = Counter(name for row in rows if row.is_attack for name in row.found if name.startswith("w:"))
    plain = {name for row in rows for name in row.found if not name.startswith("w:")}
    names = sorted(plain | {name for name, count in counts.items() if count >= LEAST_TEXTS})
    column = {name: at for at, name in enumerate(names)}
    table = np.zeros((len(rows), len(names)))
    for at, row in enumerate(rows):
        for name, value in row.found.items():
            if name in column:
                table[at, column[name]] = value * (WORD_SCALE if name.startswith("w:") else 1.0)
    truth = np.array([row.is_attack for row in rows])
    weights = balanced(truth, np.array([row.weight for row in rows]))
    found = fit(table, truth, weights, ridge=RIDGE)
    scaled = {
        name: float(w) * (WORD_SCALE if name.startswith("w:") else 1.0)
        for name, w in zip(names, found.weights, strict=True)
    }
    return Fitted(weights=scaled, bias=found.bias)


def cross_validated(
    items: Sequence[Text], extra: Sequence[Row], key: Callable[[Text], str], *, seed: int = 0
) -> Floats:
    """Scores of texts whose attack (by ``key``) and whose carrier are both unseen: every pair of folds is left out once."""
    rows, pieces = rows_of(items)
    attack_fold = _fold([key(item) or item.id for item in items], seed)
    carrier_fold = _fold([item.carrier for item in items], seed + 1)
    scores = np.zeros(len(items))
    for one in range(FOLDS):
        for other in range(FOLDS):
            left = (attack_fold == one) & (carrier_fold == other)
            seen = (attack_fold != one) & (carrier_fold != other)
            model = train([*(row for row in rows if seen[row.of]), *extra])
            for at in np.flatnonzero(left):
                scores[at] = model.score(pieces[at])
    return scores


def _fold(groups: Sequence[str], seed: int) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    known = sorted(set(groups))
    order = np.random.default_rng(seed).permutation(len(known))
    place = {group: int(order[at]) % FOLDS for at, group in enumerate(known)}
    return np.array([place[group] for group in groups])


def cut_at(scores: Floats, truth: Bools) -> float:
    """The score that the allowed share of clean texts reaches; where attacks lie well above it, the middle of the gap.

    A place has few clean texts, and the middle is kinder to those that nobody has seen.
    """
    clean = float(np.quantile(scores[~truth], 1 - FALSE_POSITIVES)) + 1e-6
    attacks = float(np.quantile(scores[truth], FALSE_POSITIVES)) if truth.any() else 0.0
    if attacks <= clean:
        return clean
    return float(sigmoid(np.log([clean / (1 - clean), attacks / (1 - attacks)]).mean(keepdims=True))[0])


def report(name: str, items: Sequence[Text], scores: Floats) -> dict[Where, float]:
    """Print the figures of each place; the thresholds that give five false alarms in a hundred."""
    cuts = {}
    for where in dict.fromkeys(item.where for item in items):
        here = np.array([item.where is where for item in items])
        truth = np.array([item.is_attack for item in items])[here]
        cuts[where] = cut_at(scores[here], truth)
        usual = float(np.quantile(scores[here][~truth], 1 - FALSE_POSITIVES)) + 1e-6
        said = scores[here] >= cuts[where]
        console.print(
            f"{name}, {where}: AUROC {auroc(scores[here], truth):.3f}, "
            f"recall at 5 % false alarms {(scores[here][truth] >= usual).mean():.3f}; "
            f"at threshold {cuts[where]:.3f} recall {said[truth].mean():.3f}, false alarms {said[~truth].mean():.3f}"
        )
    return cuts


def fit_group(data: Path, items: Sequence[Text]) -> dict[Where, tuple[Fitted, float]]:
    """One set of weights for places that are alike, a threshold for each."""
    extra = extra_rows(data, items[0].where, "\n".join(item.text for item in items))
    scores = cross_validated(items, extra, lambda item: item.attack)
    cuts = report("unseen attacks", items, scores)
    report("unseen kinds of attacks", items, cross_validated(items, extra, lambda item: item.theme))
    model = train([*rows_of(items)[0], *extra])
    if Where.DOCUMENT in cuts:
        cuts[Where.KNOWLEDGE] = _knowledge_cut(data, model, items, scores)
    return {where: (model, cut) for where, cut in cuts.items()}


def _knowledge_cut(data: Path, model: Fitted, items: Sequence[Text], scores: Floats) -> float:
    """The threshold that five in a hundred passages of unseen support pages reach."""
    pages = [list(measured(page, Where.KNOWLEDGE)) for page in page_passages(data, count=800, seed=1)]
    clean = np.array([model.score(found) for found in pages])
    cut = cut_at(clean, np.zeros(len(clean), dtype=bool))
    attacks = scores[[item.is_attack and item.where is Where.DOCUMENT for item in items]]
    console.print(
        f"knowledge: recall of documents' attacks at 5 % false alarms on support pages {(attacks >= cut).mean():.3f}"
    )
    return cut


def main() -> None:
    """Fit, report, write."""
    parser = argparse.ArgumentParser(prog="evals.train_injection", description=__doc__)
    parser.add_argument("--out", type=Path, default=Path(injection.__file__).with_name(injection.WEIGHTS))
    out: Path = parser.parse_args().out
    data = data_folder()
    items = texts(data / "injection")
    messages = [item for item in items if item.where is Where.MESSAGE]
    fitted = fit_group(data, messages) | fit_group(data, [item for item in items if item.where in EMBEDDED])
    stored = {
        where.value: {
            "threshold": round(cut, 4),
            "bias": round(model.bias, 4),
            "weights": {name: round(weight, 4) for name, weight in model.weights.items() if abs(weight) > 1e-3},
        }
        for where, (model, cut) in fitted.items()
    }
    out.write_text(
        json.dumps(stored, ensure_ascii=False, separators=(",", ":"), sort_keys=True) + "\n", encoding="utf-8"
    )
    console.print(f"wrote {out.name}, {out.stat().st_size} bytes")


if __name__ == "__main__":
    main()
