"""A vendor's call over a real socket: what is gone is out of the answers before the call is acknowledged."""

from __future__ import annotations

from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web
from prometheus_client import REGISTRY

from core.errors import SourceUnavailable
from core.ports.knowledge import Document, SearchQuery
from gateway import webhooks
from gateway.http.public import public_app
from gateway.knowledge import LiveKnowledge
from gateway.source_calls import TRIES, Pauses, SourceCalls
from kb_sync.hearing import reread
from kb_sync.lease import FileLease
from kb_sync.pipeline import LOCK, SyncJob, build, sync
from kb_sync.sources.zendesk_guide.source import ZendeskGuideSource
from tests.kb_sync.guide_place import STAFF, GuidePlace
from tests.kb_sync.serving import Serving
from tests.kb_sync.world import MemoryPlace, job
from tests.web.world import serving as serving_web

QUICK = Pauses(burst_s=0, again_s=0.01, between_syncs_s=0)
TEXTS = {
    "returns": "Goods can be returned within thirty days.",
    "roses": "Roses are planted in autumn.",
    "pump": "Pump error E-4711 means that the tank is dry.",
}


@dataclass
class House:
    """A help centre, what was synced from it, and the listener that its webhook calls."""

    place: GuidePlace
    made: SyncJob
    live: LiveKnowledge
    calls: SourceCalls
    url: str
    http: aiohttp.ClientSession
    ordered: list[tuple[str, str]]

    async def call(self, name: str, article: str, *, path: str = "/webhooks/kb/acme/help") -> int:
        """The webhook of an event; the status it was answered with."""
        return await self.post(*self.place.lab.event(name, self.place.articles[article].id), path=path)

    async def post(self, body: bytes, headers: dict[str, str], *, path: str = "/webhooks/kb/acme/help") -> int:
        async with self.http.post(self.url + path, data=body, headers=headers) as answer:
            await answer.read()
            return answer.status

    async def found(self, text: str) -> list[str]:
        """Titles of what the words are found in."""
        result = await self.live.search(SearchQuery(text=text, language="en"))
        return [passage.chunk.title for passage in result.passages]

    def stored(self) -> dict[str, Document]:
        return {document.title: document for document in self.made.store.documents("acme")}

    @property
    def source(self) -> ZendeskGuideSource:
        source = self.made.sources[0]
        assert isinstance(source, ZendeskGuideSource)
        return source


@asynccontextmanager
async def house(place: GuidePlace, folder: Path) -> AsyncIterator[House]:
    for name, text in TEXTS.items():
        place.put(name, title=name.title(), text=text)
    made = job(folder, place.source(), MemoryPlace().source(id="shelf"))
    sync(made)
    pool = ThreadPoolExecutor(2)
    live = LiveKnowledge(
        "acme", store=made.store, engine=made.engine, root=made.root, pool=pool, sources=(), rebuild=lambda: build(made),
        search_limit_s=30,
    )  # fmt: skip
    await live.refresh()
    async with serving_web(folder) as web_world, aiohttp.ClientSession() as http:
        web_world.current.services = replace(web_world.current.services, clock=place.clock)
        ordered: list[tuple[str, str]] = []

        def order(tenant: str, source: str) -> bool:
            ordered.append((tenant, source))
            return True

        calls = SourceCalls(jobs=lambda: {"acme": made}, order=order, pauses=QUICK)
        app = public_app(web_world.current, more_routes=(*webhooks.routes(), *calls.routes()))
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        host, port = runner.addresses[0][:2]
        try:
            yield House(place, made, live, calls, f"http://{host}:{port}", http, ordered)
        finally:
            await calls.stop()
            await runner.cleanup()
            live.close()
            pool.shutdown()


@pytest.fixture
async def larkspur(serving: Serving, tmp_path: Path) -> AsyncIterator[House]:
    place = GuidePlace(serving, tmp_path / "guide")
    async with house(place, tmp_path) as made:
        yield made
    place.close()


async def test_what_is_unpublished_is_absent_when_the_call_is_answered(larkspur: House) -> None:
    assert await larkspur.found("When are roses planted?") == ["Roses"]
    larkspur.place.remove("roses")
    assert await larkspur.call("unpublished", "roses") == 200
    assert await larkspur.found("When are roses planted?") == []
    assert set(larkspur.stored()) == {"Returns", "Pump"}
    assert await larkspur.found("What is pump error E-4711?") == ["Pump"]


async def test_answers_kept_from_it_stand_no_more(larkspur: House) -> None:
    result = await larkspur.live.search(SearchQuery(text="When are roses planted?", language="en"))
    (chunk,) = [passage.chunk.id for passage in result.passages]
    larkspur.place.remove("roses")
    await larkspur.call("unpublished", "roses")
    assert await larkspur.live.chunks([chunk]) == {}


async def test_a_restart_does_not_bring_it_back(larkspur: House) -> None:
    larkspur.place.remove("roses")
    await larkspur.call("unpublished", "roses")
    live = larkspur.made.store.live("acme")
    assert live is not None
    index = larkspur.made.engine.open(larkspur.made.folder(live.id), live.id)
    assert index.search(SearchQuery(text="When are roses planted?", language="en")).passages == ()
    index.close()


async def test_what_changed_is_read_and_a_sync_is_ordered(larkspur: House) -> None:
    larkspur.place.put("roses", title="Roses", text="Roses are planted in spring, after the frost.")
    assert await larkspur.call("published", "roses") == 200
    await larkspur.calls.settled()
    assert larkspur.ordered == [("acme", "help")]
    assert "spring" in larkspur.stored()["Roses"].body
    sync(larkspur.made)
    assert await larkspur.live.refresh()
    assert await larkspur.found("When are roses planted, spring?") == ["Roses"]


