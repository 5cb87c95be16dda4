"""A start loads what the configuration needs; what only messages need comes when the process is ready."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from bench.settings import web_settings
from evals.serving import ROOT

FOR_MESSAGES = ("jwt", "cryptography", "markdown_it", "linkify_it", "snowballstemmer", "phonenumbers")
FOR_SOURCES = ("bs4", "lxml", "soupsieve", "charset_normalizer", "dulwich", "pypdf", "docx")
FOR_SOME = ("openai", "httpx", "mcp", "onnxruntime", "sklearn", "scipy", "pymongo", "redis", "weaviate", "watchfiles")
PLUGS = ("adapters.slack", "adapters.teams", "handoff.desks.zendesk", "kb_sync.sources.website")

SERVE = """
from gateway import logs, compose, serving
serving.Serving(compose.load_settings(Path(sys.argv[1])))
"""
CHECK = """
from gateway.__main__ import run
assert run(["check", sys.argv[1]]) == 0
"""


def _loaded(tmp_path: Path, code: str, *, unwanted: tuple[str, ...]) -> str:
    """Which of the unwanted modules a process has loaded after ``code``, as its last line of output."""
    file = tmp_path / "frontdesk.yaml"
    file.write_text(json.dumps({"version": 1, "data_dir": str(tmp_path / "var"), **web_settings()}))
    code = f"import gc, sys\nfrom pathlib import Path\n{code}\nprint([n for n in {unwanted!r} if n in sys.modules])"
    done = subprocess.run(
        [sys.executable, "-c", code, str(file)], cwd=ROOT, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()[-1]


def test_a_start_loads_no_library_that_may_wait(tmp_path: Path) -> None:
    assert _loaded(tmp_path, SERVE, unwanted=(*FOR_MESSAGES, *FOR_SOURCES, *FOR_SOME)) == "[]"


def test_a_start_loads_only_the_plugs_that_are_named(tmp_path: Path) -> None:
    named = ("adapters.web", "handoff.desks.builtin")
    assert _loaded(tmp_path, SERVE, unwanted=(*PLUGS, *named)) == repr(list(named))


def test_a_check_loads_neither_engine_nor_server(tmp_path: Path) -> None:
    heavy = ("core.turn", "gateway.compose", "gateway.serving", "aiohttp.web", "tantivy", "sqlite3")
    assert _loaded(tmp_path, CHECK, unwanted=(*heavy, *FOR_MESSAGES, *FOR_SOURCES, *FOR_SOME, *PLUGS)) == "[]"


def test_warming_loads_the_rest(tmp_path: Path) -> None:
    warm = "from core import late\nfrom gateway.warming import warm\nwarm()\nassert late.compile_all() == 0"
    assert _loaded(tmp_path, f"{SERVE}\n{warm}", unwanted=FOR_MESSAGES) == repr(list(FOR_MESSAGES))


def test_the_collector_rests_while_imports_run_and_no_longer(tmp_path: Path) -> None:
    code = """
from gateway import garbage
try:
    with garbage.put_off():
        assert not gc.isenabled()
        raise ImportError
except ImportError:
    assert gc.isenabled() and gc.get_freeze_count() > 0
garbage.spare()
assert gc.isenabled() and gc.get_threshold()[0] == garbage.THRESHOLD
"""
    assert _loaded(tmp_path, code, unwanted=()) == "[]"
