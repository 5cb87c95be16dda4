"""How the lab's page is answered: JSON that no cache keeps."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import msgspec
from aiohttp import web

CALL_HEADERS: Final = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}


def decoded(body: bytes, shape: type[Any]) -> Any:
    """A call's body; 422 when it is not of this shape."""
    try:
        return msgspec.json.decode(body, type=shape)
    except msgspec.DecodeError as error:
        raise web.HTTPUnprocessableEntity(text=str(error)) from error


def json(value: Mapping[str, Any]) -> web.Response:
    """An answer."""
    body = msgspec.json.encode(value, enc_hook=str)
    return web.Response(body=body, content_type="application/json", headers=CALL_HEADERS)


def listed(texts: Mapping[str, str]) -> list[dict[str, str]]:
    """What may be chosen, with its words."""
    return [{"id": str(name), "text": str(text)} for name, text in texts.items()]
