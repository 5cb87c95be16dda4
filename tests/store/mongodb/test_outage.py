"""The server dies in the middle of it and comes back."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Iterator
from itertools import count

import pytest

from core.domain import DeliveryState
from core.errors import StoreUnavailable
from gateway.store.documents import AnswerLost
from gateway.store.ledger import DocumentStore
from gateway.store.ledger_io import TRIES
from gateway.store.mongodb import mongo_documents
from gateway.store.mongodb.client import ANSWER_S, REACH_S
from tests.contracts.documents_contract import C, row
from tests.contracts.words import CHANNEL, CONV, TENANT, Clock, Numbers, commit_turn, message, open_turn, replying
from tests.services import servers
from tests.services.fixtures import made
from tests.services.server import Server, forget

WRITERS = 8
DEADLINES_S = TRIES * (3 * REACH_S + ANSWER_S)
"""To find a server, wait for a connection, make it and hear the answer, as often as an answer is asked for."""


@pytest.fixture
def server() -> Iterator[Server]:
    found = made(servers.mongodb)
    try:
        found.start()
        yield found
    finally:
        forget(found)


async def test_what_was_acknowledged_outlives_a_server_that_is_killed_under_load(server: Server) -> None:
    """Writers go on through the outage; each knows what was acknowledged, and all of that is there afterwards."""
    documents = mongo_documents(servers.mongodb_address(server) + "t")
    tenant = DocumentStore(documents, clock=Clock(), new_id=Numbers()).for_tenant(TENANT)
    acknowledged: set[str] = set()
    stored, failed = asyncio.Semaphore(0), asyncio.Semaphore(0)
    is_back = False

    async def write(writer: int) -> None:
        """Until it could write after the outage."""
        for n in count():
            knew, event = is_back, message(f"{writer}-{n}", second=n)
            try:
                async with asyncio.timeout(DEADLINES_S):
                    await tenant.accept([event])
            except StoreUnavailable:
                failed.release()
            else:
                acknowledged.add(event.id)
                stored.release()
                if knew:
                    return

    writers = [asyncio.create_task(write(n)) for n in range(WRITERS)]
    for _ in range(3 * WRITERS):
        await stored.acquire()
    await asyncio.to_thread(server.kill)
    for _ in range(WRITERS):
        await failed.acquire()
    await asyncio.to_thread(server.start)
    is_back = True
    await asyncio.gather(*writers)
    assert acknowledged <= {event.id for event in await tenant.unread(CONV)}
    await documents.stop()


async def test_a_conversation_goes_on_after_the_server_died_between_its_stages(server: Server) -> None:
    documents = mongo_documents(servers.mongodb_address(server) + "t")
    tenant = DocumentStore(documents, clock=Clock(), new_id=Numbers()).for_tenant(TENANT)

    async def again() -> None:
        await asyncio.to_thread(server.kill)
        await asyncio.to_thread(server.start)

    await tenant.accept([message("a")])
    await again()
    assert await tenant.accept([message("a")]) == (False,)
    turn = await open_turn(tenant)
    await again()
    assert (await commit_turn(tenant, turn, replying())).commit is not None
    await again()
    claimed = await tenant.next_delivery(CONV, CHANNEL, "w1")
    assert claimed is not None
    await again()
    await tenant.settle(claimed, DeliveryState.SENT, vendor_ref="r")
    assert await tenant.next_delivery(CONV, CHANNEL, "w1") is None
    await documents.stop()


async def test_a_server_that_hangs_leaves_it_open_what_it_did(server: Server) -> None:
    """It was asked and did not answer in time; when it wakes it carries the insert out, and the sender's retry finds it."""
    documents = mongo_documents(servers.mongodb_address(server) + "t", answer_s=0.3)
    await documents.insert_many("things", [row("a")])
    server.send(signal.SIGSTOP)
    with pytest.raises(AnswerLost):
        await documents.insert_many("things", [row("b")])
    server.send(signal.SIGCONT)
    await documents.insert_many("things", [row("b")])
    assert len(await documents.find("things", C)) == 2
    await documents.stop()
