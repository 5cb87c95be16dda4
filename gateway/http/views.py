"""Messages as a visit may see them: the one place where links are made."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from adapters.web.render import Links, MessageView, view
from core.domain import Attachment, Message
from gateway.http.links import media_token, sign_upload
from gateway.http.visits import Visit
from gateway.http.wire import StateView
from gateway.services import Services

LINK_LIFETIME: Final = timedelta(hours=24)


def links_of(visit: Visit) -> Links:
    """How this visit reaches documents and uploads."""
    return links_for(visit.services, visit.tenant.id)


def links_for(services: Services, tenant: str) -> Links:
    """How somebody who may see a tenant's conversations reaches documents and uploads."""
    base, expires_at = services.base_url.rstrip("/"), _expires_at(services)

    def upload(item: Attachment) -> str:
        signature = sign_upload(services.session_secret, tenant, item.id, expires_at)
        return f"{base}/v1/web/uploads/{item.id}?exp={expires_at}&sig={signature}"

    def document(document_id: str) -> str:
        return f"{base}/kb/articles/{document_id}"

    return Links(document=document, upload=upload)


def desk_links(services: Services, tenant: str) -> Links:
    """The same for the desk: files come from the internal listener, which an agent certainly reaches."""
    public, expires_at = links_for(services, tenant), _expires_at(services)

    def upload(item: Attachment) -> str:
        return "/media/" + media_token(services.session_secret, tenant, item.id, expires_at)

    return Links(document=public.document, upload=upload)


def _expires_at(services: Services) -> int:
    """Rounded, so that a message looks the same each time it is read within an hour."""
    return int((services.clock() + LINK_LIFETIME).timestamp()) // 3600 * 3600


def views_of(visit: Visit, messages: tuple[Message, ...]) -> list[MessageView]:
    """Messages as the contact sees them."""
    links = links_of(visit)
    return [view(message, links) for message in messages]


async def state_of(visit: Visit) -> StateView:
    """Who speaks now; before the first message the bot would."""
    head = await visit.store.head(visit.conv)
    is_staffed = visit.tenant.is_staffed()
    if head is None:
        return StateView(owner="bot", status="active", agent=None, staffed=is_staffed, csat=None)
    return StateView(owner=head.owner, status=head.status, agent=head.agent, staffed=is_staffed, csat=head.csat)
