"""The stage of a drill: one tenant's settings, a copy of its knowledge, scripted models, free ports, a folder that goes away."""

from __future__ import annotations

import asyncio
import shutil
import socket
import sqlite3
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager, closing
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from aiohttp import web

import config
from adapters.web.settings import WebSettings
from config.addresses import address_of
from config.experiments import Rollouts
from config.knowledge import Knowledge
from config.model_roles import Endpoint, Roles
from config.models import Internal, Limits, Public
from core.steps import language
from gateway import compose
from gateway.lab.model import ModelLab, read_script
from gateway.serving import Serving
from gateway.store.knowledge import SqliteKnowledgeStore
from handoff.desks.builtin import plugin as builtin
from kb_sync.pipeline import build, sync
from kb_sync.sources.folder.settings import FolderSettings

HOST: Final = "127.0.0.1"
ACCOUNT: Final = "drill"
DEMO_PAGES: Final = Path(config.__file__).parent / "examples" / "demo" / "kb"
PAGE: Final = 500
RESTS_S: Final = 1.0
"""Open breakers rest no longer than this in a drill: nobody wants to wait for them."""

SCRIPT: Final[Mapping[str, Any]] = {
    "version": 1,
    "first_token_s": 0.05,
    "tokens_per_s": 200,
    "rules": [
        {"id": "shaped", "when": {"is_json": True}, "then": {"fill": True}},
        {"id": "summary", "when": {"system": "running summary"}, "then": {"text": "Nothing yet."}},
    ],
    "default": {"quote": 3},
}


class NoDrill(Exception):
    """The drill cannot be held; the message says why and what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """A serving process of the tenant.

    ``chain`` are the stand-ins in the order in which they should answer, by role; ``real`` gives the operator's name of each.
    """

    lab: ModelLab
    serving: Serving
    url: str
    tenant: config.Tenant
    chain: Mapping[str, tuple[str, ...]]
    real: Mapping[str, str]
    notes: tuple[str, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """Every stand-in, the first to answer first."""
        return tuple(name for names in self.chain.values() for name in names)


def tenant_of(settings: config.Settings, wanted: str | None) -> config.Tenant:
    """The tenant to drill; ``NoDrill`` when there is none or it has no ladder."""
    known = {tenant.id: tenant for tenant in settings.tenants}
    if wanted is not None and wanted not in known:
        raise NoDrill(f"no tenant {wanted!r}; there are: {', '.join(known)}")
    chosen = [known[wanted]] if wanted is not None else list(known.values())
    answering = [tenant for tenant in chosen if _answers(tenant.models or settings.models)]
    if not answering:
        who = f"the tenant {wanted}" if wanted else "no tenant"
        verb = "has no" if wanted else "has"
        raise NoDrill(
            f"{who} {verb} `models` that answer: everything is quoted already, nothing can fail (docs/models.md)"
        )
    tenant = answering[0]
    if tenant.engine.converse.strict:
        raise NoDrill(
            f"the tenant {tenant.id} is in strict mode: no model writes its answers, an outage changes nothing"
        )
    return tenant


def _answers(block: config.Models | None) -> bool:
    return block is not None and bool(block.roles.fast or block.roles.strong)


@asynccontextmanager
async def stage(settings: config.Settings, tenant: config.Tenant) -> AsyncIterator[Stage]:
    """Everything started; all of it is gone at the end."""
    block = tenant.models or settings.models
    assert block is not None, "tenant_of refuses a tenant without"
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory(prefix="frontdesk-drill-")))
        lab = ModelLab(read_script(dict(SCRIPT), name="drill"), keys=())
        address = await stack.enter_async_context(_listening(lab.app()))
        chain, real = _stand_ins(block)
        public, internal = free_ports(2)
        staged = _staged(settings, tenant, folder, block=_rewired(block, address), ports=(public, internal))
        staged, notes = await asyncio.to_thread(_with_knowledge, settings, staged)
        await asyncio.to_thread(language.load, compose.engine_settings(staged.tenants[0]).languages)
        serving = await stack.enter_async_context(_serving(staged))
        yield Stage(
            lab=lab,
            serving=serving,
            url=f"http://{HOST}:{public}",
            tenant=staged.tenants[0],
            chain=chain,
            real=real,
            notes=tuple(notes),
        )


def _stand_ins(block: config.Models) -> tuple[dict[str, tuple[str, ...]], dict[str, str]]:
    """Stand-in names by role, the strong first, and what each stands for."""
    chain: dict[str, tuple[str, ...]] = {}
    real: dict[str, str] = {}
    for role in ("strong", "fast"):
        choices = getattr(block.roles, role)
        names = {f"{role}-{number}": choice for number, choice in enumerate(choices, start=1)}
        real |= {name: f"{role}: {choice.endpoint}/{choice.model}" for name, choice in names.items()}
        if names:
            chain[role] = tuple(names)
    return chain, real


def _rewired(block: config.Models, address: str) -> config.Models:
    """The same roles, deadlines and budgets, every choice at the scripted server under a name of its own."""

    def moved(role: str) -> tuple[Any, ...]:
        return tuple(
            choice.model_copy(update={"endpoint": "drill", "model": f"{role}-{number}", "extra": {}})
            for number, choice in enumerate(getattr(block.roles, role), start=1)
        )

    rests = block.breaker.model_copy(update={"open_s": min(block.breaker.open_s, RESTS_S)})
    return block.model_copy(
        update={
            "endpoints": {"drill": Endpoint(base_url=f"{address}/v1")},
            "roles": Roles(fast=moved("fast"), strong=moved("strong")),
            "breaker": rests,
        }
    )


def _staged(
    settings: config.Settings, tenant: config.Tenant, folder: Path, *, block: config.Models, ports: tuple[int, int]
) -> config.Settings:
    """The operator's settings with one web account, no tools, flows or experiments, and the strong model for every question."""
    account = config.Account.model_construct(
        id=ACCOUNT, channel="web", settings=WebSettings(allow_any_origin=True, debounce_ms=0)
    )
    converse = tenant.engine.converse
    asked = converse.model_copy(
        update={
            "strong_from": 0.0,
            "cache": converse.cache.model_copy(update={"enabled": False}),
            "fast_path": converse.fast_path.model_copy(update={"enabled": False}),
        }
    )
    drilled = tenant.model_copy(
        update={
            "accounts": (account,),
            "desk": _desk(tenant),
            "engine": tenant.engine.model_copy(update={"converse": asked}),
            "models": block,
            "tools": (),
            "flows": (),
            "experiments": (),
            "rollout": Rollouts(),
        }
    )
    server = config.Server(
        public=Public(host=HOST, port=ports[0]),
        internal=Internal(host=HOST, port=ports[1]),
        limits=Limits(),
        drain_s=1,
        evaluation=True,
    )
    return settings.embedded_in(folder / "var").model_copy(
        update={"server": server, "people": (), "models": None, "tenants": (drilled,)}
    )


