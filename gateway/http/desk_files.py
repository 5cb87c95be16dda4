"""Files that agents send: taken before the reply that names them, and refused before it when the channel cannot carry them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from aiohttp import web

from core.domain import Attachment
from core.errors import BodyTooLarge, PayloadInvalid
from core.ports.channel import Capabilities
from gateway.carrying import Carriage, carriage
from gateway.http.desk_views import FilesView
from gateway.http.problem import not_found
from gateway.http.uploads import receive, stored
from gateway.http.wire import UploadStored
from gateway.services import Services, TenantServices

NOT_CARRIED: Final = "This channel takes no files, and no public address is configured under which we could link them."


def offered(services: Services, account: str) -> FilesView:
    """What an agent may attach on an account's channel; nothing on one that is no longer configured."""
    channel = services.channels.get(account)
    if channel is None:
        return FilesView(carriage=Carriage.NONE, max_bytes=0, max_count=0)
    known, limits = channel.capabilities, services.limits
    how = carriage(known, has_links=bool(services.base_url))
    if how is Carriage.NONE:
        return FilesView(carriage=how, max_bytes=0, max_count=0)
    most_bytes, most = _bounds(known) if not services.base_url else (0, 0)
    return FilesView(
        carriage=how,
        max_bytes=min(limits.upload_bytes, most_bytes or limits.upload_bytes),
        max_count=min(limits.attachments, most or limits.attachments),
    )


def _bounds(known: Capabilities) -> tuple[int, int]:
    """The channel's own bounds, 0: none; where links are possible, what is above them is linked."""
    return known.max_file_bytes, known.max_attachments


async def take(request: web.Request, services: Services, tenant: TenantServices, conv: str) -> UploadStored:
    """Store one file for a conversation."""
    head = await tenant.store.head(conv)
    if head is None:
        raise not_found()
    how = offered(services, head.account)
    _require_carried(how)
    return stored(await receive(request, services, tenant.id, conv, limit=how.max_bytes))


async def named(
    services: Services, tenant: TenantServices, conv: str, upload_ids: Sequence[str]
) -> tuple[Attachment, ...]:
    """The files that a reply names; ``PayloadInvalid`` when one is unknown here or the channel cannot carry it."""
    if not upload_ids:
        return ()
    head = await tenant.store.head(conv)
    if head is None:
        raise not_found()
    how = offered(services, head.account)
    _require_carried(how)
    if len(upload_ids) > how.max_count:
        raise PayloadInvalid(f"More than {how.max_count} files.", field="/upload_ids")
    found: list[Attachment] = []
    for index, upload_id in enumerate(dict.fromkeys(upload_ids)):
        upload = await tenant.store.upload(upload_id)
        if upload is None or upload[1] != conv or upload[0].unavailable is not None:
            raise PayloadInvalid("No such file.", field=f"/upload_ids/{index}")
        if upload[0].size_bytes > how.max_bytes:
            raise BodyTooLarge(f"This channel takes files up to {how.max_bytes} bytes.")
        found.append(upload[0])
    return tuple(found)


def _require_carried(how: FilesView) -> None:
    if how.carriage == Carriage.NONE:
        raise PayloadInvalid(NOT_CARRIED, field="/upload_ids")
