"""Fresh ids: nobody gets one twice."""

from __future__ import annotations

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest

from core.ids import DRAWN_AT_ONCE, new_id

FORKS = """
import os
from core.ids import new_id

new_id("a")
reads, writes = os.pipe()
if os.fork() == 0:
    os.write(writes, " ".join(new_id("a") for _ in range(20)).encode())
    os._exit(0)
mine = {new_id("a")[14:] for _ in range(20)}
os.wait()
theirs = {each[14:] for each in os.read(reads, 10_000).decode().split()}
print(len(mine), len(theirs), len(mine & theirs))
"""


def test_threads_share_none() -> None:
    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(lambda _: new_id("t"), range(10 * DRAWN_AT_ONCE)))
    assert len(set(made)) == len(made)
    assert all(each.startswith("t_") and len(each) == 2 + 32 for each in made)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="processes do not fork here")
def test_a_forked_process_draws_its_own() -> None:
    done = subprocess.run([sys.executable, "-c", FORKS], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["20", "20", "0"], done.stderr
