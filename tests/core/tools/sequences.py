"""Random sequences of tool calls against the shop: whatever a model wishes, whenever processes race or die.

The normal run does a few hundred; ``python -m tests.core.tools.sequences [HOW MANY]`` does ten thousand.
"""

from __future__ import annotations

import asyncio
import sys
from collections import Counter
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from time import perf_counter
from typing import Any

import msgspec
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from core.domain import Contact
from core.tools.arguments import canonical
from tests.core.tools.dice import ANSWERS, Dice
from tests.core.tools.world import (
    ANNA,
    BERT,
    ORDERS,
    WHATSAPP,
    Crash,
    Desk,
    House,
    Point,
    Stage,
    undisturbed,
)

PER_CALL = {"initiate_refund": 100, "give_credit": 20}
PER_DAY = {"initiate_refund": 150, "give_credit": 30}
CALLS_PER_DAY = {"initiate_refund": 4, "give_credit": 3, "request_callback": 2}
UNASKED = {"give_credit", "update_address", "request_callback"}
DEPTH = 12
SEEN: Counter[str] = Counter()
"""What happened in all runs of this process: a machine in which nothing happens proves nothing."""


_dice = st.integers(0, 2**24 - 1)
"""The small choices of an action come from a seed: drawn one by one they would be far less even, and slower."""

_rooms = st.sampled_from(["one", "two", "three"])


@dataclass(slots=True)
class Room:
    """A conversation: who is in it, its turn, and the question that is open."""

    name: str
    contact: Contact
    is_untrusted: bool = False
    turn: int = 0
    step: int = 0
    pending: Any = None

    @property
    def turn_id(self) -> str:
        return f"{self.name}{self.turn}"


def _orders_of(contact: Contact, arguments: dict[str, Any]) -> dict[str, Any]:
    """ "mine" and "other" as the shop's numbers."""
    mine, other = ("2001", "1001") if contact is BERT else ("1001", "2001")
    numbers = {"mine": mine, "other": other}
    return {name: numbers[order] for name, order in arguments.items() if order in ("mine", "other")}


Work = Callable[[Point], Coroutine[Any, Any, Any]]


