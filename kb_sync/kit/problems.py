"""What went wrong on the wire, said as the sync wants to hear it: one item is passed over, or the source is not there today.

The only place that turns ``WebError`` into ``core.errors``; a source wraps its listing in ``listing()`` and each load in
``one_item()``.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from core.errors import DocumentRejected, SourceUnavailable
from kb_sync.kit.web_errors import Refused, WebError

LOCKED_OUT = (401, 403)


@contextmanager
def listing() -> Iterator[None]:
    """Whatever happens while listing means that the source cannot be listed: ``SourceUnavailable``."""
    try:
        yield
    except WebError as error:
        raise SourceUnavailable(said(error)) from error


@contextmanager
def one_item() -> Iterator[None]:
    """What happens to one item is ``DocumentRejected``; ``SourceUnavailable`` when its whole host is gone."""
    try:
        yield
    except WebError as error:
        problem = SourceUnavailable if error.is_outage else DocumentRejected
        raise problem(said(error)) from error


def said(error: WebError) -> str:
    """The error in plain words, with what to do about it where that is known."""
    if isinstance(error, Refused) and error.status in LOCKED_OUT:
        return f"{error}; check the credentials in its settings and what they may read"
    return str(error)
