"""Files that are sent to us: streamed to disk under a temporary name, of sniffed and allowed types only.

Visitors upload here; the desk (gateway/http/desk_files.py) takes its agents' files the same way.
"""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from aiohttp import BodyPartReader, web
from aiohttp.http import HttpProcessingError

from core.domain import Attachment
from core.errors import BodyTooLarge, PayloadInvalid, PayloadMalformed, StoreUnavailable
from gateway import filestore
from gateway.http.media import signed_file
from gateway.http.problem import Refused, not_found
from gateway.http.visits import visit_of
from gateway.http.web import json, take_action
from gateway.http.wire import UploadStored
from gateway.services import Services
from gateway.sniffing import SNIFFED_BYTES, sniff

CHUNK_BYTES: Final = 65_536
FORM_BYTES: Final = 4_096
"""Room for the multipart frame around the file."""

UPLOAD_LIMIT_S: Final = 300.0

# What aiohttp's reader raises on a body that only claims to be multipart.
MALFORMED: Final = (ValueError, AssertionError, HttpProcessingError, web.PayloadAccessError)


@dataclass(frozen=True, slots=True)
class Received:
    """A file that is complete on disk, under its temporary name."""

    part: Path
    name: str
    size_bytes: int
    first: bytes


async def take(request: web.Request) -> web.Response:
    """Store a visitor's file."""
    visit = await visit_of(request)
    await take_action(request, visit)
    limit = visit.services.limits.upload_bytes
    upload = await receive(request, visit.services, visit.tenant.id, visit.conv, limit=limit)
    return json(stored(upload), status=201)


def stored(upload: Attachment) -> UploadStored:
    """What the sender of a file is told."""
    return UploadStored(
        upload_id=upload.id, name=upload.name, media_type=upload.media_type, size_bytes=upload.size_bytes
    )


async def receive(request: web.Request, services: Services, tenant: str, conv: str, *, limit: int) -> Attachment:
    """Take the one file of a multipart request, up to ``limit`` bytes; whoever calls has proven who sends it."""
    if request.content_length is not None and request.content_length > limit + FORM_BYTES:
        _check_size(request.content_length, limit)
    upload_id = services.new_id("u")
    path = services.uploads.place(tenant, upload_id)
    try:
        async with asyncio.timeout(UPLOAD_LIMIT_S):
            received = await _received(request, path, limit)
    except TimeoutError:
        raise Refused(408, "body_timeout", "The file did not arrive in time.") from None
    media_type = sniff(received.first)
    if media_type is None:
        await asyncio.to_thread(filestore.forget, received.part)
        raise Refused(415, "file_type_unsupported", "This kind of file is not accepted.")
    await services.uploads.finish(received.part, tenant, upload_id)
    upload = Attachment(id=upload_id, name=received.name, media_type=media_type, size_bytes=received.size_bytes)
    await services.tenants[tenant].store.put_upload(upload, conv=conv, uploaded_at=services.clock())
    return upload


async def _received(request: web.Request, path: Path, limit: int) -> Received:
    if request.content_type != "multipart/form-data":
        raise Refused(415, "media_type_unsupported", "Send the file as multipart/form-data.")
    try:
        return await _read_form(request, path, limit)
    except OSError as error:
        if isinstance(error, ConnectionError | TimeoutError):
            raise
        raise StoreUnavailable("The uploads folder cannot be written.") from None
    except MALFORMED:
        raise PayloadMalformed("The multipart body cannot be read.") from None


async def _read_form(request: web.Request, path: Path, limit: int) -> Received:
    reader = await request.multipart()
    part = await reader.next()
    if not isinstance(part, BodyPartReader) or part.name != "file":
        raise PayloadInvalid("The first part must be the file.", field="/file")
    received = await _to_disk(part, path, limit)
    try:
        if await reader.next() is not None:
            raise PayloadInvalid("One file at a time.", field="/file")
    except BaseException:
        await asyncio.to_thread(filestore.forget, received.part)
        raise
    return received


async def _to_disk(body: BodyPartReader, path: Path, limit: int) -> Received:
    first, size = b"", 0
    part, file = await asyncio.to_thread(filestore.begin, path)
    try:
        with file:
            while chunk := await body.read_chunk(CHUNK_BYTES):
                size += len(chunk)
                _check_size(size, limit)
                first += chunk[: SNIFFED_BYTES - len(first)]
                await asyncio.to_thread(file.write, chunk)
    except BaseException:
        await asyncio.to_thread(filestore.forget, part)
        raise
    return Received(part, filestore.own_name(body.filename), size, first)


def _check_size(size: int, limit: int) -> None:
    if size > limit:
        raise BodyTooLarge(f"The file is larger than {limit} bytes.")


async def give(request: web.Request) -> web.StreamResponse:
    """A file, to whoever holds its signed link; a wrong or expired one is told like an unknown file."""
    expires, signature = request.query.get("exp", ""), request.query.get("sig", "")
    if not re.fullmatch(r"[0-9]{1,12}", expires):
        raise not_found("upload")
    return await signed_file(request, request.match_info["upload_id"], int(expires), signature)


def routes() -> list[web.RouteDef]:
    """The routes of this module."""
    return [web.post("/v1/web/uploads", take), web.get("/v1/web/uploads/{upload_id}", give)]
