"""One call of ``chat/completions``: read it, choose what to say, let it go wrong as wanted, and say it at its pace."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

import msgspec
from aiohttp import web

from gateway.lab.model import chat, puppet
from gateway.lab.model.answering import Chosen, forced, twisted
from gateway.lab.model.calls import Call
from gateway.lab.model.pacing import Pace, Stream, wait_until
from gateway.lab.model.script import Model, Script
from gateway.lab.model.seen import Seen, read
from gateway.lab.model.troubles import Armed, Trouble
from gateway.lab.model.wire import Answer, ChatRequest, Refusal, decode, tokens_of

if TYPE_CHECKING:
    from gateway.lab.model.lab import ModelLab

SLOW_S: Final = 5.0
THROTTLED_S: Final = 1.0


class Chatting:
    """The chats of one stand-in."""

    def __init__(self, lab: ModelLab) -> None:
        self._lab = lab

    async def answer(self, request: web.Request, call: Call, closing: asyncio.Event) -> web.StreamResponse:
        """Answer one request, whole or as a stream."""
        started = asyncio.get_running_loop().time()
        raw = await request.read()
        asked: ChatRequest = decode(raw, ChatRequest)
        asked = msgspec.structs.replace(asked, model=request.match_info.get("model", asked.model))
        call.asked(asked.model, raw)
        _check(asked)
        model = served(self._lab.script, asked.model)
        seen = read(asked)
        call.purpose = seen.purpose
        answer, armed = self._answered(seen, asked, call)
        reply = _reply(asked, answer, armed, name=f"lab{call.number}")
        pace = self._pace(answer, model, armed)
        if asked.stream:
            out = Stream(request, pace, closing, started=started)
            call.writes = out.writes
            return await self._stream(reply, out)
        await wait_until(request, started + _whole_s(reply, pace), closing)
        return web.json_response(chat.whole(reply))

    def _answered(self, seen: Seen, asked: ChatRequest, call: Call) -> tuple[Answer, Armed | None]:
        """What is said, and what goes wrong with it: a trouble that was switched on, else the rule's own."""
        armed = self._lab.troubles.take(asked.model)
        call.trouble = armed.trouble if armed else None
        refuse(armed)
        chosen = self._chosen(seen, armed)
        call.rule = chosen.rule
        if armed is None and chosen.trouble is not None:
            armed = chosen.trouble
            call.trouble = armed.trouble
            refuse(armed)
        answer = chosen.answer if armed is None else twisted(chosen.answer, armed.trouble, seen)
        if armed is None or armed.trouble is not Trouble.UNKNOWN_TOOL:
            answer = forced(answer, seen, asked.tool_choice)
        call.said = answer.text or ", ".join(f"{wish.name}({wish.arguments})" for wish in answer.wishes)
        return answer, armed

    def _chosen(self, seen: Seen, armed: Armed | None) -> Chosen:
        if self._lab.is_puppet or (armed is not None and armed.trouble is Trouble.PUPPET):
            return Chosen(answer=puppet.obey(seen, is_cunning=self._lab.is_cunning), rule="puppet")
        chosen = self._lab.reader.answer(seen)
        if armed is None and chosen.trouble is not None and chosen.trouble.trouble is Trouble.PUPPET:
            return Chosen(
                answer=puppet.obey(seen, is_cunning=self._lab.is_cunning), rule=chosen.rule, trouble=chosen.trouble
            )
        return chosen

    def _pace(self, answer: Answer, model: Model, armed: Armed | None) -> Pace:
        """The rule's pace, else the model's, else the script's."""
        script = self._lab.script
        first_s = _first(answer.first_s, model.first_token_s, script.first_token_s)
        if armed is not None and armed.trouble is Trouble.SLOW_FIRST:
            first_s = _first(armed.seconds, SLOW_S)
        return Pace(first_s, _first(answer.tokens_per_s, model.tokens_per_s, script.tokens_per_s))

    async def _stream(self, reply: chat.Reply, out: Stream) -> web.StreamResponse:
        try:
            await chat.stream(reply, out)
        finally:
            self._lab.calls.lags.extend(out.lags)
        return out.response


def served(script: Script, name: str) -> Model:
    """A model that exists; else the API's 404."""
    known = script.served
    if known and name not in known:
        raise Refusal(
            404, f"The model `{name}` does not exist or you do not have access to it.", code="model_not_found"
        )
    return known.get(name) or Model(id=name)


def refuse(armed: Armed | None) -> None:
    """Play a trouble that leaves no answer."""
    match armed.trouble if armed else None:
        case Trouble.OUTAGE:
            raise chat.Broken
        case Trouble.UNAUTHORIZED:
            raise unauthorized(True)
        case Trouble.SERVER_ERROR:
            raise Refusal(500, "The server had an error while processing your request.", kind="server_error")
        case Trouble.THROTTLED:
            after = THROTTLED_S if armed is None or armed.seconds is None else armed.seconds
            raise Refusal(
                429,
                "Rate limit reached for requests",
                kind="requests",
                code="rate_limit_exceeded",
                headers={"Retry-After": f"{after:g}", "retry-after-ms": f"{after * 1_000:.0f}"},
            )


def unauthorized(is_given: bool) -> Refusal:
    """The 401 of a wrong key, or of none."""
    said = "Incorrect API key provided." if is_given else "You didn't provide an API key."
    return Refusal(401, said, code="invalid_api_key" if is_given else None)


def _reply(asked: ChatRequest, answer: Answer, armed: Armed | None, *, name: str) -> chat.Reply:
    return chat.Reply(
        id=name,
        model=asked.model,
        answer=answer,
        prompt_tokens=tokens_of(asked),
        most_tokens=asked.max_completion_tokens or asked.max_tokens,
        wants_usage=bool(asked.stream_options and asked.stream_options.include_usage),
        trouble=armed,
    )


def _check(asked: ChatRequest) -> None:
    """What the API refuses in a well-formed body."""
    if not asked.messages:
        raise Refusal(400, "[] is too short - 'messages'", param="messages")
    if asked.n is not None and asked.n != 1:
        raise Refusal(400, "This stand-in gives one choice: 'n' must be 1.", param="n")
    if asked.tool_choice not in (None, "none", "auto") and not asked.tools:
        raise Refusal(400, "'tool_choice' is only allowed when 'tools' are specified.", param="tool_choice")
    calls = {call.id for message in asked.messages for call in message.tool_calls or ()}
    answered = {message.tool_call_id for message in asked.messages if message.role == "tool"}
    if not answered <= calls:
        said = "Messages with role 'tool' must be a response to a preceding message with 'tool_calls'."
        raise Refusal(400, said, param="messages")
    if not calls <= answered:
        said = "An assistant message with 'tool_calls' must be followed by messages that answer each 'tool_call_id'."
        raise Refusal(400, said, param="messages")


def _whole_s(reply: chat.Reply, pace: Pace) -> float:
    """How long an answer takes that comes at once: as long as its stream would, with its trouble."""
    held = 0.0
    match reply.trouble.trouble if reply.trouble else None:
        case Trouble.CUT:
            raise chat.Broken
        case Trouble.STALL if reply.trouble:
            held = _first(reply.trouble.seconds, chat.STALL_S)
    return pace.first_s + held + (reply.counted["completion_tokens"] / pace.per_s if pace.per_s > 0 else 0.0)


def _first(*values: float | None) -> float:
    return next((value for value in values if value is not None), 0.0)
