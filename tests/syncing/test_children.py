"""The child process: the command a person would type, at a low priority, ended with the one who started it."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from gateway.syncing.children import NICENESS, SyncCommand, SyncOrder

ORDER = SyncOrder(tenant="acme", sources=("help",))


def program(folder: Path, code: str) -> SyncCommand:
    """A program in place of ours; it gets our arguments."""
    return SyncCommand(config=folder / "frontdesk.yaml", program=(sys.executable, "-S", "-c", code))


def test_it_is_the_command_a_person_would_type(tmp_path: Path) -> None:
    config = tmp_path / "shop.yaml"
    line = SyncCommand(config=config).line(
        SyncOrder(tenant="acme", sources=("help", "wiki"), is_full=True, is_agreed=True)
    )
    assert line == (
        sys.executable, "-m", "gateway", "sync", "help", "wiki", "--tenant", "acme", "--config", str(config), "--full",
        "--yes",
    )  # fmt: skip
    assert SyncCommand(config=config).line(SyncOrder(tenant="acme"))[3:] == (
        "sync", "--tenant", "acme", "--config", str(config),
    )  # fmt: skip
    assert SyncCommand(config=config).line(SyncOrder(tenant="acme", back_to="g_1"))[3:] == (
        "kb", "rollback", "g_1", "--tenant", "acme", "--config", str(config),
    )  # fmt: skip


async def test_its_end_and_its_last_words_are_told(tmp_path: Path) -> None:
    code = "import sys; print('shown to nobody'); sys.stderr.write('x' * 9_000_000 + '\\n\\nno such tenant\\n'); sys.exit(2)"
    ended = await program(tmp_path, code).run(ORDER)
    assert ended.code == 2 and ended.said.endswith("x / no such tenant") and len(ended.said) <= 300


async def test_a_child_that_is_killed_says_so(tmp_path: Path) -> None:
    ended = await program(tmp_path, "import os, signal; os.kill(os.getpid(), signal.SIGKILL)").run(ORDER)
    assert ended.code == -signal.SIGKILL


@pytest.mark.parametrize("stubborn", [False, True], ids=["ends when asked", "does not"])
async def test_it_runs_nicely_and_ends_with_its_parent(tmp_path: Path, stubborn: bool) -> None:
    began = tmp_path / "began"
    os.mkfifo(began)
    wait = f"while os.getpriority(os.PRIO_PROCESS, 0) != {NICENESS}: time.sleep(0.01)"
    ignore = "signal.signal(signal.SIGTERM, signal.SIG_IGN)" if stubborn else "pass"
    tell = f"open({str(began)!r}, 'w').write(str(os.getpid()))"
    code = "\n".join(("import os, signal, time", wait, ignore, tell, "signal.pause()"))
    command = replace(program(tmp_path, code), end_s=0.05 if stubborn else 10)
    running = asyncio.create_task(command.run(ORDER))
    pid = int(await asyncio.to_thread(began.read_text))
    child = psutil.Process(pid)
    assert os.getsid(pid) == pid, "a Ctrl-C at the terminal is for the parent, which ends it"
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert not child.is_running()
