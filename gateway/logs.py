"""Structured logs: ids and facts, never bodies, never secrets."""

from __future__ import annotations

import logging
import sys
import traceback
from pathlib import Path
from typing import Any

import structlog
from structlog.typing import EventDict, WrappedLogger

from core.errors import FrontdeskError
from gateway import walking

FORBIDDEN = frozenset(("text", "body", "token", "password", "secret", "authorization", "jwt", "payload", "email"))


def drop_forbidden(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Last line of defence: a field that could hold customer text or a secret is not written."""
    for key in FORBIDDEN & event.keys():
        event[key] = "[left out]"
    return event


def safe_exception(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Exceptions as type and frames; the message only where we wrote it, since others may quote customer text."""
    if not event.pop("exc_info", None):
        return event
    kind, error, trace = sys.exc_info()
    if kind is None:
        return event
    event["error"] = kind.__name__
    if isinstance(error, FrontdeskError):
        event["reason"] = error.safe_message
    event["frames"] = [f"{Path(f.filename).name}:{f.lineno} {f.name}" for f in traceback.extract_tb(trace)[-8:]]
    return event


class _Stderr:
    """Standard error as it is when something is written: loggers are kept, and who captures it may be gone by then."""

    def write(self, text: str) -> int:
        return sys.stderr.write(text)

    def flush(self) -> None:
        sys.stderr.flush()


def configure(*, level: str = "info", form: str = "auto", is_final: bool = False) -> None:
    """Readable lines on a terminal, one JSON object a line otherwise; ``form`` auto, console or json.

    ``is_final``: nothing in this process configures logs anew, and every logger is made once.
    """
    is_console = form == "console" or (form == "auto" and sys.stderr.isatty())
    renderer: Any = structlog.dev.ConsoleRenderer() if is_console else structlog.processors.JSONRenderer()
    chain: list[Any] = [
        structlog.contextvars.merge_contextvars,
        walking.named,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        drop_forbidden,
        safe_exception,
    ]
    structlog.configure(
        processors=[*chain, renderer],
        wrapper_class=structlog.make_filtering_bound_logger(getattr(logging, level.upper())),
        logger_factory=structlog.PrintLoggerFactory(_Stderr()),  # type: ignore[arg-type]  # as much of a file as it uses
        cache_logger_on_first_use=is_final,
    )
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr, format="%(levelname)s %(name)s %(message)s")
