"""A sync that is killed anywhere: what was live stays live, and the next sync gives what an uninterrupted one would."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

from core.providers.embedded import EmbeddedEngine
from core.providers.embedded.text import KEYS
from kb_sync import chunking
from kb_sync.job import SyncJob
from kb_sync.pipeline import sync
from tests.kb_sync.feed import Feed
from tests.kb_sync.test_pipeline import found
from tests.kb_sync.world import folders, job

ROOT = Path(__file__).parents[2]
PLACES = (
    "reading.read_source", "reading._end", "knowledge.apply", "building.hide", "building.build_candidate", "chunking.chunk",
    "extending.copy_text", "writing._save_keys", "engine._seal", "building._sync_to_disk", "gate.judge", "knowledge.set_live",
    "building._remove_old", "whole-chunking.chunk", "whole-engine._seal",
)  # fmt: skip
WHOLE = "whole-"
"""Before a place: the new release is not made from the live one."""

ROOMS = (f"{ROOT}/kb_sync/", f"{ROOT}/gateway/store/", f"{ROOT}/core/providers/embedded/")
MOMENTS = 20
COUNT = 60


def before() -> Feed:
    made = Feed()
    made.put(*(f"n{number:03}" for number in range(COUNT)))
    return made


def after() -> Feed:
    made = before()
    made.put("vouchers", text="Vouchers never expire.")
    made.put(*(f"n{number:03}" for number in range(0, COUNT, 10)), text="Parcel {} arrives in three days.")
    made.remove("n001", "n002")
    return made


def extending(folder: Path, feed: Feed) -> SyncJob:
    """A job that makes even a small release from the live one."""
    return job(folder, feed, engine=EmbeddedEngine(whole_below=0))


def died(is_it: Callable[[str], bool], folder: Path, feed: Feed, *, whole: bool = False) -> bool:
    """Sync in a child process that is killed at the first call for which ``is_it`` says so; whether it was."""
    child = os.fork()
    if child == 0:
        sys.setprofile(_killer(is_it))
        sync(extending(folder, feed), full=whole)
        os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL


def _killer(is_it: Callable[[str], bool]) -> Callable[[FrameType, str, Any], None]:
    def look(frame: FrameType, event: str, _: Any) -> None:
        file = frame.f_code.co_filename
        if event == "call" and file.startswith(ROOMS) and is_it(f"{Path(file).stem}.{frame.f_code.co_name}"):
            os.kill(os.getpid(), signal.SIGKILL)

    return look


def main(root: Path) -> None:
    """Every killed sync in a folder of its own; this process itself never builds, for children are forked off it."""
    calls = root / "calls"

    def count(_: str) -> bool:
        with calls.open("ab", buffering=0) as file:
            file.write(b".")
        return False

    assert not died(lambda _: False, root / "first", before())
    subprocess.run(["cp", "-r", root / "first", root / "counted"], check=True)
    assert not died(count, root / "counted", after())
    total = calls.stat().st_size
    chosen = random.Random(7).sample(range(total * 19 // 20), MOMENTS)
    for name in (*PLACES, *(f"moment-{number}" for number in range(MOMENTS))):
        subprocess.run(["cp", "-r", root / "first", root / name], check=True)
        left = iter(range(chosen[int(name.partition("-")[2])] if name.startswith("moment-") else 0))
        place, is_whole = name.removeprefix(WHOLE), name.startswith(WHOLE)
        is_it = place.__eq__ if name in PLACES else (lambda _, left=left: next(left, None) is None)
        assert died(is_it, root / name, after(), whole=is_whole), name


@pytest.fixture(scope="module")
def killed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("killed")
    run = "import sys; from pathlib import Path; from tests.kb_sync.test_killed import main; main(Path(sys.argv[1]))"
    subprocess.run([sys.executable, "-c", run, str(root)], cwd=ROOT, check=True, timeout=120)
    return root


@pytest.fixture(scope="module")
def uninterrupted(tmp_path_factory: pytest.TempPathFactory) -> str:
    made = job(tmp_path_factory.mktemp("whole"), after())
    sync(made)
    return made.store.fingerprint("acme")


def assert_whole(made: SyncJob) -> None:
    """The live index holds exactly the chunks of the stored documents."""
    wanted = {c.id for d in made.store.documents("acme") for c in chunking.chunk(d, tokens=500, overlap=60)}
    live = made.store.live("acme")
    assert live is not None
    with closing(made.engine.open(made.folder(live.id), live.id)) as index:
        assert index.chunk_count == len(wanted) and set(index.chunks(sorted(wanted))) == wanted


@pytest.mark.parametrize("name", [*PLACES, *(f"moment-{number}" for number in range(MOMENTS))])
def test_killed(killed: Path, uninterrupted: str, name: str) -> None:
    made = extending(killed / name, after())
    assert found(made, "text of n030") != []
    report = sync(made)
    assert report.documents == COUNT - 1 and made.store.fingerprint("acme") == uninterrupted
    assert found(made, "vouchers expire")[0] == "vouchers" and "n001" not in found(made, "text of n001")
    assert_whole(made)
    known = made.store.generations("acme")
    assert {one.id for one in known} == set(folders(made)) and {one.state for one in known} <= {"live", "retired"}
    assert made.store.history("acme", "help")[0].outcome == "ok"


def test_what_is_killed_makes_a_release_from_the_live_one(killed: Path) -> None:
    made = extending(killed / "counted", after())
    live = made.store.live("acme")
    assert live is not None and (made.folder(live.id) / KEYS).exists()
    assert_whole(made)
