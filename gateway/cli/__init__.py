"""The command line.  One command per file, loaded only when it is asked for, so that ``--help`` answers at once."""

from __future__ import annotations

from importlib import import_module
from typing import Any, Final

import typer
from typer.core import TyperGroup
from typer.main import get_command as built

COMMANDS: Final = {
    "serve": "Serve chat, widget and desk until SIGTERM or Ctrl-C.",
    "lab": "Serve with stand-ins of every vendor, and one page to play on.",
    "chat": "Talk to a running server in the terminal.",
    "check": "Check a YAML file: every mistake at once, with its place.",
    "sync": "Bring the knowledge base up to date with its sources.",
    "kb": "Knowledge: status, search, diff, rollback; gaps for review.",
    "doctor": "Examine accounts, models and tools, and what to mend.",
    "why": "Explain an answer: passages, rule, models, tools, guard.",
    "route": "Explain why and where a conversation was handed over.",
    "replay": "Run recorded conversations again and show what differs.",
    "eval": "Measure the answers on questions of your own, and calibrate.",
    "drill": "Rehearse an outage of the models, against stand-ins.",
    "migrate": "Move all conversations from the embedded store to MongoDB.",
    "capacity": "Work out what a load needs: replicas, engines, money.",
    "schema": "Write the JSON Schema of the YAML file, for editors.",
    "version": "Print the version.",
}
"""Name → what the overview says, in the order a newcomer meets them; each lives in ``gateway/cli/<name>.py``."""

ELSEWHERE: Final = {"eval": "evals.cli"}
"""Commands that live in a room above this one: known by name, imported only when they run."""

HELP: Final = """
Frontdesk answers a company's customers from its own knowledge and brings in a person when one is needed.

\b
First steps:
  frontdesk check frontdesk.yaml       is the file right?
  frontdesk sync                       read the knowledge sources
  frontdesk serve                      chat, widget and desk
  frontdesk chat                       ask it something

The file is --config FILE, else $FRONTDESK_CONFIG, else ./frontdesk.yaml. Every command has --help with examples.

\b
Exit codes:
    0  fine
    1  the answer is no: the file has mistakes, a source failed
    2  the command was called in a wrong way
    3  cannot start: port taken, store in use or not writable
  130  interrupted
"""
"""Plain text: loading rich for the overview alone would double the time it takes."""


class LazyGroup(TyperGroup):
    """Knows every command by name; imports the file of the one that runs.

    A file that cannot be imported fails loudly when its command is called, and hides nothing from the overview.
    """

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """The real command in place of its placeholder."""
        name, placeholder, rest = super().resolve_command(ctx, args)
        return name, placeholder if name is None else load(name), rest


def load(name: str) -> Any:
    """Import the file of a command and build it."""
    own = typer.Typer(add_completion=False, rich_markup_mode="rich")
    import_module(ELSEWHERE.get(name, f"gateway.cli.{name}")).register(own)
    command = built(own)
    command.name = name
    return command


def _placeholder() -> None:
    """Stands for a command in the overview; ``LazyGroup`` runs the real one."""


app = typer.Typer(
    name="frontdesk",
    cls=LazyGroup,
    help=HELP,
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["--help", "-h"]},
)
for _name, _help in COMMANDS.items():
    app.command(_name, help=_help)(_placeholder)
