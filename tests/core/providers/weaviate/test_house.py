"""The index on Weaviate where the house uses it: a sync that builds and extends, and turns that are answered from it or not."""

from __future__ import annotations

import secrets
import signal
from collections.abc import Mapping, Sequence
from pathlib import Path

from core.domain import HandoffReason
from core.ports.knowledge import KnowledgeIndex, SearchQuery, SearchResult
from core.providers.embedders.static import StaticEmbedder
from core.providers.weaviate import WeaviateEngine, WeaviateServer, collections
from core.settings import EngineSettings
from core.turn import TurnEngine
from kb_sync.pipeline import sync
from tests.core import world
from tests.kb_sync.test_pipeline import found
from tests.kb_sync.world import MemoryPlace, job
from tests.services.server import Server


class Knowledge:
    """The Knowledge port over an open index."""

    def __init__(self, index: KnowledgeIndex) -> None:
        self._index = index

    async def search(self, query: SearchQuery) -> SearchResult:
        return world.ranked(self._index, query)

    async def chunks(self, ids: Sequence[str]) -> Mapping[str, str]:
        return self._index.chunks(ids)


def test_a_sync_publishes_and_the_next_extends(keyed: WeaviateServer, tmp_path: Path) -> None:
    tenant = f"t{secrets.token_hex(6)}"
    place, engine = MemoryPlace(), WeaviateEngine(keyed, tenant, StaticEmbedder(), whole_below=0, pauses=())
    for number in range(12):
        place.put(f"page{number}", title=f"Page {number}", text=f"Padding of page {number}.")
    place.put("returns", title="Returns", text="Send parcels back within thirty days.")
    here = job(tmp_path, place.source(tenant=tenant), engine=engine, tenant=tenant)
    first = sync(here).generation
    assert first is not None and found(here, "thirty days")[0] == "returns"
    place.put("returns", title="Returns", text="Send parcels back within sixty days.")
    later = job(tmp_path, place.source(tenant=tenant), engine=engine, tenant=tenant)
    second = sync(later).generation
    assert second not in (None, first) and found(later, "sixty days")[0] == "returns"
    place.remove("returns")
    last = job(tmp_path, place.source(tenant=tenant), engine=engine, tenant=tenant)
    assert sync(last).generation is not None and "returns" not in found(last, "send parcels back")
    assert len(collections.of_tenant(keyed, tenant)) == 3


async def test_turns_are_answered_from_it_and_by_people_while_it_hangs(
    process: Server, keyed: WeaviateServer, tmp_path: Path
) -> None:
    engine = WeaviateEngine(keyed, "acme", StaticEmbedder(), pauses=())
    engine.build(tmp_path / "g1", "g1", world.articles())
    turns = TurnEngine(EngineSettings(), Knowledge(engine.open(tmp_path / "g1", "g1")), clock=lambda: world.T0)
    question = "How long do I have to return goods?"
    before = await world.ask(turns, question)
    assert before.reply is not None and before.reply.citations and before.handoff is None
    process.send(signal.SIGSTOP)
    try:
        meanwhile = await world.ask(turns, question)
    finally:
        process.send(signal.SIGCONT)
    assert meanwhile.handoff is not None and meanwhile.handoff.reason is HandoffReason.OUTAGE
    assert meanwhile.reply is not None and "can't look things up" in meanwhile.reply.text
    after = await world.ask(turns, question)
    assert after.reply is not None and after.reply.text == before.reply.text
