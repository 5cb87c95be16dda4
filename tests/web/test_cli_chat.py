"""``frontdesk chat`` against a running server, through pipes as a script would use it."""

from __future__ import annotations

import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.web.threaded import Server

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with Server(tmp_path_factory.mktemp("chat")) as running:
        yield running


def chat(url: str, *arguments: str, lines: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "gateway", "chat", "--url", url, *arguments],
        cwd=ROOT, input=lines, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip


def test_one_question_one_answer_with_its_sources(server: Server) -> None:
    done = chat(server.url, "how long?")
    assert done.returncode == 0 and done.stderr == ""
    first, second = done.stdout.strip().splitlines()
    assert first == "You asked: how long? You have **30 days** [1]."
    assert second.split() == ["[1]", "Returns", f"{server.url}/kb/articles/{second.rpartition('/')[2]}"]


def test_a_pipe_is_a_conversation_with_commands(server: Server) -> None:
    lines = "/why\nfirst\n/why\n/nonsense\n\n/human my order is lost\nstill there?\n/new\nfresh\n/quit\nnever asked\n"
    done = chat(server.url, lines=lines)
    assert done.returncode == 0
    out = done.stdout
    assert out.index("There is no answer yet.") < out.index("You asked: first") < out.index("“within 30 days”")
    assert "frontdesk why 'c_" in out and "There is no /nonsense." in out
    assert out.index("A person has been asked (handoff h_") < out.index("Passed on to the team.")
    assert out.index("A new conversation.") < out.index("You asked: fresh")
    assert "never asked" not in out


def test_a_person_may_be_the_first_wish(server: Server) -> None:
    done = chat(server.url, lines="/human\n")
    assert done.returncode == 0 and "A person has been asked" in done.stdout


def test_what_the_server_refuses_is_told_and_coded(server: Server) -> None:
    done = chat(server.url, "x" * 5_000)
    assert done.returncode == 1 and "Longer than 4000 characters" in done.stderr and done.stdout == ""


def test_no_server_is_told_and_coded() -> None:
    with socket.socket() as unheard:
        unheard.bind(("127.0.0.1", 0))
        done = chat(f"http://127.0.0.1:{unheard.getsockname()[1]}", lines="hi\nand again\n")
    assert done.returncode == 3 and done.stderr.count("frontdesk serve") == 1 and done.stdout == ""
