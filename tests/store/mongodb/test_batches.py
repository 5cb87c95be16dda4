"""Inserts that join: how many go together, and that no caller feels another's fate."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest
from bson import encode
from bson.raw_bson import RawBSONDocument

from core.errors import StoreUnavailable
from gateway.store.documents import AnswerLost
from gateway.store.mongodb.batches import BATCH_BYTES, BATCH_DOCUMENTS, Batches, Codes

DUPLICATE = 11_000


class Server:
    """Notes each batch and answers when told; refuses documents that say so, fails as a whole when it should."""

    def __init__(self) -> None:
        self.batches: list[list[str]] = []
        self.asked = asyncio.Event()
        self.gate = asyncio.Event()
        self.gate.set()
        self.failure: Exception | None = None

    async def __call__(self, collection: str, documents: Sequence[RawBSONDocument]) -> Codes:
        self.batches.append([str(document["_id"]) for document in documents])
        self.asked.set()
        await self.gate.wait()
        if self.failure is not None:
            raise self.failure
        return {at: document["refused"] for at, document in enumerate(documents) if document["refused"]}


def some(*names: str, refused: int = 0, body: bytes = b"") -> list[RawBSONDocument]:
    return [RawBSONDocument(encode({"_id": name, "refused": refused, "body": body})) for name in names]


@pytest.fixture
def server() -> Server:
    return Server()


@pytest.fixture
def batches(server: Server) -> Batches:
    return Batches(server)


async def test_inserts_of_one_tick_go_together_and_each_hears_its_own(server: Server, batches: Batches) -> None:
    first, second, third, other = await asyncio.gather(
        batches.insert("events", some("a", "b")),
        batches.insert("events", [*some("c"), *some("d", refused=DUPLICATE)]),
        batches.insert("events", some("e", refused=7)),
        batches.insert("turns", some("f")),
    )
    assert (first, second, third, other) == ({}, {1: DUPLICATE}, {0: 7}, {})
    assert server.batches == [["a", "b", "c", "d", "e"], ["f"]]


async def test_inserts_join_while_one_is_under_way(server: Server, batches: Batches) -> None:
    server.gate.clear()
    first = asyncio.create_task(batches.insert("events", some("a")))
    await server.asked.wait()
    others = [asyncio.create_task(batches.insert("events", some(name))) for name in "bcd"]
    await asyncio.sleep(0)
    server.gate.set()
    await asyncio.gather(first, *others)
    assert server.batches == [["a"], ["b", "c", "d"]]


@pytest.mark.parametrize(
    ("count", "body", "sizes"),
    [(BATCH_DOCUMENTS + 2, b"", [BATCH_DOCUMENTS, 2]), (5, b"x" * (BATCH_BYTES // 4), [3, 2])],
)
async def test_a_batch_is_bounded(server: Server, batches: Batches, count: int, body: bytes, sizes: list[int]) -> None:
    await asyncio.gather(*(batches.insert("events", some(str(n), body=body)) for n in range(count)))
    assert list(map(len, server.batches)) == sizes


async def test_a_call_larger_than_a_batch_goes_alone(server: Server, batches: Batches) -> None:
    large = some(*map(str, range(BATCH_DOCUMENTS + 5)))
    await asyncio.gather(*(batches.insert("events", documents) for documents in (some("before"), large, some("after"))))
    assert list(map(len, server.batches)) == [1, BATCH_DOCUMENTS + 5, 1]


@pytest.mark.parametrize("failure", [StoreUnavailable("gone"), AnswerLost("lost"), ZeroDivisionError()])
async def test_a_batch_that_fails_fails_for_each_and_the_next_one_goes(
    server: Server, batches: Batches, failure: Exception
) -> None:
    server.failure = failure
    failed = await asyncio.gather(*(batches.insert("events", some(name)) for name in "ab"), return_exceptions=True)
    assert [type(error) for error in failed] == [type(failure)] * 2
    server.failure = None
    assert await batches.insert("events", some("c")) == {}


async def test_a_caller_that_goes_away_harms_nobody(server: Server, batches: Batches) -> None:
    """One whose documents are under way leaves them to their fate; one that still waits takes them along."""
    server.gate.clear()
    sent = asyncio.create_task(batches.insert("events", some("sent")))
    along = asyncio.create_task(batches.insert("events", some("along", refused=DUPLICATE)))
    await server.asked.wait()
    waiting = asyncio.create_task(batches.insert("events", some("waiting")))
    stays = asyncio.create_task(batches.insert("events", some("stays")))
    await asyncio.sleep(0)
    for gone in (sent, waiting):
        gone.cancel()
    await asyncio.gather(sent, waiting, return_exceptions=True)
    server.gate.set()
    assert await along == {0: DUPLICATE}
    assert await stays == {}
    assert server.batches == [["sent", "along"], ["stays"]]


async def test_stop_waits_for_what_is_under_way_and_waiting(server: Server, batches: Batches) -> None:
    await batches.stop()
    server.gate.clear()
    tasks = [asyncio.create_task(batches.insert("events", some(name))) for name in "ab"]
    await server.asked.wait()
    stopping = asyncio.create_task(batches.stop())
    await asyncio.sleep(0)
    assert not stopping.done()
    server.gate.set()
    await stopping
    assert await asyncio.gather(*tasks) == [{}, {}]
