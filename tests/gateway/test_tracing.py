"""Spans of the walk hang together by ids that nobody stored: over failed attempts, other processes and people's doings."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from core import ids
from core.domain import Destination, EventKind, Head, Message, Role, Voice
from core.errors import ProviderUnavailable
from core.ledger import Claimed, OpenTurn
from core.ports.engine import ReplySink as Sink
from core.ports.engine import TurnInput, TurnResult
from gateway import logs, tracing
from gateway.origins import Origins
from gateway.tracing import Span, Tracing
from gateway.turn_times import STEPS, times_of
from tests.core.conversing.test_acted import LOOKUP, ORDER_7
from tests.core.conversing.test_written import SLOW_PATH
from tests.core.conversing.world import Shop, ToldModels, abilities, ask, customer
from tests.core.world import IndexKnowledge, articles, event, index_of
from tests.gateway.stage import ACCOUNT, TENANT, RecordingChannel, ScriptedEngine, Stage, conv_of, echo, running


class FailsOnce:
    """An engine's script that breaks on its first attempt."""

    def __init__(self) -> None:
        self.tries = 0

    async def __call__(self, turn: TurnInput, sink: Sink) -> TurnResult:
        self.tries += 1
        if self.tries == 1:
            raise RuntimeError("their words: where is my parcel")
        return await echo(turn, sink)


def watched(stage: Stage, *, sample: float = 1.0) -> list[Span]:
    """The spans that a stage makes from now on."""
    spans: list[Span] = []
    made = Tracing(spans.append, sample=sample)
    stage.inbox.tracing = stage.lanes.tracing = stage.delivery.tracing = made
    stage.signals.listeners = (stage.delivery.origins.committed, made.committed)
    return spans


def named(spans: list[Span], name: str) -> list[Span]:
    return [span for span in spans if span.name == name]


def claimed(message: Message, head: Head) -> Claimed:
    """The row that says a message, as another process claims it."""
    return Claimed(
        id=f"{message.conv}#{message.seq}#0",
        tenant=TENANT,
        conv=message.conv,
        account=ACCOUNT,
        to=Destination.CHANNEL,
        voice=Voice.BOT,
        attempt=2,
        unsettled=True,
        message=message,
        signal=None,
        head=head,
    )


async def test_every_attempt_is_in_the_trace_and_deliveries_hang_on_the_one_that_was_committed(tmp_path: Path) -> None:
    async with running(tmp_path, engine=ScriptedEngine(FailsOnce())) as stage:
        spans = watched(stage)
        event = await stage.say("where is my parcel")
        await stage.settled()
    (receive,), (accept,) = named(spans, "receive"), named(spans, "accept")
    failed, committed = named(spans, "turn")
    (deliver,) = named(spans, "deliver")
    assert {span.trace for span in spans} == {ids.trace_id(event.id)}
    assert accept.parent == receive.id and failed.parent == committed.parent == accept.id
    assert (failed.attributes["frontdesk.outcome"], failed.error) == ("failed", "RuntimeError")
    assert committed.attributes["frontdesk.attempt"] == 2
    assert deliver.parent == committed.id != failed.id
    assert not [span for span in spans if "parcel" in repr(span)]


async def test_another_process_finds_the_same_trace(tmp_path: Path) -> None:
    async with running(tmp_path) as stage:
        spans = watched(stage)
        event = await stage.say("one")
        await stage.settled()
        taken = await stage.control(EventKind.AGENT_CLAIMED, agent="Sam")
        replied = await stage.control(EventKind.AGENT_REPLIED, text="Hello", agent="Sam")
        await stage.settled()
        assert taken.commit is not None and replied.commit is not None
        head = await stage.tenant.head(conv_of("t1"))
        assert head is not None
        said = {message.role: message for message in await stage.transcript()}
        elsewhere = Origins()
        answer = await elsewhere.of(claimed(said[Role.BOT], head), stage.tenant)
        reply = await elsewhere.of(claimed(said[Role.AGENT], head), stage.tenant)
        relayed = await elsewhere.of(claimed(said[Role.CONTACT], head), stage.tenant)
    assert answer.source == relayed.source == event.id and answer.at == said[Role.BOT].created_at
    assert relayed.at is None, "a contact's message has its own time, not its commit's"
    by_id = {span.id: span for span in spans}
    assert by_id[answer.parent or ""].name == "turn"
    assert by_id[reply.parent or ""].name == "control"
    assert reply.source == replied.commit.consumed[0]
    assert ids.trace_id(reply.source) in {span.trace for span in named(spans, "deliver")}


