"""``frontdesk eval``: measure the product on suites and golden questions.

It lives here and not beside the other commands because the evals may import every room and no room imports them.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

DEFAULT = "run"
GATES_HELP = "YAML with the gates: suite, figure, at_least or at_most. Left out: the ones that ship."
CALIBRATION = Path("calibration.json")
SHIPPED_GATES = Path(__file__).with_name("gates.yaml")


class RunsByDefault(TyperGroup):
    """``frontdesk eval SUITE`` is ``frontdesk eval run SUITE``; a folder named like a command is written ``./calibrate``."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Put the default command in where none is named."""
        if args and args[0] not in self.commands and args[0] not in ctx.help_option_names:
            args = [DEFAULT, *args]
        return super().parse_args(ctx, args)


def register(app: typer.Typer) -> None:
    """Add the command and what it can do."""

    @app.callback(cls=RunsByDefault, no_args_is_help=True)
    def evaluate() -> None:
        """Measure the assistant on suites of questions, yours or ours.

        [bold]Examples[/bold]

          frontdesk eval evals/golden

          frontdesk eval my-questions.jsonl --config frontdesk.yaml --report report

          frontdesk eval calibrate my-questions.jsonl --config frontdesk.yaml

        `frontdesk eval SUITE` is short for `frontdesk eval run SUITE`. docs/evals.md tells how to write your own questions.
        """

    _register_run(app)
    _register_score(app)
    _register_calibrate(app)


def _register_run(app: typer.Typer) -> None:
    @app.command(DEFAULT)
    def run_suites(
        suites: Annotated[
            list[Path], typer.Argument(metavar="SUITE…", help="Folders with a suite.yaml, or files of questions.")
        ],
        *,
        predictions: Annotated[
            Path | None, typer.Option(metavar="PATH", help="Where predictions go: a .jsonl file, or a folder.")
        ] = None,
        report: Annotated[Path | None, typer.Option(metavar="DIR", help="Write an HTML report there.")] = None,
        config: Annotated[
            Path | None,
            typer.Option("--config", "-c", metavar="FILE", help="Your YAML: its engine, its live knowledge."),
        ] = None,
        tenant: Annotated[str | None, typer.Option(help="Which tenant of the YAML.")] = None,
        embedder: Annotated[
            str | None,
            typer.Option(metavar="static|none|FOLDER", help="Another embedder than the configured one."),
        ] = None,
        gates: Annotated[Path, typer.Option(metavar="FILE", help=GATES_HELP, show_default=False)] = SHIPPED_GATES,
        fresh: Annotated[
            bool, typer.Option("--fresh", help="Predict everything anew instead of going on where a run stopped.")
        ] = False,
    ) -> None:
        """Run suites through the engine, print their figures and hold their gates.

        Every question is a turn with its history; nothing is sent, no model is asked and no tool called.
        Predictions are kept (var/evals): a run that was stopped goes on, unless suite, settings or program changed since.

        Exit code 1 when a gate is missed or a suite cannot be run, 3 when there is nothing to run on.

        [bold]Examples[/bold]

          frontdesk eval ../shared/data/golden_dev ../shared/data/banking77 --report report

          frontdesk eval my-suite --predictions mine.jsonl --embedder none
        """
        from rich.console import Console  # noqa: PLC0415  --help stays quick

        from evals.command import Asked, run  # noqa: PLC0415
        from gateway import logs  # noqa: PLC0415

        logs.configure(level="error")
        asked = Asked(
            suites=suites,
            predictions=predictions,
            report=report,
            config=config,
            tenant=tenant,
            embedder=embedder,
            gates=gates,
            resume=not fresh,
        )
        raise typer.Exit(run(asked, Console(), Console(stderr=True)))


def _register_score(app: typer.Typer) -> None:
    @app.command("score")
    def score_predictions(
        suite: Annotated[Path, typer.Argument(metavar="SUITE", help="The suite they belong to.")],
        predictions: Annotated[Path, typer.Argument(metavar="PREDICTIONS", help="A file of JSON lines.")],
        report: Annotated[Path | None, typer.Option(metavar="DIR", help="Write an HTML report there.")] = None,
        gates: Annotated[Path, typer.Option(metavar="FILE", help=GATES_HELP, show_default=False)] = SHIPPED_GATES,
    ) -> None:
        """Score predictions that something else has made.

        Ids that the suite does not have are counted and named; an item without a prediction counts as wrong.

        [bold]Examples[/bold]

          frontdesk eval score ../shared/data/golden_dev other-bot.jsonl --report other-bot
        """
        from rich.console import Console  # noqa: PLC0415

        from evals.command import Asked, score_file  # noqa: PLC0415

        asked = Asked(suites=(suite,), report=report, gates=gates)
        raise typer.Exit(score_file(suite, predictions, asked, Console(), Console(stderr=True)))


def _register_calibrate(app: typer.Typer) -> None:
    @app.command("calibrate")
    def calibrate_confidence(
        suite: Annotated[
            Path,
            typer.Argument(metavar="QUESTIONS", help="A file of questions with their documents, or a suite's folder."),
        ],
        config: Annotated[
            Path | None, typer.Option("--config", "-c", metavar="FILE", help="Your YAML: its live knowledge.")
        ] = None,
        tenant: Annotated[str | None, typer.Option(help="Which tenant of the YAML.")] = None,
        embedder: Annotated[
            str | None,
            typer.Option(metavar="static|none|FOLDER", help="Another embedder than the configured one."),
        ] = None,
        out: Annotated[Path, typer.Option(metavar="FILE", help="Where the calibration is written.")] = CALIBRATION,
    ) -> None:
        """Fit the confidence to your own questions: what it says then holds for your knowledge base.

        100 to 200 questions with their documents do. They are searched as they are, and once more without the documents that
        answer them. Prints figures before and after (by cross-validation) and what each target of wrong answers costs.

        Exit code 1 when the questions do not do for it.

        [bold]Examples[/bold]

          frontdesk eval calibrate my-questions.jsonl --config frontdesk.yaml --out calibration.json
        """
        from rich.console import Console  # noqa: PLC0415

        from evals.command import Asked, calibrate_on  # noqa: PLC0415
        from gateway import logs  # noqa: PLC0415

        logs.configure(level="error")
        asked = Asked(suites=(suite,), config=config, tenant=tenant, embedder=embedder)
        raise typer.Exit(calibrate_on(suite, out, asked, Console(), Console(stderr=True)))
