"""Files of visitors: streamed to disk under a random name, of sniffed and allowed types only.

They are given out by signed link and as attachments, so that no browser runs what a stranger sent.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final
from urllib.parse import quote

import filetype
from aiohttp import BodyPartReader, hdrs, web
from aiohttp.http import HttpProcessingError

from adapters.web.text import clean_line
from core.domain import Attachment
from core.errors import BodyTooLarge, PayloadInvalid, PayloadMalformed, StoreUnavailable
from gateway.http.links import is_upload_signed
from gateway.http.problem import Refused, not_found
from gateway.http.visits import Visit, visit_of
from gateway.http.web import json, take_action
from gateway.http.wire import UploadStored
from gateway.services import Services, services_of

CHUNK_BYTES: Final = 65_536
SNIFFED_BYTES: Final = 8_192
FORM_BYTES: Final = 4_096
"""Room for the multipart frame around the file."""

UPLOAD_LIMIT_S: Final = 300.0
ID_FORM: Final = re.compile(r"u_[0-9a-z]{1,64}")

# What aiohttp's reader raises on a body that only claims to be multipart.
MALFORMED: Final = (ValueError, AssertionError, HttpProcessingError, web.PayloadAccessError)

ALLOWED: Final = frozenset((
    "image/jpeg", "image/png", "image/gif", "image/webp", "image/heic", "image/avif",
    "application/pdf", "text/plain",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "audio/mpeg", "audio/mp4", "audio/x-m4a", "audio/ogg", "audio/x-wav", "audio/webm",
    "video/mp4", "video/webm", "video/quicktime",
))  # fmt: skip


@dataclass(frozen=True, slots=True)
class Received:
    """A file that is complete on disk, under its temporary name."""

    path: Path
    size_bytes: int
    first: bytes


def sniff(first: bytes) -> str | None:
    """The type that the bytes themselves show; None when it is none we keep.  What the sender calls it counts for nothing."""
    kind = filetype.guess(first)
    media_type: str | None = kind.mime if kind is not None else _plain_text(first)
    return media_type if media_type in ALLOWED else None


def _plain_text(first: bytes) -> str | None:
    """Text is what has no control characters; a character cut at the end of the sample is no error."""
    if not first or re.search(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f\x7f]", first):
        return None
    for cut in range(4):
        with contextlib.suppress(UnicodeDecodeError):
            first[: len(first) - cut].decode("utf-8")
            return "text/plain"
        if len(first) < SNIFFED_BYTES:
            return None
    return None


async def take(request: web.Request) -> web.Response:
    """Store one file."""
    visit = await visit_of(request)
    take_action(request, visit)
    limit = visit.services.limits.upload_bytes
    if request.content_length is not None and request.content_length > limit + FORM_BYTES:
        _check_size(request.content_length, limit)
    upload_id = visit.services.new_id("u")
    folder = visit.services.uploads / visit.tenant.id
    try:
        async with asyncio.timeout(UPLOAD_LIMIT_S):
            name, received = await _receive(request, folder / f"{upload_id}.part", limit)
    except TimeoutError:
        raise Refused(408, "body_timeout", "The file did not arrive in time.") from None
    upload = await _keep(visit, upload_id, name, received)
    stored = UploadStored(
        upload_id=upload.id, name=upload.name, media_type=upload.media_type, size_bytes=upload.size_bytes
    )
    return json(stored, status=201)


async def _receive(request: web.Request, path: Path, limit: int) -> tuple[str, Received]:
    if request.content_type != "multipart/form-data":
        raise Refused(415, "media_type_unsupported", "Send the file as multipart/form-data.")
    try:
        return await _read_form(request, path, limit)
    except BaseException as error:
        await asyncio.to_thread(_forget, path)
        if isinstance(error, OSError) and not isinstance(error, ConnectionError | TimeoutError):
            raise StoreUnavailable("The uploads folder cannot be written.") from None
        if isinstance(error, MALFORMED):
            raise PayloadMalformed("The multipart body cannot be read.") from None
        raise


async def _read_form(request: web.Request, path: Path, limit: int) -> tuple[str, Received]:
    reader = await request.multipart()
    part = await reader.next()
    if not isinstance(part, BodyPartReader) or part.name != "file":
        raise PayloadInvalid("The first part must be the file.", field="/file")
    received = await _to_disk(part, path, limit)
    if await reader.next() is not None:
        raise PayloadInvalid("One file at a time.", field="/file")
    return _name(part.filename), received


def _name(given: str | None) -> str:
    """The file's own name, for people only: no folders, no control characters."""
    line = clean_line((given or "").replace("\\", "/").rpartition("/")[2], limit=120)
    return line or "file"