async def test_messages_answered_together_are_linked(tmp_path: Path) -> None:
    async with running(tmp_path, channel=RecordingChannel(debounce_ms=50)) as stage:
        spans = watched(stage)
        events = [await stage.say(text) for text in ("my", "order", "is late")]
        await stage.settled()
    (turn,) = named(spans, "turn")
    assert turn.trace == ids.trace_id(events[0].id)
    receipts = {(span.trace, span.id) for span in named(spans, "receive")[1:]}
    assert set(turn.links) == receipts and len(receipts) == 2


async def test_a_sample_is_the_same_everywhere_and_none_of_nothing(tmp_path: Path) -> None:
    async with running(tmp_path, start_lanes=False) as stage:
        events = [stage.event("hello", thread=f"t{number}") for number in range(200)]
    kept: list[list[Span]] = [[], [], []]
    for spans, sample in zip(kept, (0.5, 0.5, 0.0), strict=True):
        made = Tracing(spans.append, sample=sample)
        made.accepted(events, [True] * len(events), channel="web", began_ns=1, ended_ns=2)
    assert kept[0] == kept[1] and 60 < len(named(kept[0], "receive")) < 140
    assert kept[2] == []


@pytest.mark.parametrize(
    ("header", "links"),
    [
        ("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", 1),
        ("00-00000000000000000000000000000000-00f067aa0ba902b7-01", 0),
        ("00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01", 0),
        ("00-their words instead of an id", 0),
        (None, 0),
    ],
)
async def test_a_callers_trace_is_linked_and_never_the_parent(tmp_path: Path, header: str | None, links: int) -> None:
    async with running(tmp_path, start_lanes=False) as stage:
        spans = watched(stage)
        tracing.called_with({} if header is None else {tracing.HEADER: header})
        event = await stage.say("hello")
    (receive,) = named(spans, "receive")
    assert receive.parent is None and receive.trace == ids.trace_id(event.id)
    assert len(receive.links) == links


async def test_log_lines_of_the_walk_name_its_trace_without_telemetry(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    logs.configure(form="json")
    channel = RecordingChannel()
    channel.failures = [ProviderUnavailable("down", retry_after_s=0.01)]
    async with running(tmp_path, engine=ScriptedEngine(FailsOnce()), channel=channel) as stage:
        event = await stage.say("where is my parcel")
        await stage.settled()
        (turn, *_) = stage.engine.turns
    lines = {line["event"]: line for line in map(json.loads, capsys.readouterr().err.splitlines())}
    for name in ("turn_failed", "delivery_failed"):
        line = lines[name]
        assert line["trace_id"] == ids.trace_id(event.id), name
        assert (line["conv"], line["turn"]) == (event.conv, turn.turn_id)
        assert line["message"] == ids.contact_message_id(event.id)
        assert event.id not in json.dumps(line), "a caller's idempotency key may be as good as a password"


async def test_calls_of_models_and_tools_lie_in_their_steps_and_say_no_words(tmp_path: Path) -> None:
    index = index_of(tmp_path / "index", articles())
    shop = Shop({"lookup_order": ORDER_7})
    models = ToldModels({"answer": [LOOKUP, "Your order 1007 has shipped [T1]."]})
    try:
        asked = await ask(
            IndexKnowledge(index), abilities(models, shop=shop), "Where is my order 1007?", settings=SLOW_PATH
        )
    finally:
        index.close()
    times = times_of(asked.result.trace)
    assert times is not None
    assert {step.name for step in times.steps} <= set(STEPS) and {"gate", "write"} <= {s.name for s in times.steps}
    spans: list[Span] = []
    turn = OpenTurn(turn_id="t_1", attempt=1, head=customer(), events=(event("Where is my order 1007?"),))
    Tracing(spans.append).turned(TENANT, turn, outcome="committed", began_ns=1, ended_ns=2, times=times)
    (write,) = named(spans, "step.write")
    answers, (tool,) = named(spans, "model.answer"), named(spans, "tool")
    assert len(answers) == 2 and {span.parent for span in (*answers, tool)} == {write.id}
    assert (tool.attributes["frontdesk.tool"], tool.attributes["frontdesk.outcome"]) == ("lookup_order", "done")
    assert answers[1].attributes["gen_ai.usage.input_tokens"] == 10
    assert answers[0].ended_ns <= tool.began_ns + 1_000_000 and tool.ended_ns <= answers[1].began_ns + 1_000_000
    assert not [span for span in spans if "shipped" in repr(span.attributes) or "1007" in repr(span.attributes)]
