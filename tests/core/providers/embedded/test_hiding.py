"""The log of hidden documents: other processes see it, and a crash in it loses nothing that was promised."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from core.errors import KnowledgeUnavailable
from core.ports.knowledge import SearchQuery
from core.providers.embedded import EmbeddedEngine
from core.providers.embedded.hiding import HiddenLog
from core.providers.embedded.manifest import HIDDEN
from tests.contracts.index_contract import CHUNKS, names

HIDE = """
import sys
from pathlib import Path
from core.providers.embedded import EmbeddedEngine
EmbeddedEngine().open(Path(sys.argv[1]), "g1").hide([sys.argv[2]])
"""


def test_another_process_hides(tmp_path: Path) -> None:
    engine = EmbeddedEngine()
    engine.build(tmp_path, "g1", CHUNKS)
    index = engine.open(tmp_path, "g1")
    assert names(index, "pump jammed") == ["pump", "pump2"]
    subprocess.run([sys.executable, "-c", HIDE, str(tmp_path), "d_pump"], check=True, timeout=60)
    assert names(index, "pump jammed") == ["pump2"]
    index.close()


def test_a_line_that_a_crash_cut_off(tmp_path: Path) -> None:
    log = HiddenLog(tmp_path)
    assert log.read() == (0, frozenset()) and log.version() == 0
    log.add(["d_one", 'd "two"\nlines'])
    with (tmp_path / HIDDEN).open("ab") as file:
        file.write(b'\n"d_thr')
    log.add(["d_four"])
    version, documents = log.read()
    assert documents == {"d_one", 'd "two"\nlines', "d_four"} and version == log.version() > 0


def test_a_log_that_cannot_be_read_reveals_nothing(tmp_path: Path) -> None:
    engine = EmbeddedEngine()
    engine.build(tmp_path, "g1", CHUNKS)
    index = engine.open(tmp_path, "g1")
    (tmp_path / HIDDEN).mkdir()
    with pytest.raises(KnowledgeUnavailable):
        index.search(SearchQuery(text="pump"))
    with pytest.raises(KnowledgeUnavailable):
        index.hide(["d_pump"])
    with pytest.raises(KnowledgeUnavailable):
        engine.open(tmp_path, "g1")
    index.close()
