"""``GET /media/{token}``: a file, to whoever holds its signed link.  No cookie is read, so a vendor's fetcher gets it too.

Everything is given as an attachment in a sandbox, so that no browser runs what a stranger sent.  A wrong, an expired and an
unknown link are told alike.
"""

from __future__ import annotations

from typing import Final
from urllib.parse import quote

from aiohttp import hdrs, web

from core.domain import Attachment
from core.errors import ProviderUnavailable
from gateway import filestore
from gateway.http.links import is_upload_signed, read_media_token
from gateway.http.problem import Refused, not_found
from gateway.services import Services, services_of

PENDING_RETRY_S: Final = 30
CACHED_S: Final = 3_600


async def give(request: web.Request) -> web.StreamResponse:
    """The bytes; ``Range`` and ``HEAD`` work."""
    token = read_media_token(request.match_info["token"])
    if token is None:
        raise not_found("upload")
    return await signed_file(request, *token)


async def signed_file(request: web.Request, upload_id: str, expires_at: int, signature: str) -> web.StreamResponse:
    """The file that a link names, if the link is ours and has not ended."""
    services = services_of(request)
    left_s = int(expires_at - services.clock().timestamp())
    tenant = _tenant(services, upload_id, expires_at, signature) if left_s > 0 else None
    if tenant is None:
        raise not_found("upload")
    try:
        return await _file(services, tenant, upload_id, cached_s=min(left_s, CACHED_S))
    except ProviderUnavailable:
        detail = "The file has not arrived yet."
        raise Refused(503, "file_pending", detail, retry_after_s=PENDING_RETRY_S) from None


def _tenant(services: Services, upload_id: str, expires_at: int, signature: str) -> str | None:
    if filestore.is_id(upload_id):
        for tenant in services.tenants:
            if is_upload_signed(services.session_secret, tenant, upload_id, expires_at, signature):
                return tenant
    return None


async def _file(services: Services, tenant: str, upload_id: str, *, cached_s: int) -> web.FileResponse:
    if services.media is not None:
        found = await services.media.opened(tenant, upload_id)
    else:
        known = await services.tenants[tenant].store.upload(upload_id)
        found = None if known is None else known[0]
    if found is None or found.unavailable is not None:
        raise not_found("upload")
    path = await services.uploads.at(tenant, upload_id)
    if path is None:
        raise not_found("upload")
    return web.FileResponse(path, headers=_headers(found, cached_s))


def _headers(upload: Attachment, cached_s: int) -> dict[str, str]:
    return {
        hdrs.CONTENT_TYPE: upload.media_type,
        hdrs.CONTENT_DISPOSITION: f"attachment; filename*=UTF-8''{quote(upload.name, safe='')}",
        hdrs.CACHE_CONTROL: f"private, max-age={cached_s}",
        "Content-Security-Policy": "default-src 'none'; sandbox",
        "Cross-Origin-Resource-Policy": "same-origin",
    }


def routes() -> list[web.RouteDef]:
    """The routes of this module; both listeners have them."""
    return [web.get("/media/{token}", give)]
