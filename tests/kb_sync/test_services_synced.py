"""generic_http, git and s3 through a whole sync, night after night; and their pages of documentation, which must be true."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from core.ports.knowledge import Source
from gateway.lab.sources.git import GitServer
from gateway.lab.sources.json_api import JsonApi
from gateway.lab.sources.s3 import S3Service
from kb_sync import SourceContext
from kb_sync.discovery import source_plugins
from kb_sync.pipeline import SyncReport, sync
from tests.kb_sync.serving import Serving
from tests.kb_sync.world import NOW, job

DOCS = Path(__file__).parents[2] / "docs" / "sources"
KINDS = ("generic_http", "git", "s3")


class Company:
    """A company that keeps its knowledge in three places."""

    def __init__(self, serving: Serving, folder: Path) -> None:
        self.folder = folder
        self.api = JsonApi(page_size=2, has_text=False)
        self.repository = GitServer(folder / "docs.git")
        self.bucket = S3Service(page_size=2)
        self.blocks: dict[str, dict[str, Any]] = {
            "generic_http": {
                "url": f"{serving.serve(self.api.app())}/articles", "headers": {"X-Api-Key": self.api.key}, "items": "data",
                "fields": {"id": "slug", "text": "content"}, "paging": {"next": "links.next"}, "detail_item": "article",
            },
            "git": {"url": f"{serving.serve(self.repository.app())}/docs.git", "token": self.repository.token},
            "s3": {
                "api_url": serving.serve(self.bucket.app()), "bucket": self.bucket.bucket, "region": self.bucket.region,
                "access_key_id": self.bucket.key_id, "secret_access_key": self.bucket.secret,
            },
        }  # fmt: skip
        self.blocks["generic_http"]["detail_url"] = self.blocks["generic_http"]["url"] + "/{id}"
        self.sources: list[Source] = []

    def write(self, name: str, text: str) -> None:
        self.api.put(name, title=name, content=f"<p>{text}</p>")
        self.repository.put(f"{name}.md", text.encode())
        self.bucket.put(f"{name}.md", text.encode())

    def delete(self, name: str) -> None:
        del self.api.articles[name]
        self.repository.remove(f"{name}.md")
        del self.bucket.objects[f"{name}.md"]

    def night(self) -> SyncReport:
        """A sync by a new process."""
        for kind, block in self.blocks.items():
            plugin = source_plugins()[kind]
            context = SourceContext(
                id=kind.replace("_", "-"),
                tenant="acme",
                clock=lambda: NOW,
                folder=self.folder / kind,
                sleep=lambda _s: None,
            )
            self.sources.append(plugin.build(context, plugin.settings.model_validate(block)))
        return sync(job(self.folder, *self.sources[-3:]))


@pytest.fixture
def company(serving: Serving, tmp_path: Path) -> Iterator[Company]:
    made = Company(serving, tmp_path)
    yield made
    for source in made.sources:
        source.close()


def test_night_after_night(company: Company) -> None:
    for number in range(5):
        company.write(f"n{number}", f"What number {number} says.")
    first = company.night()
    assert [(run.outcome, run.added) for run in first.runs] == [("ok", 5)] * 3 and first.documents == 15
    quiet = company.night()
    assert quiet.generation is None and set(company.api.sent.values()) == set(company.bucket.sent.values()) == {1}
    company.write("n1", "Now it says something else.")
    company.delete("n4")
    changed = company.night()
    assert [(run.outcome, run.changed, run.removed, run.added) for run in changed.runs] == [("ok", 1, 1, 0)] * 3
    assert company.api.sent["n1"] == company.bucket.sent["n1.md"] == 2 and company.api.sent["n2"] == 1


def test_a_place_that_is_down_keeps_its_documents(company: Company) -> None:
    company.write("a", "What a says.")
    company.night()
    company.api.weather.is_down = company.bucket.weather.is_down = True
    company.write("b", "What b says.")
    report = company.night()
    assert {run.source: run.outcome for run in report.runs} == {"generic-http": "failed", "git": "ok", "s3": "failed"}
    assert report.documents == 4 and all(run.error for run in report.runs if run.outcome == "failed")


def _blocks(kind: str) -> list[dict[str, Any]]:
    """The sources of a page's YAML."""
    page = re.sub(r"\$\{\w+\}", "secret", (DOCS / f"{kind}.md").read_text())
    found: list[dict[str, Any]] = []
    for indent, block in re.findall(r"^( *)```yaml\n(.*?)^ *```", page, re.DOTALL | re.MULTILINE):
        read = yaml.safe_load("\n".join(line.removeprefix(indent) for line in block.splitlines()))
        found += read["knowledge"]["sources"] if "knowledge" in read else [read]
    return found


@pytest.mark.parametrize("kind", KINDS)
def test_the_yaml_of_the_page_is_taken(kind: str) -> None:
    blocks = _blocks(kind)
    assert blocks
    for block in blocks:
        own = {key: value for key, value in block.items() if key not in ("id", "kind")}
        assert block.get("kind", kind) == kind and source_plugins()[kind].settings.model_validate(own)


@pytest.mark.parametrize("kind", KINDS)
def test_the_page_names_every_setting(kind: str) -> None:
    page = (DOCS / f"{kind}.md").read_text()
    settings = source_plugins()[kind].settings.model_fields
    parts = [part.annotation.model_fields for part in settings.values() if hasattr(part.annotation, "model_fields")]
    names = [*settings, *(name for part in parts for name in part)]
    assert [name for name in names if f"`{name}`" not in page] == []