async def _to_disk(part: BodyPartReader, path: Path, limit: int) -> Received:
    first = b""
    size = 0
    with await asyncio.to_thread(_create, path) as file:
        while chunk := await part.read_chunk(CHUNK_BYTES):
            size += len(chunk)
            _check_size(size, limit)
            first += chunk[: SNIFFED_BYTES - len(first)]
            await asyncio.to_thread(file.write, chunk)
    return Received(path, size, first)


def _check_size(size: int, limit: int) -> None:
    if size > limit:
        raise BodyTooLarge(f"The file is larger than {limit} bytes.")


def _forget(path: Path) -> None:
    with contextlib.suppress(OSError):
        path.unlink(missing_ok=True)


def _create(path: Path) -> BinaryIO:
    path.parent.mkdir(parents=True, exist_ok=True)
    return path.open("xb")


async def _keep(visit: Visit, upload_id: str, name: str, received: Received) -> Attachment:
    media_type = sniff(received.first)
    if media_type is None:
        await asyncio.to_thread(_forget, received.path)
        raise Refused(415, "file_type_unsupported", "This kind of file is not accepted.")
    upload = Attachment(id=upload_id, name=name, media_type=media_type, size_bytes=received.size_bytes)
    await asyncio.to_thread(received.path.rename, received.path.with_suffix(""))
    await visit.store.put_upload(upload, conv=visit.conv, uploaded_at=visit.services.clock())
    return upload


async def give(request: web.Request) -> web.StreamResponse:
    """A file, to whoever holds its signed link; a wrong or expired one is told like an unknown file."""
    services = services_of(request)
    upload_id = request.match_info["upload_id"]
    tenant = _signed_tenant(request, services, upload_id)
    found = await services.tenants[tenant].store.upload(upload_id)
    path = services.uploads / tenant / upload_id
    if found is None or not await asyncio.to_thread(path.is_file):
        raise not_found("upload")
    upload = found[0]
    return web.FileResponse(path, headers=_headers(upload))


def _signed_tenant(request: web.Request, services: Services, upload_id: str) -> str:
    expires, signature = request.query.get("exp", ""), request.query.get("sig", "")
    if not ID_FORM.fullmatch(upload_id) or not re.fullmatch(r"[0-9]{1,12}", expires):
        raise not_found("upload")
    if int(expires) > services.clock().timestamp():
        for tenant in services.tenants:
            if is_upload_signed(services.session_secret, tenant, upload_id, int(expires), signature):
                return tenant
    raise not_found("upload")


def _headers(upload: Attachment) -> dict[str, str]:
    return {
        hdrs.CONTENT_TYPE: upload.media_type,
        hdrs.CONTENT_DISPOSITION: f"attachment; filename*=UTF-8''{quote(upload.name, safe='')}",
        hdrs.CACHE_CONTROL: "private, max-age=3600",
        "Content-Security-Policy": "default-src 'none'; sandbox",
        "Cross-Origin-Resource-Policy": "same-origin",
    }


def routes() -> list[web.RouteDef]:
    """The routes of this module."""
    return [web.post("/v1/web/uploads", take), web.get("/v1/web/uploads/{upload_id}", give)]
