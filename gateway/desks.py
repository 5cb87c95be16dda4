"""Desks outside this process: their webhook calls, what watches them, and when they refuse our credentials.

A desk is known by its tenant; parked, it is listed as ``desk:TENANT``.  What is to be brought to it waits in the outbox.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from aiohttp import web

from core.domain import Attachment
from core.errors import AccountUnknown, CredentialsInvalid, MessageRejected
from core.ports.channel import Fetched
from core.ports.desk import BridgesPeople, Desk
from core.ports.store import TenantStore
from gateway import filestore
from gateway.accounts import Accounts, desk_name
from gateway.duties import Duties
from gateway.runners import Run, Runners
from gateway.services import raw_request, services_of
from gateway.sniffing import SNIFFED_BYTES, sniff
from gateway.uploads import Uploads

PATH = "/webhooks/desk/{tenant}"


class DeskRunners(Runners):
    """Watches every desk that is outside this process."""

    def __init__(
        self, desks: Callable[[], Mapping[str, Desk]], *, accounts: Accounts, duties: Duties | None = None
    ) -> None:
        self._desks = desks
        self._accounts = accounts
        super().__init__("desk", self._watched, refused=self._park, duties=duties)

    def _watched(self) -> Mapping[str, Run]:
        return {
            tenant: Run(desk, desk.run) for tenant, desk in self._desks().items() if isinstance(desk, BridgesPeople)
        }

    def _park(self, tenant: str, error: CredentialsInvalid) -> None:
        self._accounts.park(tenant, desk_name(tenant), error.code)


async def receive(request: web.Request) -> web.Response:
    """One webhook call of a helpdesk."""
    services = services_of(request)
    desk = services.desks.get(request.match_info["tenant"])
    if not isinstance(desk, BridgesPeople):
        raise AccountUnknown("No such desk.")
    said = await desk.receive(await raw_request(request))
    if said is None:
        return web.json_response({"accepted": True})
    return web.Response(body=said.body, content_type=said.media_type)


def routes() -> list[web.RouteDef]:
    """The routes of desks."""
    return [web.post(PATH, receive)]


@dataclass(frozen=True, slots=True, kw_only=True)
class DeskFiles:
    """Keeps what agents attach at their desk, as files of the conversation."""

    store: TenantStore
    uploads: Uploads
    limit_bytes: int
    clock: Callable[[], datetime]

    async def keep(self, conv: str, key: str, fetched: Fetched) -> Attachment:
        """Store it; the same key is the same file.  ``MessageRejected`` for what we keep of nobody."""
        file_id = "u_" + hashlib.sha256(f"{conv}\0{key}".encode()).hexdigest()[:32]
        known = await self.store.upload(file_id)
        if known is not None:
            return known[0]
        media_type = sniff(fetched.body[:SNIFFED_BYTES])
        if media_type is None or len(fetched.body) > self.limit_bytes:
            raise MessageRejected("This file is too large, or of a kind that is not sent on.")
        await self.uploads.write(self.store.tenant, file_id, fetched.body)
        name = filestore.own_name(fetched.name)
        kept = Attachment(id=file_id, name=name, media_type=media_type, size_bytes=len(fetched.body))
        await self.store.put_upload(kept, conv=conv, uploaded_at=self.clock())
        return kept
