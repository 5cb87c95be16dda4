"""A breaker's life, by a clock that is moved by hand."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from core.models_settings import BreakerSettings, RetrySettings
from core.providers.models.breaker import Breaker, Permit, State
from core.providers.models.errors import Code
from core.providers.models.retries import RetryBudget
from tests.core.providers.models.world import Clock


def made(clock: Clock, failures: int = 3) -> tuple[Breaker, list[State]]:
    moves: list[State] = []
    return Breaker(BreakerSettings(failures=failures, open_s=10.0), clock=clock, on_change=moves.append), moves


def enter(breaker: Breaker) -> Permit:
    permit = breaker.enter()
    assert isinstance(permit, Permit)
    return permit


def test_failures_in_a_row_open_it_and_one_probe_closes_it() -> None:
    clock = Clock()
    breaker, moves = made(clock)
    for _ in range(2):
        enter(breaker).failed()
    enter(breaker).succeeded()
    for _ in range(3):
        assert breaker.state is State.CLOSED
        enter(breaker).failed()
    assert breaker.enter() is Code.OPEN_BREAKER
    clock.now += 10
    assert breaker.state is State.HALF_OPEN
    probe = enter(breaker)
    assert breaker.enter() is Code.OPEN_BREAKER, "one probe only"
    probe.succeeded()
    enter(breaker).succeeded()
    assert moves == [State.OPEN, State.HALF_OPEN, State.CLOSED]


def test_a_failed_probe_opens_it_for_another_while() -> None:
    clock = Clock()
    breaker, moves = made(clock)
    enter(breaker).failed(at_once=True)
    clock.now += 10
    enter(breaker).failed()
    assert breaker.enter() is Code.OPEN_BREAKER
    clock.now += 10
    assert isinstance(breaker.enter(), Permit)
    assert moves == [State.OPEN, State.HALF_OPEN, State.OPEN, State.HALF_OPEN]


def test_a_cancelled_probe_leaves_room_for_the_next() -> None:
    clock = Clock()
    breaker, _ = made(clock)
    enter(breaker).failed(at_once=True)
    clock.now += 10
    enter(breaker).released()
    enter(breaker).succeeded()
    assert breaker.state is State.CLOSED


def test_a_late_success_from_before_does_not_close_it() -> None:
    clock = Clock()
    breaker, _ = made(clock)
    late = enter(breaker)
    enter(breaker).failed(at_once=True)
    late.succeeded()
    assert breaker.enter() is Code.OPEN_BREAKER


def test_a_rest_is_kept_to_the_second() -> None:
    clock = Clock()
    breaker, _ = made(clock)
    breaker.rest(7.0)
    breaker.rest(2.0)
    assert breaker.enter() is Code.RATE_LIMITED
    clock.now += 6.9
    assert breaker.enter() is Code.RATE_LIMITED
    clock.now += 0.2
    assert isinstance(breaker.enter(), Permit)


@given(st.lists(st.tuples(st.sampled_from(["enter", "ok", "fail", "release"]), st.floats(0, 12)), max_size=60))
def test_never_more_than_one_call_while_it_is_not_closed(steps: list[tuple[str, float]]) -> None:
    clock = Clock()
    breaker, _ = made(clock, failures=2)
    out: list[tuple[Permit, bool]] = []
    for step, wait in steps:
        clock.now += wait
        if step == "enter":
            was_closed = breaker.state is State.CLOSED
            permit = breaker.enter()
            if isinstance(permit, Permit):
                assert was_closed or not any(probe for _, probe in out)
                out.append((permit, not was_closed))
        elif out:
            permit, _ = out.pop(0)
            {"ok": permit.succeeded, "fail": permit.failed, "release": permit.released}[step]()
    for permit, _ in out:
        permit.released()
    clock.now += 11
    assert isinstance(breaker.enter(), Permit), "it never sticks"


def test_retries_are_a_share_of_calls() -> None:
    budget = RetryBudget(RetrySettings(share=0.1, burst=3))
    assert [budget.take() for _ in range(4)] == [True, True, True, False]
    taken = 0
    for _ in range(1000):
        budget.called()
        taken += budget.take()
    assert 95 <= taken <= 100
