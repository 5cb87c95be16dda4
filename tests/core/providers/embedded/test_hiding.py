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
from core.providers.embedded.index import MASKS
from core.providers.embedded.manifest import HIDDEN
from core.providers.embedders.static import StaticEmbedder
from tests.contracts.index_contract import CHUNKS, make_chunk, names

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


def test_a_mask_kept_from_an_earlier_search_shows_nothing_that_was_hidden_since(tmp_path: Path) -> None:
    """More sets of audiences than masks are kept, and each of them bounds the vectors, whichever came before."""
    engine = EmbeddedEngine(StaticEmbedder())
    audiences = [f"team{number}" for number in range(MASKS + 3)]
    engine.build(tmp_path, "g1", [make_chunk(name, "The pump is jammed.", audience=name) for name in audiences])
    index = engine.open(tmp_path, "g1")

    def found(*allowed: str) -> list[str]:
        result = index.search(SearchQuery(text="water machine stuck", audiences=allowed))
        return [passage.chunk.external_id for passage in result.passages]

    for _ in range(2):
        for name in audiences:
            assert found(name) == [name]
    assert sorted(found(*audiences[:2])) == audiences[:2]
    index.hide([f"d_{audiences[0]}"])
    assert found(*audiences[:2]) == audiences[1:2]
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
