"""``frontdesk`` and ``python -m gateway``: run the command line and turn errors into exit codes."""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Sequence

import typer

from core.errors import ConfigError, FrontdeskError, StoreError
from gateway.cli import app
from gateway.cli.options import EXIT_CANNOT_START, EXIT_INTERRUPTED, EXIT_NO

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
"""Before numpy is loaded: our matrices are small, and threads of the linear algebra would only wait for one another."""

os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")
"""Before pydantic is used: it would look through everything that is installed for plugins, and we have none."""

CANNOT_LISTEN = frozenset((errno.EADDRINUSE, errno.EADDRNOTAVAIL, errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOSPC))
"""Why a start fails for reasons outside the program: ports and disks."""


def run(args: Sequence[str]) -> int:
    """Run one command of Frontdesk; returns the exit code documented in ``frontdesk --help``."""
    return exit_code(app, args)


def exit_code(commands: typer.Typer, args: Sequence[str]) -> int:
    """Run a command line; errors made on purpose end as one line and a code, bugs as a traceback."""
    try:
        commands(args=list(args), prog_name="frontdesk")
    except SystemExit as error:
        return error.code if isinstance(error.code, int) else EXIT_NO if error.code else 0
    except KeyboardInterrupt:
        return EXIT_INTERRUPTED
    except ConfigError as error:
        return _say(error.safe_message, EXIT_NO)
    except StoreError as error:
        return _say(f"cannot start: {error.safe_message}", EXIT_CANNOT_START)
    except FrontdeskError as error:
        return _say(error.safe_message, EXIT_NO)
    except OSError as error:
        if error.errno not in CANNOT_LISTEN:
            raise
        where = f" ({error.filename})" if error.filename else ""
        return _say(f"cannot start: {error.strerror or os.strerror(error.errno)}{where}", EXIT_CANNOT_START)
    return 0


def _say(text: str, code: int) -> int:
    sys.stderr.write(text + "\n")
    return code


def main() -> None:
    """Entry point of the installed command."""
    sys.exit(run(sys.argv[1:]))


if __name__ == "__main__":
    main()
