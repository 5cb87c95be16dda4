"""The widget's files as they are served: weight, syntax, and no way to build markup from text."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import adapters.web
from gateway.http.assets import Assets

FOLDER = Path(adapters.web.__file__).parent / "widget"
BUDGET_BYTES = 30 * 1024


def test_loader_app_and_styles_weigh_at_most_30_kb_compressed() -> None:
    files = Assets().files
    assert {"loader.js", "frame.html", "app.js", "styles.css"} <= set(files)
    languages = [name for name in files if name.startswith("locale-")]
    loaded = set(files) - set(languages) - {"types.js"} | {"locale-en.js"}
    sizes = {name: len(files[name].packed or files[name].body) for name in loaded}
    assert sum(sizes.values()) <= BUDGET_BYTES, sizes
    assert all(len(files[name].packed or b"") < 1500 for name in languages)


def test_every_script_parses_and_builds_no_markup() -> None:
    scripts = sorted(FOLDER.glob("*.js"))
    assert len(scripts) > 10
    for script in scripts:
        subprocess.run(["node", "--check", script], check=True)
        text = script.read_text(encoding="utf-8")
        assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function", text), (
            script
        )


def test_no_line_of_text_looks_like_a_comment() -> None:
    """The server drops lines that begin like a comment (``gateway.http.assets.lean``): none may be inside a text."""
    served = Assets().files
    for script in sorted(FOLDER.glob("*.js")):
        whole = script.read_text(encoding="utf-8")
        in_text = [text for text in re.findall(r"`[^`]*`", whole) if re.search(r"^\s*(//|/\*)", text, re.MULTILINE)]
        assert in_text == [], script
        subprocess.run(["node", "--check", "--input-type=module", "-"], input=served[script.name].body, check=True)
