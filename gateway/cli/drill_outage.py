"""The drill ``model-outage``: the ladder from the strong model down to people and back, each rung asked for real over HTTP."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from time import perf_counter
from typing import Final

from rich.console import Console

from config import Settings, Tenant
from core.trace import Trace
from gateway.cli.chat_client import ChatClient, ChatFailed
from gateway.cli.drill_questions import Questions, questions_for
from gateway.cli.drill_stage import Stage, stage, tenant_of
from gateway.cli.replay_run import turns_of

LIMIT_S: Final = 10.0
"""Until then the customer must have read a first word, whatever is down."""

ANSWER_LIMIT_S: Final = 45.0
BACK_TRIES: Final = 4
SILENT_S: Final = 600.0
TROUBLES: Final = {"silent": "slow_first", "refused": "outage", "errors": "server_error"}
QUOTED: Final = "quoted from the pages"
PEOPLE: Final = "people, with a message"
FIRST_WORDS: Final = ("token", "escalation_confirmed")


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """One question as the customer saw it, and its record."""

    said: str
    first_word_s: float | None
    owner: str
    trace: Trace | None

    @property
    def written_by(self) -> str | None:
        """The stand-in that wrote the answer."""
        steps = {} if self.trace is None else self.trace.steps
        calls = [call for call in steps.get("models", {}).get("calls", ()) if call["purpose"] == "answer"]
        wrote = [str(call["model"]) for call in calls if "usage" in call]
        return wrote[-1] if wrote and steps.get("write", {}).get("released") else None

    @property
    def is_quoted(self) -> bool:
        """Whether it was quoted, with a source."""
        return self.written_by is None and self.trace is not None and bool(self.trace.outcome.citations)

    @property
    def is_with_people(self) -> bool:
        """Whether people have it, and the customer was told."""
        return self.owner in ("queue", "human") and bool(self.said)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rung:
    """One question of the drill: which stand-ins are down, what is asked, and what must come of it."""

    name: str
    expected: str
    down: tuple[str, ...]
    question: str
    holds: Callable[[Heard], bool]
    tries: int = 1
    preferred: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """What came of a rung."""

    rung: Rung
    got: str
    said: str
    first_word_s: float | None
    held: bool
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Drilled:
    """The whole drill."""

    tenant: str
    rungs: tuple[Ended, ...]
    notes: tuple[str, ...]

    @property
    def held(self) -> bool:
        """Whether every rung held."""
        return all(ended.held for ended in self.rungs)


async def drill(settings: Settings, wanted: str | None, question: str | None, how: str, *, console: Console) -> Drilled:
    """Hold it; ``NoDrill`` when it cannot be held."""
    tenant = tenant_of(settings, wanted)
    with console.status("setting the stage") as status:
        async with stage(settings, tenant) as on:
            questions = await questions_for(on, tenant, question)
            ended = []
            for rung in rungs(on, questions):
                status.update(rung.name)
                ended.append(await _climb(on, rung, how))
            return Drilled(tenant=tenant.id, rungs=tuple(ended), notes=tuple(_notes(on, tenant, questions)))


def _notes(on: Stage, tenant: Tenant, questions: Questions) -> Iterator[str]:
    yield from on.notes
    yield f"Asked: “{questions.answered}”, and for nothing to quote “{questions.unknown}”."
    left_out = [name for name in ("tools", "flows", "experiments") if getattr(tenant, name)]
    if left_out:
        yield f"Left out of the drill: {', '.join(left_out)}; every question went to the strong model first."
    if len(on.names) == 1:
        yield "There is one model and no other to fall back to: add a second choice or the role fast (docs/models.md)."


def rungs(on: Stage, questions: Questions) -> Iterator[Rung]:
    """The ladder, from top to bottom and up again."""
    names, first = on.names, on.names[0]
    ask, first_role = questions.answered, next(iter(on.chain.values()))

    def by(*allowed: str) -> Callable[[Heard], bool]:
        return lambda heard: heard.written_by in allowed

    yield Rung(name="all is well", expected=on.real[first], down=(), question=ask, holds=by(first))
    if len(names) > 1:
        yield Rung(
            name="the first model is down",
            expected="written by the next",
            down=(first,),
            question=ask,
            holds=by(*names[1:]),
            preferred=names[1:2],
        )
    rest = names[len(first_role) :]
    if len(first_role) > 1 and rest:
        yield Rung(
            name="its whole role is down",
            expected="written by the other role",
            down=first_role,
            question=ask,
            holds=by(*rest),
        )
    yield Rung(name="no model answers", expected=QUOTED, down=names, question=ask, holds=lambda heard: heard.is_quoted)
    yield Rung(
        name="and nothing to quote",
        expected=PEOPLE,
        down=names,
        question=questions.unknown,
        holds=lambda heard: heard.is_with_people,
    )
    yield Rung(
        name="models are back", expected=on.real[first], down=(), question=ask, holds=by(first), tries=BACK_TRIES
    )


async def _climb(on: Stage, rung: Rung, how: str) -> Ended:
    """Set what is down, ask, and see; a model that was left alone may need a moment until it is asked again."""
    on.lab.calm()
    for name in rung.down:
        on.lab.troubles.add(TROUBLES[how], times=None, seconds=SILENT_S, model=name)
    for number in range(1, rung.tries + 1):
        heard = await _heard(on, rung.question)
        ended = _ended(on, rung, heard)
        if ended.held:
            return replace(ended, note=f"asked {number} times") if number > 1 else ended
        if number < rung.tries:
            await asyncio.sleep(0.5 * number)  # an open breaker rests a second on this stage
    return ended


def _ended(on: Stage, rung: Rung, heard: Heard) -> Ended:
    is_in_time = heard.first_word_s is not None and heard.first_word_s <= LIMIT_S
    held = rung.holds(heard) and is_in_time
    note = ""
    if held and rung.preferred and heard.written_by not in rung.preferred:
        note = (
            f"{on.real[rung.preferred[0]]} was not asked in time: the first model may use up 70 % of "
            "`engine.converse.patience_s`; give it a `first_s` well below that"
        )
    elif rung.holds(heard) and not is_in_time:
        note = f"right, but later than {LIMIT_S:.0f} s: lower `engine.converse.patience_s`"
    got = _got(on, heard)
    return Ended(rung=rung, got=got, said=heard.said, first_word_s=heard.first_word_s, held=held, note=note)


def _got(on: Stage, heard: Heard) -> str:
    if heard.written_by is not None:
        return on.real.get(heard.written_by, heard.written_by)
    if heard.is_with_people:
        return PEOPLE
    if heard.is_quoted:
        return QUOTED
    return "our own words" if heard.said else "nothing"


async def _heard(on: Stage, question: str) -> Heard:
    """Ask as a new visitor, and read the record of the turn."""
    said, first, owner, conv = "", None, "", ""
    started = perf_counter()
    async with ChatClient(on.url) as client:
        try:
            async with asyncio.timeout(ANSWER_LIMIT_S):
                async for event in client.ask(question):
                    if event.name in FIRST_WORDS and first is None:
                        first = perf_counter() - started
                    if event.name == "token":
                        said = event.data["text"] if event.data.get("replace") else said + event.data["text"]
                    elif event.name == "escalation_confirmed":
                        said = f"{said}\n{event.data['notice']}".strip()
                    elif event.name == "done":
                        owner, conv = event.data["owner"], event.data["conv_id"]
        except (TimeoutError, ChatFailed):
            owner = "nobody"
    return Heard(said=said, first_word_s=first, owner=owner, trace=await _trace(on, conv))


async def _trace(on: Stage, conv: str) -> Trace | None:
    turns = await turns_of(on.serving.world.services.store, [on.tenant.id], conv) if conv else None
    return turns.turns[-1][1] if turns is not None and turns.turns else None
