"""What the HTTP handlers are given: one value per tenant and one for the process, made by gateway.compose."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from aiohttp import web

from adapters.web.channel import WebChannel
from adapters.web.settings import WebSettings
from core.errors import BodyTooLarge
from core.ids import NewId
from core.notices import Notices
from core.ports.channel import Channel, RawRequest
from core.ports.desk import Desk
from core.ports.knowledge_store import KnowledgeStore
from core.ports.store import Store, TenantStore
from gateway.accounts import Accounts
from gateway.identity import Identity
from gateway.inbox import Inbox
from gateway.intake import Intake
from gateway.live import Hub
from gateway.syncing.plans import TenantPlan
from gateway.uploads import Uploads

if TYPE_CHECKING:
    from gateway.knowledge import LiveKnowledge
    from gateway.media import Media
    from handoff.people import People
    from handoff.router import Router
    from handoff.service import HandoffService
    from kb_sync.job import SyncJob

Clock = Callable[[], datetime]


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Bounds of the public listener; sizes in bytes, rates per minute."""

    body_bytes: int = 262_144
    message_chars: int = 4_000
    attachments: int = 10
    upload_bytes: int = 10_485_760
    messages_per_minute: int = 20
    sessions_per_minute: int = 30
    streams: int = 20_000
    unread_events: int = 200_000
    answer_s: float = 60.0
    is_evaluation: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class WebAccount:
    """A web account: its settings beside its channel."""

    id: str
    tenant: str
    name: str
    settings: WebSettings
    channel: WebChannel


@dataclass(frozen=True, slots=True, kw_only=True)
class TenantServices:
    """Everything of one tenant that a handler may use; ``plan`` says when its sources are due."""

    id: str
    name: str
    store: TenantStore
    knowledge: LiveKnowledge
    handoff: HandoffService
    notices: Notices
    is_staffed: Callable[[], bool]
    router: Router | None = None
    plan: TenantPlan | None = None
    job: SyncJob | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """Everything of the process; replaced as a whole by a hot reload, so read it at each request.

    ``channels`` maps account id to channel (all kinds), ``desks`` tenant to desk; ``accounts`` holds the web accounts.  ``media``
    fetches contacts' files from vendors; None where no channel keeps any there.
    """

    tenants: Mapping[str, TenantServices]
    channels: Mapping[str, Channel]
    accounts: Mapping[str, WebAccount]
    people: People
    store: Store
    knowledge_store: KnowledgeStore
    inbox: Inbox
    intake: Intake
    parked: Accounts
    hub: Hub
    limits: Limits
    session_secret: bytes = field(repr=False)
    uploads: Uploads
    base_url: str
    trusted_proxies: tuple[str, ...]
    clock: Clock
    new_id: NewId
    media: Media | None = None
    desks: Mapping[str, Desk] = field(default_factory=dict)

    @property
    def identity(self) -> Identity:
        """The links between identities; stateless, so made anew for whoever asks."""
        return Identity(self.store, channels=lambda: self.channels, secret=self.session_secret, clock=self.clock)


class Current:
    """The box that holds the current ``Services``; a hot reload puts a new value into it."""

    __slots__ = ("services",)

    def __init__(self, services: Services) -> None:
        self.services = services


SERVICES: web.AppKey[Current] = web.AppKey("frontdesk_services", Current)


def services_of(request: web.Request) -> Services:
    """The services as they stand for this request."""
    return request.app[SERVICES].services


async def raw_request(request: web.Request) -> RawRequest:
    """A vendor's call as its proof wants it, byte by byte; ``BodyTooLarge`` beyond the limit of the listener."""
    services = services_of(request)
    body = await request.read()
    if len(body) > services.limits.body_bytes:
        raise BodyTooLarge(f"The body is larger than {services.limits.body_bytes} bytes.")
    return RawRequest(
        method=request.method,
        path=request.raw_path,
        headers=request.headers,
        body=body,
        received_at=services.clock(),
    )