class Shopping(RuleBasedStateMachine):
    """Three conversations of any contacts, many turns, processes that race and die; the shop's books must balance."""

    house = House()

    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.new_event_loop()
        self.desk = Desk(self.house)
        self.rooms = {name: Room(name, ANNA) for name in ("one", "two", "three")}
        self.accounts: dict[str, Contact] = {}
        self.agreed: set[str] = set()
        self.told: dict[str, Any] = {}
        self.until: dict[str, datetime] = {}
        self.untrusted: dict[str, bool] = {}

    def teardown(self) -> None:
        self.loop.close()
        SEEN["sequences"] += 1
        SEEN.update(effect.tool for effect in self.desk.world.effects)
        SEEN.update(outcome.state for outcome in self.told.values())

    @initialize(dice=_dice)
    def enter(self, dice: int) -> None:
        luck = Dice(dice)
        for room in self.rooms.values():
            room.contact, room.is_untrusted = luck.person()

    @rule(name=_rooms, dice=_dice)
    def sign_in(self, name: str, dice: int) -> None:
        """Somebody else sits down, with the question still open."""
        room = self._next_turn(name)
        room.contact, room.is_untrusted = Dice(dice).person()

    @rule(name=_rooms)
    def new_turn(self, name: str) -> None:
        self._next_turn(name)

    @rule(minutes=st.sampled_from([1, 9, 11, 60 * 25]))
    def wait(self, minutes: int) -> None:
        self.desk.world.wait(minutes=minutes)

    @rule(name=_rooms, dice=_dice)
    def ask(self, name: str, dice: int) -> None:
        """A few calls of one process, perhaps dying; the replay's model wishes for something else."""
        room, luck = self.rooms[name], Dice(dice)
        for _ in range(luck.randint(1, 4)):
            self._next_step(room)
            works = [self._call(room, luck.wish())]
            self._run(room, f"tool.{room.step}", works, self._call(room, luck.wish()), luck)

    @rule(name=_rooms, dice=_dice)
    def ask_again(self, name: str, dice: int) -> None:
        """The same, or nearly, twice in one turn."""
        room, luck = self._next_turn(name), Dice(dice)
        wish = luck.wish()
        for _ in range(2):
            self._next_step(room)
            work = self._call(room, wish)
            self._run(room, f"tool.{room.step}", [work], work, luck)

    @rule(name=_rooms, dice=_dice)
    def ask_twice_at_once(self, name: str, dice: int) -> None:
        """Two processes believe that they hold the lane."""
        room, luck = self.rooms[name], Dice(dice)
        self._next_step(room)
        wish = luck.wish()
        works = [self._call(room, wish), self._call(room, luck.choice((wish, luck.wish())))]
        self._run(room, f"tool.{room.step}", works, works[1], luck)

    @rule(dice=_dice)
    def credit_in_all_rooms_at_once(self, dice: int) -> None:
        rooms, works, luck = list(self.rooms.values()), [], Dice(dice)
        for room in rooms:
            self._next_step(room)
            works.append(self._call(room, ("give_credit", {"amount": luck.choice((10, 20, 20))})))
        self._side_by_side(rooms, [f"tool.{room.step}" for room in rooms], works, luck)

    @rule(dice=_dice)
    def refund_in_all_rooms_at_once(self, dice: int) -> None:
        """Each is asked for, each is agreed to, and all run together."""
        rooms, steps, works, luck = [], [], [], Dice(dice)
        for room in self.rooms.values():
            self._next_turn(room.name).step = 1
            amount = luck.choice((30, 60, 90, 100))
            outcome = self._alone(self._call(room, ("initiate_refund", {"order_id": "mine", "amount": amount})))
            if outcome.state == "waiting":
                room.pending = outcome.pending
                self.until[outcome.pending.key] = outcome.pending.expires_at
                self._next_turn(room.name)
                self.agreed.add(room.pending.key)
                rooms.append(room)
                steps.append(f"confirmed.{room.pending.nonce}")
                works.append(self._confirm(room, room.pending, None))
        self._side_by_side(rooms, steps, works, luck)

    @rule(name=_rooms, dice=_dice)
    def refund(self, name: str, dice: int) -> None:
        """A question, and the contact's next message."""
        room, luck = self._next_turn(name), Dice(dice)
        room.step = 1
        work = self._call(room, luck.refund())
        self._run(room, "tool.1", [work], work, luck)
        self._answer(room, luck)

    @rule(name=_rooms, dice=_dice)
    def answer(self, name: str, dice: int) -> None:
        """An answer to whatever was asked last, perhaps answered before, perhaps by somebody else now."""
        self._answer(self.rooms[name], Dice(dice))

    def _answer(self, room: Room, luck: Dice) -> None:
        pending = room.pending
        if pending is None:
            return
        self._next_turn(room.name)
        said = luck.choice(ANSWERS)
        text = {
            "yes": "yes",
            "right": f"yes {pending.nonce}",
            "wrong": f"yes {int(pending.nonce) + 1}",
            "button": (*self.house.confirming.choices(pending, "de"), "")[0],
            "no": "no",
        }[said]
        agrees = type(self.house.confirming.heard(text, pending)).__name__ == "Agreed"
        assert agrees == (said in ("right", "button") and pending.by == "customer")
        if agrees:
            self.agreed.add(pending.key)
            work = self._confirm(room, pending, None)
            self._run(room, f"confirmed.{pending.nonce}", [work], work, luck)

    @rule(name=_rooms, dice=_dice)
    def approve(self, name: str, dice: int) -> None:
        """An agent is asked; two processes hear the answer, or somebody claims one without an agent."""
        room, luck = self._next_turn(name), Dice(dice)
        room.step = 1
        work = self._call(room, ("close_account", {}))
        self._run(room, "tool.1", [work], work, luck)
        pending = room.pending
        if pending is None or pending.by == "customer":
            return
        self._next_turn(name)
        agent = luck.choice(("kim", "kim", None))
        if agent:
            self.agreed.add(pending.key)
        work = self._confirm(room, pending, agent)
        self._run(room, f"confirmed.{pending.nonce}", [work, work], work, luck)

    @invariant()
    def every_effect_is_within_the_policy(self) -> None:
        intents = self._intents()
        for effect in self.desk.world.effects:
            turn, _ = intents[effect.key]
            contact = self.accounts[turn]
            if effect.tool == "request_callback":
                assert effect.arguments["phone"] == contact.id.partition(":")[2]
                assert contact is WHATSAPP
                continue
            assert contact.verified
            assert effect.arguments["customer_account"] == contact.customer_account
            assert "customer_id" not in str(effect.arguments)
            if effect.tool not in UNASKED or self.untrusted[turn]:
                assert effect.key in self.agreed
                assert effect.at < self.until[effect.key]
            if order := effect.arguments.get("order_id"):
                assert ORDERS[order] == contact.customer_account

    @invariant()
    def limits_hold(self) -> None:
        used: dict[tuple[str, str, str], list[Decimal]] = {}
        for effect in self.desk.world.effects:
            who = str(effect.arguments.get("customer_account") or effect.arguments.get("phone"))
            amount = effect.arguments.get("amount", 0)
            assert amount <= PER_CALL.get(effect.tool, 0)
            assert type(amount) in (int, float)
            used.setdefault((effect.tool, who, effect.at.date().isoformat()), []).append(Decimal(str(amount)))
        for (tool, _, _), amounts in used.items():
            assert sum(amounts) <= PER_DAY.get(tool, 0)
            assert len(amounts) <= CALLS_PER_DAY.get(tool, 10**6)

    @invariant()
    def nothing_happens_twice(self) -> None:
        seen = set()
        intents = self._intents()
        for effect in self.desk.world.effects:
            turn, _ = intents[effect.key]
            once = (turn, effect.tool, canonical(effect.arguments))
            assert once not in seen
            seen.add(once)

    @invariant()
    def what_is_told_is_true(self) -> None:
        happened = {effect.key for effect in self.desk.world.effects}
        for outcome in self.told.values():
            if outcome.state == "done" and outcome.tool not in ("lookup_order", "search_catalogue"):
                assert outcome.key in happened
            if outcome.state == "failed" and outcome.is_certain:
                assert outcome.key not in happened

    def _intents(self) -> dict[str, tuple[str, Any]]:
        """Every recorded call by its key, with the turn that made it."""
        found: dict[str, tuple[str, Any]] = {}
        for turn, rows in self.desk.world.journals.items():
            for step, raw in rows.items():
                body = msgspec.json.decode(raw) if step.endswith(".intent") else {}
                if "arguments" in body:
                    found[body["key"]] = (turn, body)
        return found

    def _next_turn(self, name: str) -> Room:
        room = self.rooms[name]
        room.turn, room.step = room.turn + 1, 0
        return room

    def _next_step(self, room: Room) -> None:
        """Up to one more than a turn may have."""
        if room.step > 5:
            self._next_turn(room.name)
        room.step += 1

    def _session(self, room: Room) -> Any:
        self.accounts[room.turn_id] = room.contact
        self.untrusted[room.turn_id] = room.is_untrusted
        return self.desk.session(
            room.contact, conv=room.name, turn_id=room.turn_id, untrusted=room.is_untrusted, account=room.name
        )

    def _call(self, room: Room, wish: Any) -> Work:
        session, step = self._session(room), room.step
        tool, arguments = wish
        arguments = arguments | _orders_of(room.contact, arguments)
        return lambda point: self.desk.call(tool, arguments, session=session, step=step, point=point)

    def _confirm(self, room: Room, pending: Any, agent: str | None) -> Work:
        session = self._session(room)
        return lambda point: self.desk.confirm(pending, session=session, approved_by=agent, point=point)

    def _stage(self, works: list[Work], deaths: dict[int, int], seed: int) -> list[Any]:
        stage = Stage(seed, deaths)
        outcomes = self.loop.run_until_complete(stage.run(*(work(stage.point(n)) for n, work in enumerate(works))))
        self.desk.world.faults.clear()
        return outcomes

    def _alone(self, work: Work) -> Any:
        outcome = self.loop.run_until_complete(work(undisturbed))
        self.desk.world.faults.clear()
        return outcome

    def _side_by_side(self, rooms: list[Room], steps: list[str], works: list[Work], luck: Dice) -> None:
        self.desk.world.faults = luck.faults()
        outcomes = self._stage(works, luck.deaths(), luck.getrandbits(16))
        for room, step, work, outcome in zip(rooms, steps, works, outcomes, strict=True):
            again = self._alone(work) if isinstance(outcome, Crash) else outcome
            self._settle(room, step, again, work)

    def _run(self, room: Room, step: str, works: list[Work], replay: Work, luck: Dice) -> None:
        self.desk.world.faults = luck.faults()
        outcomes = self._stage(works, luck.deaths(), luck.getrandbits(16))
        alive = [outcome for outcome in outcomes if not isinstance(outcome, Crash)]
        for outcome in alive or [self._alone(replay)]:
            self._settle(room, step, outcome, replay)

    def _settle(self, room: Room, step: str, outcome: Any, replay: Work) -> None:
        """A settled step stays as it is: whatever is wished for in its place, nothing more happens."""
        before = len(self.desk.world.effects)
        again = self._alone(replay)
        if room.step <= 5:
            assert again == outcome
        assert len(self.desk.world.effects) == before
        if outcome.state == "waiting":
            room.pending = outcome.pending
            self.until[outcome.pending.key] = outcome.pending.expires_at
        self.told[f"{room.turn_id}.{step}"] = outcome


def run(sequences: int, machine: type[Shopping] = Shopping, *, shrinks: bool = True) -> None:
    """Run so many random sequences, the same ones every time; ``shrinks`` looks for the shortest that fails."""
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=sequences,
            stateful_step_count=DEPTH,
            deadline=None,
            derandomize=True,
            database=None,
            phases=(Phase.generate, Phase.shrink) if shrinks else (Phase.generate,),
            report_multiple_bugs=False,
            suppress_health_check=list(HealthCheck),
        ),
    )


class Telling(Shopping):
    """Says how far the big run is."""

    def teardown(self) -> None:
        super().teardown()
        if SEEN["sequences"] % 500 == 0:
            print(f"{SEEN['sequences']} …", flush=True)


def main() -> None:
    """The big run."""
    sequences = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    before = perf_counter()
    run(sequences, Telling)
    print(f"{sequences} sequences of up to {DEPTH} actions: every book balanced ({perf_counter() - before:.0f} s)")
    print(", ".join(f"{name} {count}" for name, count in sorted(SEEN.items())))


if __name__ == "__main__":
    main()