def _desk(tenant: config.Tenant) -> config.DeskBlock:
    """The tenant's hours where the desk is ours; a vendor's desk is told nothing of a drill."""
    if tenant.desk.kind == builtin.kind:
        return tenant.desk
    return config.DeskBlock.model_construct(kind=builtin.kind, settings=builtin.settings())


def _with_knowledge(settings: config.Settings, staged: config.Settings) -> tuple[config.Settings, list[str]]:
    """A copy of the tenant's index; the demo's pages where it has none."""
    (tenant,) = staged.tenants
    staged.data_dir.mkdir(parents=True)
    is_embedded = address_of(settings.knowledge) is None
    if is_embedded and _copied(settings.data_dir, staged.data_dir, tenant.id):
        return staged, []
    if not is_embedded and _fetched(settings, staged, tenant.id):
        return staged, []
    source = config.SourceBlock.model_construct(id="demo", kind="folder", settings=FolderSettings(path=DEMO_PAGES))
    shown = tenant.model_copy(update={"knowledge": Knowledge(sources=(source,))})
    staged = staged.model_copy(update={"tenants": (shown,)})
    for job in compose.sync_jobs(staged):
        sync(job)
    return staged, ["There is no index of this tenant yet (`frontdesk sync`): the demo's pages were used."]


def _copied(data_dir: Path, into: Path, tenant: str) -> bool:
    """Copy the tenant's knowledge; False when there is none.

    Opened for writing though nothing is written: a read-only connection to a database in WAL mode leaves two files behind.
    """
    source, target = data_dir / "knowledge.sqlite3", into / "knowledge.sqlite3"
    if not source.exists():
        return False
    try:
        with (
            closing(sqlite3.connect(f"{source.resolve().as_uri()}?mode=rw", uri=True)) as db,
            closing(sqlite3.connect(target)) as copy,
        ):
            db.execute("pragma query_only = on")
            db.backup(copy)
        index = data_dir / "index" / tenant
        if index.exists():
            shutil.copytree(index, into / "index" / tenant)
    except (sqlite3.Error, OSError) as error:
        raise NoDrill(f"the knowledge cannot be copied ({error}); is a sync running? Try again after it.") from error
    return _is_indexed(target, tenant)


def _fetched(settings: config.Settings, staged: config.Settings, tenant: str) -> bool:
    """Index the tenant's documents here, out of a store that other machines have too; False when there are none."""
    there, here = compose.library_of(settings).store, compose.library_of(staged).store
    for source in there.sources(tenant):
        names = iter(there.entries(tenant, source))
        while page := tuple(islice(names, PAGE)):
            here.apply(tenant, source, put=tuple(there.documents_named(tenant, source, page)), remove=())
    for job in compose.sync_jobs(staged):
        build(job)
    return here.count(tenant) > 0


def _is_indexed(path: Path, tenant: str) -> bool:
    store = SqliteKnowledgeStore(path)
    return store.live(tenant) is not None and store.count(tenant) > 0


@asynccontextmanager
async def _serving(settings: config.Settings) -> AsyncIterator[Serving]:
    serving = Serving(settings)
    process = serving.process()
    try:
        await serving.open_knowledge()
        await process.start()
        await serving.world.equipment.start()
        yield serving
    finally:
        await process.stop()
        await serving.close_channels()


@asynccontextmanager
async def _listening(app: web.Application) -> AsyncIterator[str]:
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.5)
    await runner.setup()
    try:
        await web.TCPSite(runner, HOST, 0).start()
        yield f"http://{HOST}:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


def free_ports(count: int) -> tuple[int, ...]:
    """Ports of this computer that nobody listens on now, all different."""
    with ExitStack() as stack:
        held = [stack.enter_context(socket.socket()) for _ in range(count)]
        for one in held:
            one.bind((HOST, 0))
        return tuple(one.getsockname()[1] for one in held)
