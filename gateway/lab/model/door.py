"""The API as an application: routes, keys, errors in OpenAI's form, and the switches of the lab."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import re
from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, Any, Final

import msgspec
from aiohttp import web

from gateway.lab.callers import refuse_strangers
from gateway.lab.model.calls import Call
from gateway.lab.model.chat import Broken
from gateway.lab.model.chatting import Chatting, refuse, served, unauthorized
from gateway.lab.model.pacing import CallerGone, cut
from gateway.lab.model.troubles import Armed
from gateway.lab.model.vectors import embed, packed
from gateway.lab.model.wire import EmbeddingRequest, Refusal, decode, usage

if TYPE_CHECKING:
    from gateway.lab.model.lab import ModelLab

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

MAX_BODY_BYTES: Final = 33_554_432
MAX_INPUTS: Final = 2_048
INAUDIBLE: Final = "(inaudible)"
CREATED: Final = 1_763_683_200
CALL: Final = web.RequestKey("call", Call)


class Door:
    """The API of one script."""

    def __init__(self, lab: ModelLab) -> None:
        self._lab = lab
        self._closing = asyncio.Event()
        self._chatting = Chatting(lab)

    def app(self) -> web.Application:
        """Served at a root or under a prefix."""
        app = web.Application(middlewares=[self._guard], client_max_size=MAX_BODY_BYTES)
        for root in ("/v1", "/openai/v1", "/openai/deployments/{model}"):
            app.add_routes(
                [
                    web.post(f"{root}/chat/completions", self._chat),
                    web.post(f"{root}/embeddings", self._embeddings),
                    web.post(f"{root}/audio/transcriptions", self._transcriptions),
                ]
            )
        app.add_routes(
            [
                web.get("/v1/models", self._models),
                web.get("/openai/v1/models", self._models),
                web.get("/v1/models/{model}", self._model),
                web.get("/_lab/state", self._state),
                web.post("/_lab/trouble", self._trouble),
                web.delete("/_lab/trouble", self._calm),
            ]
        )
        app.on_shutdown.append(self._close)
        return app

    async def _close(self, _: web.Application) -> None:
        self._closing.set()

    @web.middleware
    async def _guard(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Keys, the record, and refusals as OpenAI writes them."""
        if "/_lab/" in request.path:
            refuse_strangers(request)
            return await handler(request)
        call = self._lab.calls.begin(request.path, request.headers)
        request[CALL] = call
        how = "gone"
        try:
            self._check_access(request)
            response = await handler(request)
            how, call.status = "done", response.status
        except Refusal as refusal:
            how, call.status, response = "refused", refusal.status, refusal.response()
        except Broken:
            how, response = "cut", web.Response(status=500)
            cut(request)
        except CallerGone:
            response = web.Response(status=499)
            cut(request)
        except web.HTTPRequestEntityTooLarge:
            how, call.status = "refused", 413
            response = Refusal(413, "The request is too large.").response()
        except web.HTTPNotFound:
            how, call.status = "refused", 404
            response = Refusal(404, f"Invalid URL ({request.method} {request.path})").response()
        finally:
            self._lab.calls.end(call, how)
            self._lab.watch.changed()
        return response

    def _check_access(self, request: web.Request) -> None:
        """A bearer key, or Azure's header; Azure's older paths want a version."""
        scheme, _, given = request.headers.get("Authorization", "").partition(" ")
        key = given.strip() if scheme.lower() == "bearer" else request.headers.get("api-key", "")
        if self._lab.keys and not any(hmac.compare_digest(key.encode(), known.encode()) for known in self._lab.keys):
            raise unauthorized(bool(key))
        if "/openai/deployments/" in request.path and not request.query.get("api-version"):
            raise Refusal(404, "Resource not found: the query needs an api-version", code="404")

    async def _chat(self, request: web.Request) -> web.StreamResponse:
        return await self._chatting.answer(request, request[CALL], self._closing)

    # The rest of the API

    async def _embeddings(self, request: web.Request) -> web.Response:
        asked: EmbeddingRequest = decode(await request.read(), EmbeddingRequest)
        name = request.match_info.get("model", asked.model)
        call = request[CALL]
        call.model = name
        served(self._lab.script, name)
        refuse(self._lab.troubles.take(name, is_chat=False))
        texts = [asked.input] if isinstance(asked.input, str) else asked.input
        if not 0 < len(texts) <= MAX_INPUTS or not all(texts):
            raise Refusal(400, "'$.input' is invalid: give 1 to 2048 texts, none of them empty.", param="input")
        dimension = asked.dimensions or self._lab.script.dimension
        if not 1 <= dimension <= 4_096:
            raise Refusal(400, "'dimensions' must be between 1 and 4096.", param="dimensions")
        form = packed if asked.encoding_format == "base64" else list
        data = [
            {"object": "embedding", "index": at, "embedding": form(embed(text, dimension))}
            for at, text in enumerate(texts)
        ]
        letters = sum(map(len, texts))
        counts = {"prompt_tokens": 1 + letters // 4, "total_tokens": 1 + letters // 4}
        return web.json_response({"object": "list", "data": data, "model": name, "usage": counts})

    async def _transcriptions(self, request: web.Request) -> web.Response:
        form = await request.post()
        name = request.match_info.get("model") or str(form.get("model", ""))
        file = form.get("file")
        call = request[CALL]
        call.model = name
        if not isinstance(file, web.FileField):
            raise Refusal(400, "[{'type': 'missing', 'loc': ('body', 'file'), 'msg': 'Field required'}]", param="file")
        served(self._lab.script, name)
        refuse(self._lab.troubles.take(name, is_chat=False))
        content = file.file.read()
        if not content:
            raise Refusal(400, "Audio file is too short. Minimum audio length is 0.1 seconds.", code="audio_too_short")
        text = self._heard(file.filename, content)
        call.said = text
        shape = str(form.get("response_format", "json"))
        if shape == "text":
            return web.Response(text=text + "\n")
        more = {"task": "transcribe", "language": "english", "duration": 3.0} if shape == "verbose_json" else {}
        return web.json_response({**more, "text": text, "usage": {"type": "tokens", **usage(10, len(text) // 4)}})

    def _heard(self, name: str, content: bytes) -> str:
        digest = hashlib.sha256(content).hexdigest()
        for each in self._lab.script.transcripts:
            if each.sha256 == digest or (each.name and re.search(each.name, name, re.IGNORECASE)):
                return each.text
        return INAUDIBLE

    async def _models(self, request: web.Request) -> web.Response:
        refuse(self._lab.troubles.take("", is_chat=False))
        return web.json_response({"object": "list", "data": [_told(name) for name in self._lab.script.served]})

    async def _model(self, request: web.Request) -> web.Response:
        return web.json_response(_told(served(self._lab.script, request.match_info["model"]).id))

    # The lab's own

    async def _state(self, _: web.Request) -> web.Response:
        return web.json_response(self._lab.state())

    async def _trouble(self, request: web.Request) -> web.Response:
        try:
            armed = msgspec.json.decode(await request.read(), type=Armed)
        except msgspec.DecodeError as error:
            raise web.HTTPBadRequest(text=f"{error}\n") from None
        self._lab.troubles.arm(armed)
        self._lab.watch.changed()
        return web.json_response(self._lab.state())

    async def _calm(self, _: web.Request) -> web.Response:
        self._lab.calm()
        return web.json_response(self._lab.state())


def _told(name: str) -> Mapping[str, Any]:
    return {"id": name, "object": "model", "created": CREATED, "owned_by": "frontdesk-lab"}
