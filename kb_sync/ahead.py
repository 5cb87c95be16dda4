"""Items of a listing, loaded in a few threads, a bounded number ahead, in the listing's order."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager

from core.errors import DocumentRejected, FrontdeskError, SourceUnavailable
from core.ports.knowledge import Loaded, SourceDocument, SourceProblem

AHEAD = 2
"""Items in hand for each thread; with the batches that are stored it bounds the memory of a sync."""

Known = Callable[[SourceDocument], str | None]
"""The version known of an item ("" none), or None: it is as it was and need not be loaded."""


def load_all(
    items: Iterable[SourceDocument], known: Known, parallel: int
) -> Iterator[tuple[SourceDocument, Loaded | None]]:
    """Every item with what it held, None for one that was not loaded.

    ``SourceUnavailable``, of the listing or of an item, comes after the items in hand.  Whatever else goes wrong with an item
    is a problem of that item.
    """
    waiting: deque[tuple[SourceDocument, Future[Loaded] | None]] = deque()
    pool = ThreadPoolExecutor(max(1, parallel), thread_name_prefix="kb-load")
    lost: SourceUnavailable | None = None
    try:
        try:
            for item in _listed(items):
                version = known(item)
                waiting.append((item, None if version is None else pool.submit(_load, item, version)))
                if len(waiting) > AHEAD * parallel:
                    yield _done(waiting.popleft())
        except SourceUnavailable as error:
            lost = error
        while waiting:
            yield _done(waiting.popleft())
    finally:
        pool.shutdown(cancel_futures=True)
    if lost is not None:
        raise lost


@contextmanager
def listing_faults() -> Iterator[None]:
    """Whatever a source raises while it lists is ``SourceUnavailable``: the other sources must go on."""
    try:
        yield
    except SourceUnavailable:
        raise
    except FrontdeskError as error:
        raise SourceUnavailable(error.safe_message) from error
    except Exception as error:  # a vendor's answer may be anything
        raise SourceUnavailable(f"it cannot be listed ({type(error).__name__})") from error


def _listed(items: Iterable[SourceDocument]) -> Iterator[SourceDocument]:
    """The items, one at a time: what is done with one in between is no fault of the listing."""
    with listing_faults():
        told = iter(items)
    while True:
        with listing_faults():
            item = next(told, None)
        if item is None:
            return
        yield item


def _done(waiting: tuple[SourceDocument, Future[Loaded] | None]) -> tuple[SourceDocument, Loaded | None]:
    item, future = waiting
    return item, None if future is None else future.result()


def _load(item: SourceDocument, known: str) -> Loaded:
    try:
        return item.load(known)
    except SourceUnavailable:
        raise
    except DocumentRejected as error:
        problem = error.safe_message
    except RecursionError:
        problem = "it is nested too deeply"
    except Exception as error:  # a parser may raise anything on a broken file, and the other files must go on
        problem = f"it cannot be read ({type(error).__name__})"
    return Loaded(documents=(), problems=(SourceProblem(external_id=item.external_id, problem=problem),))
