"""The composition root's channels: what each is given, and the files they carry."""

from __future__ import annotations

import atexit
from datetime import UTC, datetime
from functools import cache, partial
from pathlib import Path

import config
from adapters import ChannelContext
from config.addresses import address_of
from core.ports.channel import Channel, ObservesSignatures
from core.ports.store import Store
from gateway import metrics
from gateway.files import StoredFiles
from gateway.live import Hub
from gateway.memory import AccountMemory
from gateway.plugged import CHANNELS
from gateway.uploads import SharedUploads, Uploads


def now() -> datetime:
    """The process's clock: aware UTC."""
    return datetime.now(UTC)


def uploads_of(settings: config.Settings) -> Uploads:
    """The files of conversations: in ``data_dir``, and where replicas share a MongoDB, in that."""
    return _uploads(settings.data_dir / "uploads", address_of(settings.store))


@cache
def _uploads(folder: Path, address: str | None) -> Uploads:
    """One for the whole process, since it has a connection."""
    return Uploads(folder, shared=None if address is None else shared_uploads(address))


def shared_uploads(address: str) -> SharedUploads:
    """The files in a MongoDB; of a ``mongodb+srv`` the members are looked up now, else nothing is asked before the first call."""
    from gateway.store.mongodb.blocking import connected  # noqa: PLC0415  the driver is loaded where it is used
    from gateway.store.mongodb.pieces import MongoFiles  # noqa: PLC0415  as above

    database = connected(address)
    atexit.register(database.client.close)
    return SharedUploads(files=MongoFiles(database, "uploads"), notes=MongoFiles(database, "wanted"))


def files_of(settings: config.Settings, tenant: str, secret: bytes) -> StoredFiles:
    """The files of one tenant."""
    base_url = settings.server.public.base_url
    return StoredFiles(tenant, uploads_of(settings), secret=secret, base_url=base_url, clock=now)


def channel_context(
    settings: config.Settings, tenant: str, account: str, *, store: Store, live: Hub, secret: bytes
) -> ChannelContext:
    """What a channel is given, in a serving process and beside one."""
    base_url = settings.server.public.base_url
    return ChannelContext(
        account=account,
        tenant=tenant,
        live=live,
        files=files_of(settings, tenant, secret),
        memory=AccountMemory(store.for_tenant(tenant), account),
        clock=now,
        webhook_url=None if base_url is None else f"{base_url.rstrip('/')}/webhooks/{account}",
    )


def channel_of(
    settings: config.Settings, tenant: str, account: config.Account, *, store: Store, live: Hub, secret: bytes
) -> Channel:
    """The channel of one account, as a serving process uses it."""
    context = channel_context(settings, tenant, account.id, store=store, live=live, secret=secret)
    channel = CHANNELS[account.channel].build(context, account.settings)
    if isinstance(channel, ObservesSignatures):
        channel.on_observed = partial(_count_observed, channel.kind)
    return channel


def _count_observed(kind: str, cause: str) -> None:
    metrics.SIGNATURES_OBSERVED.labels(channel=kind, cause=cause).inc()
