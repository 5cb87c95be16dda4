"""Pieces come at their time: none early, none lost, many streams at once, and a process of its own."""

from __future__ import annotations

import asyncio
import signal
import subprocess
import sys
import urllib.request
from itertools import pairwise

from gateway.lab.model.wire import pieces
from tests.lab.model.load import read_streams
from tests.lab.model.served import asked, events, served, words_of

TEXT = "One two three four five six seven eight nine ten eleven twelve."
STREAMS = 200


async def test_pieces_come_one_by_one_and_never_early() -> None:
    script = {"first_token_s": 0.1, "tokens_per_s": 50, "default": {"text": TEXT}}
    count = len(pieces(TEXT))
    async with served(script) as lab:
        now = asyncio.get_running_loop().time
        started, at, chunks = now(), [], []
        async with lab.raw(asked("x", stream=True)) as response:
            async for event in events(response):
                at.append(now() - started)
                chunks.append(event)
    assert words_of(chunks) == TEXT
    for number, moment in enumerate(at[: count + 1]):
        assert moment >= 0.1 + number / 50 - 0.002
    assert all(later >= earlier for earlier, later in pairwise(at))


async def test_the_rules_pace_goes_before_the_models_and_that_before_the_scripts() -> None:
    script = {
        "tokens_per_s": 1_000,
        "models": [{"id": "slow", "first_token_s": 0.2}, "lab-strong"],
        "rules": [{"when": {"words": "rule"}, "then": {"text": "x", "first_token_s": 0.4}}],
        "default": {"text": "x"},
    }

    async def takes(words: str, model: str) -> float:
        now = asyncio.get_running_loop().time
        started = now()
        await lab.client.chat.completions.create(**{**asked(words), "model": model})
        return now() - started

    async with served(script) as lab:
        assert await takes("x", "slow") >= 0.2
        assert await takes("rule", "slow") >= 0.4


async def test_two_hundred_streams_at_once_lose_nothing() -> None:
    """How late their pieces are is measured by ``python -m tests.lab.model.load``; a busy machine is no fault of ours."""
    text = "word " * 40
    script = {"first_token_s": 0.3, "tokens_per_s": 40, "default": {"text": text}}
    async with served(script) as lab:
        host, port = lab.address.removeprefix("http://").split(":")
        streams = await read_streams(host, int(port), count=STREAMS)
        assert lab.lab.calls.running == 0
    assert len(streams) == STREAMS
    assert {stream.text for stream in streams} == {text}
    assert all(stream.is_ended for stream in streams)


def test_it_is_a_process_of_its_own() -> None:
    command = [sys.executable, "-m", "gateway.lab.model", "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            line = process.stdout.readline()
            assert line.startswith("ready http://127.0.0.1:")
            request = urllib.request.Request(
                f"{line.split()[1]}/models", headers={"Authorization": "Bearer lab-model-key"}
            )
            with urllib.request.urlopen(request) as answer:
                assert b"lab-strong" in answer.read()
        finally:
            process.send_signal(signal.SIGTERM)
            rest = process.stdout.read()
    assert process.returncode == 0
    assert rest == ""


def test_a_wrong_script_ends_it_in_one_line() -> None:
    command = [sys.executable, "-m", "gateway.lab.model", "--script", "/nonexistent.yaml", "--port", "0"]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    assert ended.returncode == 1
    assert ended.stderr == "/nonexistent.yaml: No such file or directory\n"
