"""Knowledge on the wire: its freshness for anybody, and for admins with reasons, history and a sync now."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from core.filelock import FileLock
from core.ports.knowledge import SourceProblem
from gateway.http.internal import internal_app
from gateway.process import Readiness
from gateway.store.knowledge import SqliteKnowledgeStore
from gateway.syncing.children import SyncOrder
from gateway.syncing.plans import SourcePlan, TenantPlan
from gateway.syncing.service import Syncing
from handoff.people import People
from kb_sync.lease import FileLease
from tests.http.desk_world import PEOPLE
from tests.kb_sync.world import document
from tests.syncing.world import Clock, Scripted, building, nightly, run_of
from tests.web.world import World, serving

KIM = aiohttp.encode_basic_auth("kim", "third phrase")
"""An admin of the tenant demo."""


@dataclass(kw_only=True)
class Office:
    """The internal listener, with syncs that do as they are told."""

    world: World
    url: str
    store: SqliteKnowledgeStore
    syncing: Syncing
    child: Scripted
    plans: tuple[TenantPlan, ...]
    lease: FileLease

    async def call(self, method: str, path: str, *, status: int, auth: str | None = KIM, **options: Any) -> Any:
        headers = {**({} if auth is None else {"Authorization": auth}), **options.pop("headers", {})}
        async with self.world.http.request(method, self.url + path, headers=headers, **options) as response:
            body = await response.json()
            assert response.status == status, body
            return body

    async def sync(self, status: int = 202, **asked: Any) -> Any:
        return await self.call("POST", "/admin/kb/sync", status=status, json=asked)

    async def go_back(self, status: int = 200, **asked: Any) -> Any:
        return await self.call("POST", "/admin/kb/rollback", status=status, json={"tenant": "demo", **asked})

    def release(self, name: str) -> None:
        """A release that is live from now on, an hour after the one before."""
        at = self.world.clock() + timedelta(hours=len(self.store.generations("demo")))
        self.store.new_generation(building(at, name, tenant="demo"))
        self.store.set_live("demo", name, documents=1, chunks=2, at=at)

    async def status(self) -> Any:
        """That of the tenant demo."""
        (found,) = (await self.call("GET", "/admin/kb/status", status=200))["tenants"]
        return found

    async def settled(self) -> None:
        assert self.syncing.syncs is not None
        await self.syncing.syncs.settled()


@asynccontextmanager
async def opened(folder: Path, *, starts_syncs: bool = True) -> AsyncIterator[Office]:
    """Nothing that was missed is made good here: the clock shows the real time, and what is due differs by it."""
    async with serving(folder, others={"other-web": "other"}) as world:
        store = SqliteKnowledgeStore(folder / "knowledge.sqlite3")
        store.start()
        lease = FileLease(folder / "demo" / "sync.lock")
        demo = TenantPlan(
            tenant="demo",
            sources=(nightly(misfire_h=0), SourcePlan(source="wiki", kind="folder", fresh_within_s=3_600)),
            lease=lease,
        )
        plans = (
            demo,
            TenantPlan(
                tenant="other",
                sources=(nightly("secret", misfire_h=0),),
                lease=FileLease(folder / "other" / "sync.lock"),
            ),
        )
        child = Scripted(Clock(world.clock()), store, sources=demo.names)
        syncing = Syncing(store, child if starts_syncs else None, plans=lambda: plans, clock=world.clock)
        tenants = {plan.tenant: replace(world.services.tenants[plan.tenant], plan=plan) for plan in plans}
        world.current.services = replace(world.services, people=People(PEOPLE), knowledge_store=store, tenants=tenants)
        app = internal_app(world.current, Readiness(world.store), syncing)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        host, port = runner.addresses[0][:2]
        try:
            yield Office(
                world=world,
                url=f"http://{host}:{port}",
                store=store,
                syncing=syncing,
                child=child,
                plans=plans,
                lease=lease,
            )
        finally:
            if syncing.syncs is not None:
                await syncing.syncs.stop()
            await runner.cleanup()


@pytest.fixture
async def office(tmp_path: Path) -> AsyncIterator[Office]:
    async with opened(tmp_path) as made:
        yield made


async def test_a_sync_is_started_runs_and_a_second_one_is_refused_meanwhile(office: Office) -> None:
    begun = await office.sync(sources=["wiki"], full=True, yes=True)
    assert begun == {"started": [{"tenant": "demo", "sources": ["wiki"], "full": True}]}
    refused = await office.sync(409, tenant="demo")
    assert refused["code"] == "sync_running" and "demo" in refused["detail"]
    (status,) = (await office.call("GET", "/admin/kb/status", status=200))["tenants"]
    assert status["is_syncing"] and status["under_way"]["sources"] == ["wiki"]
    office.child.go.set()
    await office.settled()
    assert office.child.ran == [SyncOrder(tenant="demo", sources=("wiki",), is_full=True, is_agreed=True)]
    (status,) = (await office.call("GET", "/admin/kb/status", status=200))["tenants"]
    assert not status["is_syncing"] and status["under_way"] is None
    assert [source["outcome"] for source in status["sources"]] == ["never", "ok"]
    assert await office.sync() == {"started": [{"tenant": "demo", "sources": [], "full": False}]}


async def test_a_sync_of_another_process_is_respected(office: Office) -> None:
    lease = FileLock(office.lease.path)
    assert lease.take() is None
    assert (await office.sync(409))["code"] == "sync_running"
    (status,) = (await office.call("GET", "/admin/kb/status", status=200))["tenants"]
    assert status["is_syncing"] and status["under_way"] is None
    lease.release()
    await office.sync()


@pytest.mark.parametrize(
    ("asked", "status", "code", "words"),
    [
        ({"tenant": "other"}, 404, "tenant_unknown", "tenant"),
        ({"tenant": "nobody"}, 404, "tenant_unknown", "tenant"),
        ({"sources": ["secret"]}, 422, "payload_invalid", "Configured: help, wiki."),
        ({"sources": "help"}, 422, "payload_invalid", "array"),
        ({"everything": True}, 422, "payload_invalid", "Unknown field."),
    ],
)
async def test_what_is_not_theirs_or_not_there(
    office: Office, asked: dict[str, Any], status: int, code: str, words: str
) -> None:
    told = await office.sync(status, **asked)
    assert told["code"] == code and words in told["detail"]
    assert not office.child.ran


async def test_only_admins_by_json_and_not_from_another_site(office: Office) -> None:
    ana = aiohttp.encode_basic_auth("ana", "another phrase")
    for method, path in (("POST", "/admin/kb/sync"), ("POST", "/admin/kb/rollback"), ("GET", "/admin/kb/status")):
        assert (await office.call(method, path, status=403, auth=ana, json={}))["code"] == "role_missing"
        await office.call(method, path, status=401, auth=aiohttp.encode_basic_auth("kim", "wrong"), json={})
    await office.call("GET", "/admin/kb/status", status=401, auth=None)
    await office.call(
        "POST", "/admin/kb/sync", status=403, auth=None, json={}, headers={"Origin": "https://evil.example"}
    )
    await office.call("POST", "/admin/kb/sync", status=415, data=b"{}", headers={"Content-Type": "text/plain"})
    assert not office.child.ran


async def test_a_process_that_starts_no_syncs_says_so(tmp_path: Path) -> None:
    async with opened(tmp_path, starts_syncs=False) as office:
        assert (await office.sync(503))["code"] == "sync_unavailable"
        office.release("g_1")
        office.release("g_2")
        assert (await office.go_back(503, release="g_1"))["code"] == "sync_unavailable"


async def test_going_back_makes_a_former_release_live_and_waits_for_it(office: Office) -> None:
    for name in ("g_1", "g_2", "g_3"):
        office.release(name)
    assert [each["id"] for each in (await office.status())["former"]] == ["g_2", "g_1"]
    office.child.go.set()
    assert await office.go_back(release="g_1") == {"tenant": "demo", "generation": "g_1"}
    assert office.child.ran == [SyncOrder(tenant="demo", back_to="g_1")]
    found = await office.status()
    assert found["generation"]["id"] == "g_1" and not found["is_syncing"]
    assert [each["id"] for each in found["former"]] == ["g_3", "g_2"]
    assert await office.go_back(release="g_3") == {"tenant": "demo", "generation": "g_3"}


async def test_going_back_that_fails_says_why_and_changes_nothing(office: Office) -> None:
    office.release("g_1")
    office.release("g_2")
    office.child.go.set()
    office.child.code, office.child.said = 1, "demo: the release g_1 cannot be opened: it is damaged"
    told = await office.go_back(409, release="g_1")
    assert told["code"] == "rollback_refused" and "it is damaged" in told["detail"]
    assert (await office.status())["generation"]["id"] == "g_2"


@pytest.mark.parametrize(
    ("asked", "status", "code", "words"),
    [
        ({"release": "g_0"}, 422, "payload_invalid", "No such former release: g_0. Kept: g_1."),
        ({"release": "g_2"}, 422, "payload_invalid", "Kept: g_1."),
        ({}, 422, "payload_invalid", "This field is required."),
        ({"tenant": "other", "release": "g_1"}, 404, "tenant_unknown", "tenant"),
    ],
    ids=["unknown", "the live one", "none named", "of another company"],
)
async def test_only_what_is_kept_can_be_gone_back_to(
    office: Office, asked: dict[str, Any], status: int, code: str, words: str
) -> None:
    office.release("g_1")
    office.release("g_2")
    told = await office.go_back(status, **asked)
    assert told["code"] == code and words in told["detail"]
    assert not office.child.ran


async def test_nobody_goes_back_while_a_sync_is_at_work(office: Office) -> None:
    office.release("g_1")
    office.release("g_2")
    await office.sync(sources=["wiki"])
    assert (await office.go_back(409, release="g_1"))["code"] == "sync_running"
    office.child.go.set()
    await office.settled()
    assert (await office.status())["generation"]["id"] == "g_2"


async def test_who_waits_for_it_is_told_when_the_process_ends(office: Office) -> None:
    office.release("g_1")
    office.release("g_2")
    asking = asyncio.create_task(office.go_back(409, release="g_1"))
    assert await office.child.begun.get() == SyncOrder(tenant="demo", back_to="g_1")
    assert office.syncing.syncs is not None
    await office.syncing.syncs.stop()
    assert (await asking)["code"] == "sync_running"


async def test_the_status_tells_an_admin_all_and_anybody_only_how_fresh_it_is(office: Office) -> None:
    now = office.world.clock()
    problem = SourceProblem(external_id="faq.html", problem="it is a login form")
    office.store.apply("demo", "help", put=[replace(document("a"), tenant="demo")], remove=())
    for days in (3, 2):
        office.store.save_run(run_of("help", now - timedelta(days=days), tenant="demo"))
    failed = run_of("help", now, outcome="failed", tenant="demo", error="/srv/kb: permission denied")
    office.store.save_run(replace(failed, fresh_at=now - timedelta(days=2, hours=1), problems=(problem,), stale=1))
    (status,) = (await office.call("GET", "/admin/kb/status", status=200))["tenants"]
    assert status["tenant"] == "demo"
    source, wiki = status["sources"]
    assert (source["documents"], source["stale"], source["is_fresh"]) == (1, 1, False)
    assert source["error"] == "/srv/kb: permission denied"
    assert source["problem_list"] == [{"external_id": "faq.html", "problem": "it is a login form", "is_skipped": True}]
    assert [run["outcome"] for run in source["runs"]] == ["failed", "ok", "ok"]
    assert source["schedule"] == {"cron": "30 2 * * *", "timezone": "UTC"} and "T02:30:00" in source["next_run_at"]
    assert (wiki["outcome"], wiki["schedule"], wiki["fresh_within_s"], wiki["is_fresh"]) == (
        "never",
        None,
        3_600,
        False,
    )

    public = await office.world.call("GET", "/kb/sync_status?account=demo-web", status=200)
    source, wiki = public["sources"]
    assert "permission" not in str(public) and "login form" not in str(public)
    assert source["error"] == "The last sync of this source failed; what was published before stays."
    assert (source["fresh_within_s"], source["is_fresh"]) == (2 * 86_400, False) and source["next_run_at"]
    assert 2 * 86_400 < source["age_s"] < 3 * 86_400
    assert (wiki["outcome"], wiki["started_at"], wiki["age_s"], wiki["next_run_at"]) == ("never", None, None, None)


async def test_a_refused_sync_is_told_apart(office: Office) -> None:
    refused = run_of(
        "help", office.world.clock(), outcome="refused", tenant="demo", error="40 of 50 documents are gone"
    )
    office.store.save_run(replace(refused, held=40))
    (status,) = (await office.call("GET", "/admin/kb/status?tenant=demo", status=200))["tenants"]
    assert (status["sources"][0]["held"], status["sources"][0]["error"]) == (40, "40 of 50 documents are gone")
    public = await office.world.call("GET", "/kb/sync_status?account=demo-web", status=200)
    assert "waits for a person's consent" in public["sources"][0]["error"]
