"""Generations in MongoDB, and which of them is live.

What is live is a chain: each step is a row with the next number and says how every generation stands from then on.  Its insert is
the fence: of two that want the same number one fails, and a sync takes a number when it begins (``new_fence``), so that one that
was stopped, lost its lease and wakes finds the next number taken and publishes nothing.  Only the newest step counts, so older
ones are removed.  What became of a build (``MARKS``) is a row of its own, inserted once: two who mark the same lose nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final

import msgspec
from bson import Binary

from core.errors import StoreError, SyncRunning
from core.ports.knowledge import Generation
from gateway.store.knowledge import HIDDEN
from gateway.store.mongodb.blocking import Row, delete, faults, insert_first, insert_missing, key, nonce, upsert
from gateway.store.mongodb.knowledge_runs import KnowledgeRuns

KEPT_STEPS: Final = 10
"""The newest counts, but a reader may be at it while the next one is written."""

OVERTAKEN: Final = (
    "another sync of this knowledge took over meanwhile: nothing was published, and the next sync makes it good"
)
RECORD: Final = ""
STEP: Final = "step"
MARKS: Final = ("hidden", "refused", "failed")
"""Later ones outdo earlier ones, and whatever was live is neither refused nor failed."""


class Standing(msgspec.Struct, frozen=True, array_like=True):
    """How a generation stands that is live or was."""

    state: str
    documents: int
    chunks: int
    live_at: datetime


Chain = dict[str, Standing]
"""generation → how it stands."""


@dataclass(slots=True)
class Known:
    """All that stands of a tenant's generations; ``number`` is that of the newest step, 0 without one."""

    records: dict[str, Generation] = field(default_factory=dict)
    marks: dict[tuple[str, str], Row] = field(default_factory=dict)
    chain: Chain = field(default_factory=dict)
    number: int = 0

    def take(self, row: Row) -> None:
        """One stored row."""
        if row["kind"] == RECORD:
            self.records[row["generation"]] = msgspec.msgpack.decode(row["body"], type=Generation)
        elif row["kind"] != STEP:
            self.marks[row["generation"], row["kind"]] = row
        elif row["number"] > self.number:
            self.number, self.chain = row["number"], msgspec.msgpack.decode(row["body"], type=Chain)

    def generation(self, name: str) -> Generation:
        """A recorded generation as it stands."""
        found = self.records[name]
        for mark in MARKS:
            if (row := self.marks.get((name, mark))) is None:
                continue
            if mark == "hidden":
                found = replace(found, signature=found.signature + HIDDEN)
            else:
                found = replace(found, state=mark, documents=row["documents"], chunks=row["chunks"])
        if (stands := self.chain.get(name)) is not None:
            found = replace(found, **msgspec.structs.asdict(stands))
        return found


class KnowledgeReleases(KnowledgeRuns):
    """That part of core.ports.knowledge_store.KnowledgeStore which keeps generations."""

    def new_generation(self, generation: Generation) -> None:
        """Record a generation that is being built."""
        row = _row(generation.tenant, generation.id, RECORD, body=Binary(msgspec.msgpack.encode(generation)))
        with faults():
            upsert(self.rows("generations"), [row])

    def set_live(
        self,
        tenant: str,
        generation: str,
        *,
        documents: int,
        chunks: int,
        at: datetime,
        former: str = "retired",
        fence: int | None = None,
    ) -> None:
        """The next step of the chain; ``SyncRunning``, and nothing went live, when another one took that place."""
        with faults():
            known = self._known(tenant)
            if generation not in known.records:
                raise StoreError(f"generation {generation} is not recorded")
            if fence is not None and known.number != fence:
                raise SyncRunning(OVERTAKEN)
            chain = {name: stands for name, stands in known.chain.items() if name in known.records}
            for name, stands in chain.items():
                if stands.state == "live":
                    chain[name] = msgspec.structs.replace(stands, state=former)
            chain[generation] = Standing("live", documents, chunks, at)
            if not self._step(tenant, known.number + 1, chain) and not self._is_live(tenant, generation):
                raise SyncRunning(OVERTAKEN)

    def _is_live(self, tenant: str, generation: str) -> bool:
        """Whether it is all the same: who took the next number meanwhile may have taken it over."""
        live = self.live(tenant)
        return live is not None and live.id == generation

    def new_fence(self, tenant: str) -> int:
        """Take the next step of the chain, which changes nothing: ``set_live`` of whoever read it before fails from now on."""
        with faults():
            while True:
                known = self._known(tenant)
                if self._step(tenant, known.number + 1, known.chain):
                    return known.number + 1

    def _step(self, tenant: str, number: int, chain: Chain) -> bool:
        """Insert a step; False when it is not the newest: its number is taken, or was so long ago that the row is removed."""
        row: Row = {
            "_id": key(tenant, STEP, str(number)),
            "tenant": tenant,
            "generation": "",
            "kind": STEP,
            "number": number,
            "nonce": nonce(),
            "body": Binary(msgspec.msgpack.encode(chain)),
        }
        steps = self.rows("generations")
        if not insert_first(steps, row):
            return False
        newer = {"tenant": tenant, "kind": STEP, "number": {"$gt": number}}
        if steps.find_one(newer, {"_id": 1}) is not None:
            return False
        old = steps.find({"tenant": tenant, "kind": STEP, "number": {"$lte": number - KEPT_STEPS}}, {"_id": 1})
        delete(steps, [each["_id"] for each in old])
        return True

    def set_failed(self, tenant: str, generation: str) -> None:
        """A build that did not finish."""
        self._mark(tenant, generation, "failed")

    def set_refused(self, tenant: str, generation: str, *, documents: int, chunks: int) -> None:
        """A complete build that did not pass the gate."""
        self._mark(tenant, generation, "refused", documents=documents, chunks=chunks)

    def set_hidden(self, tenant: str, generation: str) -> None:
        """Some of its documents are hidden."""
        self._mark(tenant, generation, "hidden")

    def _mark(self, tenant: str, generation: str, mark: str, *, documents: int = 0, chunks: int = 0) -> None:
        row = _row(tenant, generation, mark, documents=documents, chunks=chunks)
        with faults():
            insert_missing(self.rows("generations"), [row])

    def live(self, tenant: str) -> Generation | None:
        """The live generation."""
        return next((each for each in self.generations(tenant) if each.state == "live"), None)

    def generations(self, tenant: str) -> tuple[Generation, ...]:
        """All known generations, newest first."""
        with faults():
            known = self._known(tenant)
        found = (known.generation(name) for name in known.records)
        return tuple(sorted(found, key=lambda each: (each.created_at, each.id), reverse=True))

    def _known(self, tenant: str) -> Known:
        known = Known()
        for row in self.rows("generations").find({"tenant": tenant}):
            known.take(row)
        return known

    def forget_generation(self, tenant: str, generation: str) -> None:
        """Drop a record, and then what was marked of it."""
        with faults():
            for kind in (RECORD, *MARKS):
                delete(self.rows("generations"), [key(tenant, kind, generation)])


def _row(tenant: str, generation: str, kind: str, **more: object) -> Row:
    return {"_id": key(tenant, kind, generation), "tenant": tenant, "generation": generation, "kind": kind, **more}
