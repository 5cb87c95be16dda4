"""The Bot Connector's REST API: what a bot may call."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

import msgspec
from aiohttp import web

from gateway.lab.teams.checks import check_message, check_size
from gateway.lab.teams.identity import Identity
from gateway.lab.teams.rooms import Refused, Room, Rooms, info_of
from gateway.lab.vendor import Fault, Faults, Watch

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

ROOM: Final = "/connector/v3/conversations/{room}"
FAULTS: Final = {
    Fault.THROTTLED: Refused(429, "TooManyRequests", "API calls quota exceeded! Maximum admitted 7 per 1s."),
    Fault.UNAVAILABLE: Refused(503, "ServiceError", "The service is unavailable."),
    Fault.REFUSED: Refused(400, "BadSyntax", "Bad format of the activity."),
}


class ConnectorApi:
    """The API of one stand-in; ``people`` are the members of every chat by id."""

    def __init__(
        self, rooms: Rooms, identity: Identity, faults: Faults, watch: Watch, people: Mapping[str, Mapping[str, Any]]
    ) -> None:
        self._rooms = rooms
        self._identity = identity
        self._faults = faults
        self._watch = watch
        self._people = people
        self.calls: list[tuple[str, str, Mapping[str, Any]]] = []
        """Every call with a body, as (method, path, body): for tests."""

    def routes(self) -> list[web.RouteDef]:
        """The routes."""
        return [
            web.post("/connector/v3/conversations", self._guarded(self._open)),
            web.post(ROOM + "/activities", self._guarded(self._post)),
            web.post(ROOM + "/activities/{ref}", self._guarded(self._post)),
            web.put(ROOM + "/activities/{ref}", self._guarded(self._put)),
            web.delete(ROOM + "/activities/{ref}", self._guarded(self._delete)),
            web.get(ROOM + "/members", self._guarded(self._members)),
            web.get(ROOM + "/members/{who}", self._guarded(self._member)),
            web.get(ROOM + "/pagedmembers", self._guarded(self._paged)),
        ]

    def _guarded(self, handler: Handler) -> Handler:
        async def guarded(request: web.Request) -> web.StreamResponse:
            if not self._identity.knows(request.headers.get("Authorization", "")):
                return web.json_response({"message": "Authorization has been denied for this request."}, status=401)
            try:
                return await handler(request)
            except Refused as refused:
                return _refusal(refused)
            finally:
                self._watch.changed()

        return guarded

    async def _post(self, request: web.Request) -> web.StreamResponse:
        activity = await self._activity(request)
        info = info_of(activity)
        kind = activity.get("type")
        if kind == "typing" and info is None:
            self._take("typing", named_only=True)
            self._rooms.show_typing(self._rooms.find(request.match_info["room"]))
            return _created(self._rooms.next_id())
        if kind not in ("message", "typing"):
            raise Refused(400, "BadArgument", "Unknown activity type.")
        is_final = info is not None and info.get("streamType") == "final"
        method = "final" if is_final else "stream" if info is not None else "send"
        fault = self._take(method, named_only=method == "stream")
        room = self._rooms.find(request.match_info["room"])
        answer = self._said(room, activity, info, is_final=is_final)
        if fault is Fault.LOST_ANSWER:
            return _cut(request)
        return answer

    def _said(
        self, room: Room, activity: Mapping[str, Any], info: Mapping[str, Any] | None, *, is_final: bool
    ) -> web.Response:
        if info is None:
            check_message(activity)
            return _created(self._rooms.put(room, "bot", activity).id)
        if is_final and activity.get("type") == "message":
            check_message(activity)
            self._rooms.final(room, activity, info)
            return web.json_response({}, status=202)
        if activity.get("type") != "typing":
            raise Refused(400, "BadArgument", "A piece of a stream is a typing activity.")
        said, is_new = self._rooms.piece(room, activity, info)
        return _created(said.id) if is_new else web.json_response({}, status=202)

    async def _put(self, request: web.Request) -> web.StreamResponse:
        activity = await self._activity(request)
        fault = self._take("update")
        room = self._rooms.find(request.match_info["room"])
        said = self._rooms.message(room, request.match_info["ref"])
        check_message(activity)
        said.activity, said.is_edited = dict(activity), said.stream is None
        if said.stream is not None:
            said.stream.is_complete = True
        return _cut(request) if fault is Fault.LOST_ANSWER else web.json_response({"id": said.id})

    async def _delete(self, request: web.Request) -> web.StreamResponse:
        fault = self._take("delete")
        room = self._rooms.find(request.match_info["room"])
        self._rooms.message(room, request.match_info["ref"]).is_deleted = True
        return _cut(request) if fault is Fault.LOST_ANSWER else web.Response(status=200)

    async def _open(self, request: web.Request) -> web.StreamResponse:
        body = await self._activity(request)
        members = body.get("members") or []
        known = [member for member in members if member.get("id") in self._people]
        if not known or body.get("isGroup"):
            raise Refused(403, "BotNotInConversationRoster", "The app is not installed for this person.")
        room = next(room for room in self._rooms.rooms.values() if room.kind == "personal")
        return _created(room.id)

    async def _members(self, request: web.Request) -> web.StreamResponse:
        self._rooms.find(request.match_info["room"])
        return web.json_response(list(self._people.values()))

    async def _paged(self, request: web.Request) -> web.StreamResponse:
        self._rooms.find(request.match_info["room"])
        return web.json_response({"members": list(self._people.values())})

    async def _member(self, request: web.Request) -> web.StreamResponse:
        self._rooms.find(request.match_info["room"])
        who = self._people.get(request.match_info["who"])
        if who is None:
            raise Refused(404, "MemberNotFoundInConversation", "The member is not part of the conversation.")
        return web.json_response(who)

    async def _activity(self, request: web.Request) -> dict[str, Any]:
        body = await request.read()
        check_size(body)
        try:
            activity = msgspec.json.decode(body, type=dict[str, Any])
        except (msgspec.DecodeError, UnicodeDecodeError):
            raise Refused(400, "BadSyntax", "The body is not JSON.") from None
        self.calls.append((request.method, request.path, activity))
        return activity

    def _take(self, method: str, *, named_only: bool = False) -> Fault | None:
        """The fault of this call; all but a lost answer end it here."""
        fault = self._faults.take(method, named_only=named_only)
        if fault is Fault.UNAUTHORIZED:
            self._identity.revoke()
            self._identity.refuses_next = True
            raise Refused(401, "Unauthorized", "Authorization has been denied for this request.")
        if fault in FAULTS:
            raise FAULTS[fault]
        return fault


def _created(ref: str) -> web.Response:
    return web.json_response({"id": ref}, status=201)


def _refusal(refused: Refused) -> web.Response:
    headers = {"Retry-After": "1"} if refused.status == 429 else None
    body = {"error": {"code": refused.code, "message": refused.words}}
    return web.json_response(body, status=refused.status, headers=headers)


def _cut(request: web.Request) -> web.StreamResponse:
    """It is done, and nobody hears of it."""
    if request.transport is not None:
        request.transport.abort()
    return web.Response(status=500)
