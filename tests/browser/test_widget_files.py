"""The widget's files as they are served: weight, syntax, and no way to build markup from text."""

from __future__ import annotations

import json
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


def test_no_script_can_build_markup_from_text() -> None:
    scripts = sorted(FOLDER.glob("*.js"))
    assert len(scripts) > 10
    for script in scripts:
        text = script.read_text(encoding="utf-8")
        assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function", text), (
            script
        )


def test_every_script_parses_as_written_and_as_served() -> None:
    """The server drops lines that begin like a comment (``gateway.http.assets.lean``): none may be inside a text."""
    served = Assets().files
    written = {path.name: path.read_text(encoding="utf-8") for path in FOLDER.glob("*.js")}
    for name, text in written.items():
        assert not [
            quoted for quoted in re.findall(r"`[^`]*`", text) if re.search(r"^\s*(//|/\*)", quoted, re.MULTILINE)
        ], name
    sources = [*written.values(), *(served[name].body.decode() for name in written)]
    parse = "import vm from 'node:vm'; import fs from 'node:fs';"
    parse += "for (const text of JSON.parse(fs.readFileSync(0))) new vm.SourceTextModule(text);"
    command = ["node", "--no-warnings", "--experimental-vm-modules", "--input-type=module", "-e", parse]
    subprocess.run(command, input=json.dumps(sources).encode(), check=True)