async def test_what_did_not_change_orders_nothing(larkspur: House) -> None:
    before = larkspur.stored()
    assert await larkspur.call("published", "roses") == 200
    await larkspur.calls.settled()
    assert larkspur.ordered == [] and larkspur.stored() == before


async def test_calls_that_overtake_each_other_end_in_what_is_true(larkspur: House) -> None:
    assert await larkspur.call("published", "roses") == 200
    assert await larkspur.call("unpublished", "roses") == 200
    await larkspur.calls.settled()
    assert set(larkspur.stored()) == {"Returns", "Roses", "Pump"} and ("acme", "help") in larkspur.ordered
    sync(larkspur.made)
    await larkspur.live.refresh()
    assert await larkspur.found("When are roses planted?") == ["Roses"]


async def test_what_is_restricted_is_withheld_as_soon_as_it_is_read(larkspur: House) -> None:
    larkspur.place.articles["roses"].segments = (STAFF,)
    await larkspur.call("published", "roses")
    await larkspur.calls.settled()
    assert await larkspur.found("When are roses planted?") == []
    assert larkspur.stored()["Roses"].audience == "staff"


async def test_a_running_sync_cannot_bring_back_what_is_gone(larkspur: House) -> None:
    """A sync that read the article before the call stores it after the call, and ends."""
    read_before = larkspur.stored()["Roses"]
    larkspur.place.remove("roses")
    with FileLease(larkspur.made.root / LOCK).hold():
        await larkspur.call("unpublished", "roses")
        assert await larkspur.found("When are roses planted?") == []
        larkspur.made.store.apply("acme", "help", put=(read_before,), remove=())
    await larkspur.calls.settled()
    assert set(larkspur.stored()) == {"Returns", "Pump"}


async def test_what_was_deleted_meanwhile_stays_away(larkspur: House) -> None:
    read_before = larkspur.stored()["Roses"]
    number = larkspur.place.articles["roses"].id
    larkspur.place.vanish("roses")
    with FileLease(larkspur.made.root / LOCK).hold():
        assert await larkspur.post(*larkspur.place.lab.event("unpublished", number)) == 200
        larkspur.made.store.apply("acme", "help", put=(read_before,), remove=())
    await larkspur.calls.settled()
    assert set(larkspur.stored()) == {"Returns", "Pump"}


async def test_a_burst_is_read_once_and_ordered_once(larkspur: House) -> None:
    before = larkspur.place.fetched("roses")
    larkspur.place.put("roses", title="Roses", text="Roses are planted in spring.")
    with FileLease(larkspur.made.root / LOCK).hold():
        for _ in range(20):
            assert await larkspur.call("published", "roses") == 200
    await larkspur.calls.settled()
    assert larkspur.place.fetched("roses") == before + 1 and larkspur.ordered == [("acme", "help")]


async def test_a_vendor_that_cannot_be_asked_is_left_to_the_next_sync(larkspur: House) -> None:
    before = larkspur.stored()
    larkspur.place.put("roses", title="Roses", text="Roses are planted in spring.")
    larkspur.place.lab.refuses_credentials = True
    with pytest.raises(SourceUnavailable):
        reread(larkspur.made, larkspur.source, changed=[larkspur.place.ref("roses")])
    asked = larkspur.place.weather.calls.total()
    await larkspur.call("published", "roses")
    await larkspur.calls.settled()
    assert larkspur.stored() == before and larkspur.ordered == []
    assert larkspur.place.weather.calls.total() >= asked + TRIES
    larkspur.place.lab.refuses_credentials = False
    sync(larkspur.made)
    assert "spring" in larkspur.stored()["Roses"].body


async def test_a_call_that_zendesk_did_not_sign_changes_nothing(larkspur: House) -> None:
    body, headers = larkspur.place.lab.event("unpublished", larkspur.place.articles["roses"].id)
    assert await larkspur.post(body, {}) == 401
    assert await larkspur.post(body.replace(b"lab-guide", b"lab-guile"), headers) == 401
    assert await larkspur.found("When are roses planted?") == ["Roses"] and len(larkspur.stored()) == 3


@pytest.mark.parametrize(
    "path", ["/webhooks/kb/acme/shelf", "/webhooks/kb/acme/nothing", "/webhooks/kb/nobody/help", "/webhooks/kb/acme"]
)
async def test_a_source_that_does_not_listen_is_unknown(larkspur: House, path: str) -> None:
    assert await larkspur.call("unpublished", "roses", path=path) == 404
    assert len(larkspur.stored()) == 3


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"{", 400),
        (b'{"type": "zen:event-type:article.unpublished", "detail": {"id": "../x"}}', 422),
        (b" " * 300_000, 413),
        (b"", 200),
    ],
)
async def test_a_body_that_nobody_can_read_is_refused(larkspur: House, body: bytes, status: int) -> None:
    assert await larkspur.post(body, larkspur.place.lab.proof(body)) == status
    assert len(larkspur.stored()) == 3


async def test_calls_are_counted_by_what_they_told(larkspur: House) -> None:
    def told(what: str) -> float:
        labels = {"tenant": "acme", "source": "help", "told": what}
        return REGISTRY.get_sample_value("frontdesk_kb_calls_total", labels) or 0.0

    before = {what: told(what) for what in ("gone", "changed", "nothing", "refused")}
    larkspur.place.remove("roses")
    await larkspur.call("unpublished", "roses")
    await larkspur.call("published", "returns")
    await larkspur.post(b"", larkspur.place.lab.proof(b""))
    await larkspur.post(b"{", {})
    assert {what: told(what) - known for what, known in before.items()} == dict.fromkeys(before, 1)
