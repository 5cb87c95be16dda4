"""Serial per key, parallel across keys, nothing forgotten."""

from __future__ import annotations

import asyncio

from gateway.workers import KeyedWorkers


class Recorder:
    """Work that can be held open and tells who ran beside whom."""

    def __init__(self) -> None:
        self.runs: list[str] = []
        self.inside: set[str] = set()
        self.most_parallel = 0
        self.gate = asyncio.Event()
        self.gate.set()
        self.started = asyncio.Event()
        self.all_done = asyncio.Event()
        self.expected = 0
        self.fail_first: set[str] = set()

    async def work(self, key: str) -> None:
        assert key not in self.inside, "one key in two hands"
        self.inside.add(key)
        self.most_parallel = max(self.most_parallel, len(self.inside))
        self.runs.append(key)
        self.started.set()
        await self.gate.wait()
        self.inside.discard(key)
        if len(self.runs) >= self.expected:
            self.all_done.set()
        if key in self.fail_first:
            self.fail_first.discard(key)
            raise RuntimeError("a bug")


async def test_a_key_woken_while_it_runs_runs_once_more() -> None:
    recorder = Recorder()
    recorder.expected = 2
    recorder.gate.clear()
    workers = KeyedWorkers("t", recorder.work, parallel=4)
    await workers.start()
    workers.wake("a")
    await recorder.started.wait()
    for _ in range(5):
        workers.wake("a")
    recorder.gate.set()
    await recorder.all_done.wait()
    await workers.stop(drain_s=1)
    assert recorder.runs == ["a", "a"]


async def test_keys_run_beside_each_other_up_to_the_bound() -> None:
    recorder = Recorder()
    recorder.expected = 20
    workers = KeyedWorkers("t", recorder.work, parallel=3)
    await workers.start()
    recorder.gate.clear()
    for i in range(20):
        workers.wake(str(i))
    await recorder.started.wait()
    recorder.gate.set()
    await recorder.all_done.wait()
    await workers.stop(drain_s=1)
    assert sorted(recorder.runs, key=int) == [str(i) for i in range(20)]
    assert recorder.most_parallel == 3


async def test_a_bug_in_one_key_is_tried_again_and_harms_no_neighbour() -> None:
    recorder = Recorder()
    recorder.expected = 3
    recorder.fail_first = {"bad"}
    workers = KeyedWorkers("t", recorder.work, parallel=1, mend_s=0.001)
    await workers.start()
    workers.wake("bad")
    workers.wake("good")
    await recorder.all_done.wait()
    await workers.stop(drain_s=1)
    assert recorder.runs.count("bad") == 2
    assert recorder.runs.count("good") == 1


async def test_an_earlier_wake_up_stands_and_a_burst_runs_once() -> None:
    recorder = Recorder()
    recorder.expected = 1
    workers = KeyedWorkers("t", recorder.work, parallel=1)
    await workers.start()
    workers.wake("a", delay_s=3600)
    workers.wake("a", delay_s=0.001)
    workers.wake("a", delay_s=3600)
    await asyncio.wait_for(recorder.all_done.wait(), 5)
    await workers.stop(drain_s=1)
    assert recorder.runs == ["a"]


async def test_hold_takes_nothing_until_release() -> None:
    recorder = Recorder()
    recorder.expected = 2
    workers = KeyedWorkers("t", recorder.work, parallel=2)
    await workers.start()
    workers.hold()
    workers.wake("a")
    workers.wake("b")
    assert workers.waiting_count == 2
    assert recorder.runs == []
    workers.release()
    await asyncio.wait_for(recorder.all_done.wait(), 5)
    await workers.stop(drain_s=1)


async def test_stop_finishes_what_is_in_hand_and_is_safe_twice() -> None:
    recorder = Recorder()
    recorder.expected = 1
    workers = KeyedWorkers("t", recorder.work, parallel=1)
    await workers.stop(drain_s=1)
    await workers.start()
    recorder.gate.clear()
    workers.wake("a")
    workers.wake("b")
    await recorder.started.wait()
    stopping = asyncio.create_task(workers.stop(drain_s=5))
    recorder.gate.set()
    await stopping
    await workers.stop(drain_s=1)
    assert recorder.runs == ["a"]
    workers.wake("c")
    assert workers.waiting_count == 0


async def test_stop_cancels_what_does_not_finish() -> None:
    recorder = Recorder()
    workers = KeyedWorkers("t", recorder.work, parallel=1)
    await workers.start()
    recorder.gate.clear()
    workers.wake("a")
    await recorder.started.wait()
    await workers.stop(drain_s=0.01)
    assert recorder.inside == {"a"}
