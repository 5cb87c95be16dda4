"""What ``frontdesk eval`` does: suites to predictions, figures, gates and a report."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from core.errors import FrontdeskError
from core.ranking.calibration import encode, shipped
from evals import engine, running
from evals.calibrate import calibrate
from evals.calibrate import show as show_calibrated
from evals.embedding import Chosen, chosen
from evals.gates import SHIPPED, Gates, check, read_gates
from evals.metrics import score
from evals.opened import Opened, OtherKind, SuiteProblem, opened
from evals.predictors import predictor_of
from evals.report import Result, write_report
from evals.suite import read_questions
from evals.train_confidence import RANKER

OK, MISSED, NOTHING = 0, 1, 3
PREDICTIONS = Path("var") / "evals"

HEADLINES = {
    "retrieval": (
        "recall@5",
        "ndcg@10",
        "abstain_auroc",
        "unanswerable_caught@5%",
        "false_answer_rate",
        "false_abstention_rate",
        "underspecified_clarified",
        "smalltalk_answered",
        "ece",
        "ece_found",
        "ece_calibrated",
        "ece_chance",
        "same_where_docs_exist",
        "answer_rouge_l",
    ),
    "intents": ("in_scope_accuracy", "macro_f1", "oos_auroc", "oos_recall"),
    "entities": ("micro_f1_exact", "micro_f1_overlap"),
    "pii": ("structured_precision_exact", "structured_recall_exact", "micro_f1_overlap", "any_type_coverage"),
    "sentiment": ("accuracy", "macro_f1", "negative_precision", "negative_recall"),
    "grounding": ("balanced_accuracy", "unsupported_recall", "unsupported_precision", "auroc"),
    "injection": ("recall", "false_positive_rate", "auroc"),
}
"""Figures that are printed besides those with a gate; the report has all."""


MEANINGS = {
    "ece": "by what was cited",
    "ece_found": "as shipped",
    "ece_calibrated": "on these",
    "ece_chance": "if perfect",
    "ece_above_chance": "the rest",
}
"""Figures whose names alone would mislead."""

EMBEDDED = ("retrieval", "intents", "sentiment")
"""Kinds whose figures depend on the embedder."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What the command line asks for; ``skips`` says which suites cannot be run and why, where all are meant."""

    suites: Sequence[Path]
    predictions: Path | None = None
    report: Path | None = None
    config: Path | None = None
    tenant: str | None = None
    embedder: str | None = None
    gates: Path = SHIPPED
    resume: bool = True
    skips: Sequence[str] = ()


def run(asked: Asked, out: Console, errors: Console) -> int:
    """Run every suite; 1 when a gate is missed or a suite cannot be run, 3 when there is nothing to run on."""
    for skip in asked.skips:
        out.print(f"skipped: {skip}", highlight=False, markup=False, soft_wrap=True)
    try:
        gates, embedder = read_gates(asked.gates), chosen(asked.embedder)
        places = _places(asked)
    except SuiteProblem as error:
        return _refused(errors, error, NOTHING)
    suites, failed = [], 0
    for path in asked.suites:
        try:
            suites.append((opened(path), places(path)))
        except OtherKind as error:
            out.print(f"skipped: {path.name}: {error}", highlight=False, markup=False, soft_wrap=True)
        except SuiteProblem as error:
            failed = _refused(errors, error, failed + 1)
    if not suites:
        return _refused(errors, "There is no suite to run.", NOTHING)
    results = []
    for suite, place in suites:
        try:
            results.append(_one(suite, place, asked, embedder=embedder, gates=gates, errors=errors))
        except (SuiteProblem, FrontdeskError) as error:
            said = error.safe_message if isinstance(error, FrontdeskError) else error
            failed = _refused(errors, f"{suite.name}: {said}", failed + 1)
        else:
            show(results[-1], out, errors)
    return _ended(results, failed, asked.report, out)


def score_file(path: Path, predictions: Path, asked: Asked, out: Console, errors: Console) -> int:
    """The figures of predictions that something else has made; ids that the suite does not have are counted and named."""
    try:
        suite, gates = opened(path), read_gates(asked.gates)
        ran = running.read_predictions(suite, predictions)
    except SuiteProblem as error:
        return _refused(errors, error, NOTHING)
    result = _result(suite, ran, gates, {"predictions": str(predictions)}, ())
    show(result, out, errors)
    return _ended([result], 0, asked.report, out)


def calibrate_on(path: Path, file: Path, asked: Asked, out: Console, errors: Console) -> int:
    """Fit the confidence to an operator's questions and write the calibration; 1 when they do not do for it."""
    try:
        suite, embedder = opened(path), chosen(asked.embedder)
        if suite.kind != "retrieval":
            raise SuiteProblem(f"{path}: questions are needed, this is a suite of {suite.kind}")
        setting = engine.Setting(config=asked.config, tenant=asked.tenant, index=embedder.index)
        with engine.staged(suite, setting) as stage, stage.index() as index:
            made = calibrate(suite.name, read_questions(suite.files[0]), index, shipped(), ranker=RANKER)
    except (SuiteProblem, FrontdeskError) as error:
        return _refused(errors, error.safe_message if isinstance(error, FrontdeskError) else error, MISSED)
    show_calibrated(made, out)
    file.parent.mkdir(parents=True, exist_ok=True)
    part = file.with_suffix(".part")
    part.write_bytes(encode(made.calibration))
    part.replace(file)
    line = f"written: {file}; use it with `engine: {{confidence: {{calibration: {file}}}}}` in your YAML"
    out.print(line, highlight=False, markup=False, soft_wrap=True)
    return OK


