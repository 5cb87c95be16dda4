"""A sync that is killed anywhere: what was live stays live, and the next sync finishes."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from kb_sync.pipeline import sync
from tests.kb_sync.test_pipeline import found
from tests.kb_sync.world import MemoryPlace, folders, job

ROOT = Path(__file__).parents[2]

KILLED = """
import os, signal, sys
from pathlib import Path
from kb_sync.pipeline import sync
from tests.kb_sync.world import MemoryPlace, job

where, folder = sys.argv[1], Path(sys.argv[2])
place = MemoryPlace()
place.put("a", title="A", text="Parcels arrive within three days.")
place.put("b", title="B", text="Vouchers never expire.")
made = job(folder, place.source())

def die(frame, event, argument):
    name = f"{Path(frame.f_code.co_filename).stem}.{frame.f_code.co_name}"
    if event == "call" and name == where:
        os.kill(os.getpid(), signal.SIGKILL)

sys.setprofile(die)
sync(made)
"""


@pytest.mark.parametrize(
    "where",
    [
        "reading.read_source", "reading._take", "reading._store", "reading._gone", "reading._finished", "knowledge.fingerprint",
        "building.build_generation", "building._built", "chunking.chunk", "engine._seal", "building._make_durable",
        "building._sync_to_disk", "engine.open", "knowledge.set_live", "building._remove_old",
    ],
)  # fmt: skip
def test_killed(tmp_path: Path, where: str) -> None:
    place = MemoryPlace()
    place.put("a", title="A", text="Parcels arrive within two days.")
    first = sync(job(tmp_path, place.source())).generation
    done = subprocess.run([sys.executable, "-c", KILLED, where, str(tmp_path)], cwd=ROOT, check=False, timeout=60)
    assert done.returncode == -9
    made = job(tmp_path, place.source())
    live = made.store.live("acme")
    assert live is not None and (live.id == first) is (where != "building._remove_old")
    assert found(made, "parcels arrive") == ["a"]
    place.put("a", title="A", text="Parcels arrive within three days.")
    place.put("b", title="B", text="Vouchers never expire.")
    report = sync(made)
    assert report.documents == 2 and found(made, "vouchers") == ["b"] and found(made, "three days") == ["a"]
    live = made.store.live("acme")
    assert (
        live is not None
        and set(folders(made)) == {g.id for g in made.store.generations("acme")}
        and live.id in folders(made)
    )
    assert {g.state for g in made.store.generations("acme")} <= {"live", "retired"}
