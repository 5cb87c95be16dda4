"""Request bodies: bounded while they are read, of the announced type, decoded into a struct."""

from __future__ import annotations

import asyncio
from typing import Final, TypeVar

from aiohttp import web

from core.errors import BodyTooLarge, PayloadMalformed
from core.wire import decode
from gateway.http.problem import Refused

T = TypeVar("T")

READ_LIMIT_S: Final = 20.0
"""A body that takes longer to arrive holds a connection for nothing."""


async def read_body(request: web.Request, limit: int) -> bytes:
    """The raw body, also a chunked or compressed one, up to ``limit`` bytes; ``BodyTooLarge`` beyond."""
    if request.content_length is not None and request.content_length > limit:
        raise BodyTooLarge(f"The body is larger than {limit} bytes.")
    parts: list[bytes] = []
    size = 0
    try:
        async with asyncio.timeout(READ_LIMIT_S):
            async for part in request.content.iter_any():
                size += len(part)
                if size > limit:
                    raise BodyTooLarge(f"The body is larger than {limit} bytes.")
                parts.append(part)
    except TimeoutError:
        raise Refused(408, "body_timeout", "The body did not arrive in time.") from None
    except web.PayloadAccessError:
        raise PayloadMalformed("The body could not be read.") from None
    return b"".join(parts)


async def read_json(request: web.Request, shape: type[T], *, limit: int, allow_empty: bool = False) -> T:
    """The body as ``shape``; with ``allow_empty`` no body at all means ``{}``."""
    if allow_empty and not request.body_exists:
        return decode(b"{}", shape)
    media_type = request.content_type
    if not (media_type == "application/json" or media_type.endswith("+json")):
        raise Refused(415, "media_type_unsupported", "Send the body as application/json.")
    if (request.charset or "utf-8").lower().replace("_", "-") not in ("utf-8", "utf8"):
        raise Refused(415, "media_type_unsupported", "JSON is UTF-8.")
    return decode(await read_body(request, limit), shape)