def _places(asked: Asked) -> _Places:
    """Where a suite's predictions go: ``--predictions`` is a file for one suite, a folder for several."""
    told = asked.predictions
    if told is None:
        return _Places(folder=PREDICTIONS)
    if told.suffix != ".jsonl":
        return _Places(folder=told)
    if len(asked.suites) > 1:
        raise SuiteProblem(f"--predictions {told}: name a folder, there are {len(asked.suites)} suites")
    return _Places(file=told)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Places:
    folder: Path = PREDICTIONS
    file: Path | None = None

    def __call__(self, suite: Path) -> Path:
        name = suite.stem if suite.suffix == ".jsonl" else suite.resolve().name
        return self.file or self.folder / f"{name}.jsonl"


def _one(suite: Opened, place: Path, asked: Asked, *, embedder: Chosen, gates: Gates, errors: Console) -> Result:
    is_asked = suite.kind == "retrieval"
    setting = engine.Setting(config=asked.config, tenant=asked.tenant, index=embedder.index if is_asked else None)
    digest = "/".join(
        (running.program_digest(), embedder.name, engine.settings_digest(setting, suite) if is_asked else "")
    )
    began = time.monotonic()
    with _bar(errors) as bar:
        task = bar.add_task(suite.name, total=len({item["id"] for item in suite.items}))
        ran = running.run(
            suite,
            predictor_of(suite, setting, embedder.embedder),
            place,
            digest=digest,
            resume=asked.resume,
            on_item=lambda: bar.advance(task),
        )
    about = {"predictions": str(place), "took": f"{time.monotonic() - began:.1f} s"}
    if suite.kind in EMBEDDED:
        about = {"embedder": embedder.name, **about}
    if ran.resumed:
        about["resumed"] = f"{ran.resumed} of {len(suite.items)} predictions were there (--fresh makes them anew)"
    return _result(suite, ran, gates, about, engine.doubts(suite, setting) if is_asked else ())


def _bar(errors: Console) -> Progress:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    return Progress(*columns, console=errors, transient=True, disable=not errors.is_terminal)


def _result(suite: Opened, ran: running.Ran, gates: Gates, about: dict[str, str], more_doubts: Sequence[str]) -> Result:
    scored = score(suite.kind, suite.items, ran.predictions, suite.texts)
    return Result(
        suite=suite,
        predictions=ran.predictions,
        scored=scored,
        gates=check(gates, suite.name, scored.metrics),
        doubts=(*running.doubts(suite, ran), *more_doubts),
        about=about,
    )


def show(result: Result, out: Console, errors: Console) -> None:
    """The figures with a gate and the headlines, as a table; doubts go to ``errors``."""
    suite, gates = result.suite, {gate.gate.metric: gate for gate in result.gates}
    table = Table(
        "figure",
        "value",
        "95 % interval",
        "of",
        "gate",
        "",
        title=f"{suite.name} ({suite.kind}), {len(suite.items)} items",
    )
    for name in dict.fromkeys((*gates, *(n for n in HEADLINES[suite.kind] if n in result.scored.metrics))):
        found, gate = result.scored.metrics.get(name), gates.get(name)
        value = "-" if found is None or found.value is None else f"{found.value:.3f}"
        bounds = (
            "" if found is None or found.low is None or found.high is None else f"{found.low:.3f} to {found.high:.3f}"
        )
        state = "" if gate is None else "ok" if gate.is_met else "SHORT"
        count = "no such figure" if found is None else str(found.n)
        label = f"{name}: {MEANINGS[name]}" if name in MEANINGS else name
        table.add_row(escape(label), value, bounds, count, str(gate.gate) if gate else "", state)
    out.print(table)
    for name, value in result.about.items():
        out.print(f"  {name}: {value}", highlight=False, markup=False, soft_wrap=True)
    for doubt in result.doubts:
        errors.print(f"  {suite.name}: {doubt}", highlight=False, markup=False, soft_wrap=True)


def _ended(results: Sequence[Result], failed: int, report: Path | None, out: Console) -> int:
    if report is not None and results:
        out.print(f"report: {write_report(report, results)}", highlight=False, markup=False, soft_wrap=True)
    missed = [(result.suite.name, gate) for result in results for gate in result.missed]
    for name, gate in missed:
        found = "-" if gate.found is None else str(gate.found)
        line = f"gate missed: {name} {gate.gate.metric} is {found}, wanted {gate.gate}"
        out.print(line, highlight=False, markup=False, soft_wrap=True)
    if not results:
        return NOTHING
    return MISSED if missed or failed else OK


def _refused(errors: Console, why: object, code: int) -> int:
    errors.print(str(why), highlight=False, markup=False, soft_wrap=True)
    return code
