"""The composition root: the one place that knows every room and puts them together from the YAML."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import structlog

import config
from adapters.web import plugin as web_plugin
from adapters.web.settings import WebSettings
from core import ids
from core.ownership import Notices
from core.ports.channel import Channel
from core.ports.desk import Desk
from core.providers.lexical import LexicalEngine
from core.turn import TurnEngine
from gateway.delivery import Delivery
from gateway.inbox import Inbox
from gateway.knowledge import LiveKnowledge
from gateway.lanes import Lanes, LaneTenant
from gateway.live import Hub
from gateway.process import Listener, Process, Readiness, Stages
from gateway.recovery import Recovery
from gateway.services import Current, Limits, Services, TenantServices, WebAccount
from gateway.signals import Signals
from gateway.store.knowledge import SqliteKnowledgeStore
from gateway.store.embedded.sqlite import SqliteStore
from handoff.desks.builtin import plugin as builtin_plugin
from handoff.people import People
from handoff.service import HandoffService
from kb_sync.sources.folder import plugin as folder_plugin

log = structlog.get_logger(__name__)

SECRET_FILE = "session_secret"


def plugs() -> config.Plugs:
    """The settings models of every plug, by kind."""
    return config.Plugs(
        channels={web_plugin.kind: web_plugin.settings},
        desks={builtin_plugin.kind: builtin_plugin.settings},
        sources={folder_plugin.kind: folder_plugin.settings},
    )


def now() -> datetime:
    """The process's clock: aware UTC."""
    return datetime.now(UTC)


def session_secret(settings: config.Settings) -> bytes:
    """The key that signs session tokens: from the YAML, else made once and kept beside the store."""
    given = settings.server.session_secret
    if given is not None:
        return given.get_secret_value().encode()
    path = settings.data_dir / SECRET_FILE
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch(mode=0o600)
        path.write_text(secrets.token_urlsafe(48))
    return path.read_text().strip().encode()


def store_path(settings: config.Settings) -> Path:
    """Where the ledger lives."""
    return settings.data_dir / "frontdesk.sqlite3"


def knowledge_path(settings: config.Settings) -> Path:
    """Where documents and generations are recorded."""
    return settings.data_dir / "knowledge.sqlite3"


def index_root(settings: config.Settings, tenant: str) -> Path:
    """Where a tenant's built generations live."""
    return settings.data_dir / "index" / tenant


@asynccontextmanager
async def open_store(settings: config.Settings) -> AsyncIterator[SqliteStore]:
    """The store for a command beside a running serve: short transactions, no lock."""
    store = SqliteStore(store_path(settings), clock=now, lock=False)
    await store.start()
    try:
        yield store
    finally:
        await store.stop()
