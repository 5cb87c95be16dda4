"""What a command raises → the exit code that ``frontdesk --help`` promises."""

from __future__ import annotations

import errno

import pytest
import typer
from typer.core import TyperGroup

from core.errors import ConfigError, SourceUnavailable, StoreLocked, StoreUnavailable
from gateway.__main__ import exit_code

RAISED = [
    (typer.Exit(0), 0, ""),
    (typer.Exit(1), 1, ""),
    (ConfigError("a.yaml:1:1: no"), 1, "a.yaml:1:1: no\n"),
    (SourceUnavailable("the folder is gone"), 1, "the folder is gone\n"),
    (StoreLocked("another serve runs here"), 3, "cannot start: another serve runs here\n"),
    (StoreUnavailable("the disk is full"), 3, "cannot start: the disk is full\n"),
    (OSError(errno.EADDRINUSE, "Address already in use"), 3, "cannot start: Address already in use\n"),
    (PermissionError(errno.EACCES, "Permission denied", "var"), 3, "cannot start: Permission denied (var)\n"),
    (KeyboardInterrupt(), 130, ""),
]


def raising(error: BaseException) -> typer.Typer:
    app = typer.Typer(cls=TyperGroup, pretty_exceptions_enable=False)

    @app.command()
    def fail() -> None:
        raise error

    @app.command()
    def other() -> None:
        raise AssertionError

    return app


@pytest.mark.parametrize(("error", "code", "said"), RAISED, ids=lambda value: getattr(type(value), "__name__", ""))
def test_errors_become_exit_codes(
    error: BaseException, code: int, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert exit_code(raising(error), ["fail"]) == code
    assert capsys.readouterr().err.strip() == said.strip()


def test_a_bug_stays_a_traceback() -> None:
    with pytest.raises(ZeroDivisionError):
        exit_code(raising(ZeroDivisionError()), ["fail"])
    with pytest.raises(OSError, match="odd"):
        exit_code(raising(OSError(errno.EDOM, "odd")), ["fail"])
