"""One sync of a tenant at a time over all machines: a lease in MongoDB.

Each term is a row whose number is unique; who inserts it has the lease.  While it is held a thread raises the row's ``beat``.  A
claimer compares no clocks: it takes over once it has seen the same beat for the lease time on its own monotonic clock.  Whoever
holds a term begins with a fence in the chain of releases (``new_fence``), so that a sync which was stopped, was taken for dead
and wakes can publish nothing; before that ``check`` tells it so.

A holder that dies leaves a beat that stands still.  One whose insert was answered to nobody is such a holder too.  One that is
stopped between its term and its fence may wake and take the fence of who followed: then both give up and the next sync runs.
"""

from __future__ import annotations

import os
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Final

from pymongo import DESCENDING

from core.errors import StoreUnavailable, SyncRunning
from gateway.store.mongodb.blocking import Row, delete, faults, insert_first, key, nonce
from gateway.store.mongodb.knowledge import MongoKnowledgeStore

LEASE_S: Final = 20.0
"""A sync that does nothing for so long, not even in another thread, is taken for dead."""

BEAT_S: Final = 3.0
LOOK_S: Final = 0.5
KEPT_TERMS: Final = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How long a beat may stand still, how often it is raised, and how often a claimer looks; seconds."""

    lease_s: float = LEASE_S
    beat_s: float = BEAT_S
    look_s: float = LOOK_S


@dataclass(frozen=True, slots=True)
class _Seen:
    """A beat, and since when (monotonic) it is known not to have moved."""

    term: int
    beat: int
    since: float


class MongoLease:
    """core.ports.knowledge_store.SyncLease; keep the object: what it has seen of a holder lets it tell a dead one."""

    def __init__(
        self,
        store: MongoKnowledgeStore,
        tenant: str,
        *,
        pace: Pace = Pace(),
        name: str | None = None,
        monotonic: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._store, self._tenant, self._pace = store, tenant, pace
        self._name = name or f"process {os.getpid()} on {socket.gethostname()}"
        self._monotonic, self._sleep = monotonic, sleep
        self._lock = threading.Lock()
        self._seen: _Seen | None = None
        self._term: int | None = None
        self._fence: int | None = None

    @property
    def fence(self) -> int | None:
        """The step of the chain of releases that this holder began with."""
        return self._fence

    @contextmanager
    def hold(self) -> Iterator[None]:
        """Hold it, after waiting for as long as it takes to tell whether a former holder is alive."""
        with faults():
            term = self._taken()
        ended = threading.Event()
        beating = threading.Thread(target=self._beat, args=(term, ended), name=f"lease-{self._tenant}", daemon=True)
        beating.start()
        try:
            self._term, self._fence = term, self._store.new_fence(self._tenant)
            yield
        finally:
            ended.set()
            beating.join()
            self._term = self._fence = None
            with suppress(StoreUnavailable):
                self._set(term, is_released=True)

    def _taken(self) -> int:
        newest = self._newest()
        while newest is not None and not newest["is_released"] and not self._is_dead(newest):
            self._sleep(self._pace.look_s)
            later = self._newest()
            if later is not None and not later["is_released"] and _has_moved(newest, later):
                raise _running(later)
            newest = later
        term = newest["term"] + 1 if newest is not None else 1
        row: Row = {
            "_id": self._id(term),
            "tenant": self._tenant,
            "term": term,
            "holder": self._name,
            "beat": 0,
            "is_released": False,
            "nonce": nonce(),
        }
        is_ours = insert_first(self._store.rows("leases"), row)
        newest = self._newest()
        if newest is None or not is_ours or newest["term"] != term:
            raise _running(newest)
        delete(self._store.rows("leases"), [self._id(term - KEPT_TERMS)])
        return term

    def _is_dead(self, row: Row) -> bool:
        """Whether its beat has stood still for the lease time, as far as this object has looked."""
        now = self._monotonic()
        with self._lock:
            seen = self._seen
            if seen is None or (seen.term, seen.beat) != (row["term"], row["beat"]):
                seen = self._seen = _Seen(row["term"], row["beat"], now)
        return now - seen.since >= self._pace.lease_s

    def _beat(self, term: int, ended: threading.Event) -> None:
        """A beat that does not arrive is followed by the next."""
        beat = 0
        while not ended.wait(self._pace.beat_s):
            beat += 1
            with suppress(StoreUnavailable):
                self._set(term, beat=beat)

    def _set(self, term: int, **values: object) -> None:
        """Only its holder writes to a term."""
        with faults():
            self._store.rows("leases").update_one({"_id": self._id(term)}, {"$set": values})

    def check(self) -> None:
        """``SyncRunning`` when somebody has taken over since."""
        if self._term is None:
            return
        with faults():
            newest = self._newest()
        if newest is None or newest["term"] != self._term:
            raise _running(newest)

    def is_held(self) -> bool:
        """Whether somebody holds it; one who died counts until this object has seen its beat stand still."""
        with faults():
            newest = self._newest()
        return newest is not None and not newest["is_released"] and not self._is_dead(newest)

    def _newest(self) -> Row | None:
        return self._store.rows("leases").find_one({"tenant": self._tenant}, sort=[("term", DESCENDING)])

    def _id(self, term: int) -> str:
        return key(self._tenant, str(term))


def _has_moved(before: Row, now: Row) -> bool:
    return (before["term"], before["beat"]) != (now["term"], now["beat"])


def _running(row: Row | None) -> SyncRunning:
    holder = "unknown" if row is None else row["holder"]
    return SyncRunning(f"another sync of this knowledge is running ({holder})")
