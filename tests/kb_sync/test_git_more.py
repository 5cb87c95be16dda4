"""Git beside the contract: what is fetched, which files are read, addresses, branches, and a working copy that is damaged."""

from __future__ import annotations

import base64
import random
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from core.errors import DocumentRejected, SourceUnavailable
from core.ports.knowledge import Source, SourceProblem
from gateway.lab.sources.git import GitServer
from gateway.lab.sources.weather import Trouble
from kb_sync import SourceContext
from kb_sync.sources.git import plugin
from tests.contracts.remote_place import Nights
from tests.contracts.source_contract import documents, loaded, only
from tests.kb_sync.serving import Serving
from tests.kb_sync.world import NOW


class Repository:
    """A server with a repository, and sources over it."""

    def __init__(self, serving: Serving, folder: Path, *, is_partial: bool = True) -> None:
        self.folder = folder / "copy"
        self.server = GitServer(folder / "docs.git", is_partial=is_partial)
        self.address = f"{serving.serve(self.server.app())}/docs.git"
        self.sources: list[Source] = []

    def source(self, **own: Any) -> Source:
        block = {"url": self.address, "token": self.server.token, **own}
        context = SourceContext(
            id="docs", tenant="acme", clock=lambda: NOW, folder=self.folder, sleep=lambda _seconds: None
        )
        made = plugin.build(context, plugin.settings.model_validate(block))
        self.sources.append(made)
        return made

    def put(self, *paths: str) -> None:
        for path in paths:
            self.server.files[path] = f"# About {path}\n\nText of {path}".encode()
        self.server.commit()

    def copies(self) -> list[Path]:
        return [path for path in (self.folder / "files").rglob("*") if path.is_file()]


@pytest.fixture(params=["partial", "whole"])
def repository(serving: Serving, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Repository]:
    made = Repository(serving, tmp_path, is_partial=request.param == "partial")
    yield made
    for source in made.sources:
        source.close()


@pytest.fixture
def partial(serving: Serving, tmp_path: Path) -> Iterator[Repository]:
    if shutil.which("git") is None:
        pytest.skip("needs git to serve parts of a commit")
    made = Repository(serving, tmp_path)
    yield made
    for source in made.sources:
        source.close()


def names(source: Source) -> list[str]:
    return [document.external_id for document in documents(source)]


def test_readable_files_only(repository: Repository) -> None:
    repository.put("a.md", "b/c.txt", "b/d.html", "code.py", ".github/notes.md", "b/.hidden.md", "logo.svg")
    assert names(repository.source()) == ["a.md", "b/c.txt", "b/d.html"]


def test_include_and_exclude(repository: Repository) -> None:
    repository.put("docs/a.md", "docs/drafts/b.md", "docs/c.txt", "other/d.md")
    assert names(repository.source(path="docs", include=["*.md"], exclude=["drafts"])) == ["a.md"]
    assert names(repository.source(path="docs")) == ["a.md", "c.txt", "drafts/b.md"]


def test_links_are_not_followed(repository: Repository) -> None:
    repository.put("a.md")
    repository.server.commit(links={"b.md": "/etc/passwd", "c.md": "a.md"})
    assert names(repository.source()) == ["a.md"]


def test_json_lines_are_documents(repository: Repository) -> None:
    repository.server.put(
        "faq.jsonl", b'{"id": "q1", "title": "One", "text": "First"}\nnonsense\n{"id": "q2", "text": "Second"}'
    )
    found, problems = loaded(repository.source())
    assert [document.external_id for document in found] == ["q1", "q2"]
    assert [problem.external_id for problem in problems] == ["faq.jsonl, line 2"]


def test_names_of_any_script(repository: Repository) -> None:
    repository.put("Größe & Maß/返品.md")
    document = only(documents(repository.source(url_prefix="https://docs.example")))
    assert document.external_id == "Größe & Maß/返品.md"
    assert document.url == "https://docs.example/Gr%C3%B6%C3%9Fe%20%26%20Ma%C3%9F/%E8%BF%94%E5%93%81"


@pytest.mark.parametrize(
    ("template", "url"),
    [
        ("https://git.example/acme/docs/blob/{branch}/{path}", "https://git.example/acme/docs/blob/main/help/a.md"),
        ("https://docs.example/{page}.html", "https://docs.example/help/a.html"),
    ],
)
def test_addresses_are_made(repository: Repository, template: str, url: str) -> None:
    repository.put("help/a.md")
    assert only(documents(repository.source(url_template=template))).url == url


def test_a_branch_by_name(repository: Repository) -> None:
    repository.put("a.md")
    repository.server.branch = "next/one"
    repository.put("b.md")
    assert names(repository.source()) == ["a.md"]
    assert names(repository.source(branch="next/one")) == ["a.md", "b.md"]


@pytest.mark.parametrize(
    ("own", "said"),
    [
        ({"branch": "gone"}, "no branch 'gone'; there is: main"),
        ({"path": "nowhere"}, "no folder 'nowhere'"),
        ({"path": "a.md"}, "a.md' is no folder"),
        ({"path": "a.md/b"}, "no folder"),
        ({"token": "wrong"}, "401.*credentials"),
        ({"token": None}, "401.*credentials"),
    ],
)
def test_what_is_not_there_is_said(repository: Repository, own: dict[str, Any], said: str) -> None:
    repository.put("a.md")
    with pytest.raises(SourceUnavailable, match=said):
        repository.source(**own).listing()


def test_a_repository_that_moved_is_followed(repository: Repository) -> None:
    repository.put("a.md")
    assert names(repository.source(url=repository.address.replace("docs", "former"))) == ["a.md"]


def test_a_web_page_is_no_repository(repository: Repository) -> None:
    with pytest.raises(SourceUnavailable, match="404"):
        repository.source(url=repository.address.replace("docs", "other")).listing()
    repository.server.weather.add(Trouble.HTML, times=10)
    with pytest.raises(SourceUnavailable, match="check `url`"):
        repository.source().listing()


def test_a_night_without_news_fetches_nothing(repository: Repository) -> None:
    repository.put("a.md", "b.md")
    night = Nights(repository.source()).pass_by()
    calls = repository.server.calls
    night.source = repository.source()
    night.pass_by()
    assert repository.server.calls == calls and night.loads == []


def test_only_new_contents_are_fetched(partial: Repository) -> None:
    partial.server.files |= {f"n{number}.md": b"Text " * 20_000 + str(number).encode() for number in range(5)}
    partial.server.files["film.mp4"] = bytes(range(256)) * 20_000
    partial.server.commit()
    night = Nights(partial.source()).pass_by()
    assert len(night.documents) == 5
    partial.server.sent_bytes = 0
    partial.put("n3.md")
    night.pass_by()
    assert night.loads == ["n3.md"] and partial.server.sent_bytes < 2_000


def test_a_server_that_gives_no_files_by_their_ids_gives_all(partial: Repository) -> None:
    partial.server.gives_by_id = False
    partial.put("a.md", "b.md")
    assert names(partial.source()) == ["a.md", "b.md"]


def test_a_renamed_file_is_not_fetched_again(partial: Repository) -> None:
    partial.put("a.md")
    night = Nights(partial.source()).pass_by()
    partial.server.files = {"b.md": partial.server.files["a.md"]}
    partial.server.commit()
    calls = partial.server.calls
    assert sorted(night.pass_by().documents) == ["b.md"] and partial.server.calls == calls + 1


def test_what_nobody_wants_any_more_is_cleared_away(repository: Repository) -> None:
    repository.put("a.md", "b.md")
    source = repository.source()
    documents(source)
    repository.server.remove("a.md")
    documents(source)
    assert len(repository.copies()) == 1


def test_a_history_that_was_rewritten_is_taken_as_it_is(repository: Repository) -> None:
    repository.put("a.md", "b.md")
    night = Nights(repository.source()).pass_by()
    shutil.rmtree(repository.server.folder)
    repository.server.files = {}
    repository.server.begin()
    repository.put("c.md")
    assert sorted(night.pass_by().documents) == ["c.md"]


def test_a_damaged_copy_is_noticed_and_fetched_again(repository: Repository) -> None:
    repository.put("a.md", "b.md")
    source = repository.source()
    items = {item.external_id: item for item in source.listing().items}
    for path in repository.copies():
        path.write_bytes(path.read_bytes().replace(b"a.md", b"x.md"))
    with pytest.raises(DocumentRejected, match="damaged"):
        items["a.md"].load()
    assert len(documents(source)) == 2


@pytest.mark.parametrize("left", ["nothing", "half a tree", "a fetch that was killed"])
def test_a_lost_copy_is_fetched_again(repository: Repository, left: str) -> None:
    repository.put("a.md", "b.md")
    source = repository.source()
    items = list(source.listing().items)
    shutil.rmtree(repository.folder)
    with pytest.raises(DocumentRejected, match="next sync"):
        items[0].load()
    if left != "nothing":
        repository.folder.mkdir()
        (repository.folder / "tree.json").write_text('{"key": "x", "fil')
        (repository.folder / "fetch-1").mkdir()
        (repository.folder / "fetch-1" / "HEAD").write_text("?")
    assert names(source) == ["a.md", "b.md"]
    assert not list(repository.folder.glob("fetch-*"))


def test_a_file_that_is_too_large_is_one_problem(repository: Repository) -> None:
    repository.put("a.md")
    repository.server.put("b.md", b"word " * 4_000_001)
    for _ in range(2):
        found, problems = loaded(repository.source())
        assert only(found).external_id == "a.md"
        assert [(each.external_id, "20 MB" in each.problem) for each in problems] == [("b.md", True)]


def test_an_answer_that_is_too_large_is_said(repository: Repository) -> None:
    repository.server.put("a.md", base64.b64encode(random.Random(7).randbytes(1_400_000)))
    repository.put("b.md")
    source = repository.source(limit_mb=1)
    if repository.server.program is None:
        with pytest.raises(SourceUnavailable, match="limit_mb"):
            source.listing()
    else:
        found, problems = loaded(source)
        assert only(found).external_id == "b.md" and "limit_mb" in only_problem(problems)
    assert len(documents(repository.source(limit_mb=50))) == 2


def only_problem(problems: list[SourceProblem]) -> str:
    (problem,) = problems
    return f"{problem.external_id}: {problem.problem}"


def test_a_pointer_to_large_file_storage_is_no_text(repository: Repository) -> None:
    repository.server.put("a.md", b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n")
    _, problems = loaded(repository.source())
    assert "LFS" in problems[0].problem


def test_the_token_is_nowhere_on_disk(repository: Repository) -> None:
    repository.put("a.md")
    documents(repository.source())
    assert not any(b"lab-git-token" in path.read_bytes() for path in repository.folder.rglob("*") if path.is_file())


@pytest.mark.parametrize(
    "own",
    [
        {"path": "/docs"}, {"path": "docs/"}, {"path": "../x"}, {"branch": "-x"}, {"branch": "a b"}, {"branch": "a..b"},
        {"url_prefix": "https://a.example", "url_template": "https://a.example/{path}"},
        {"url_template": "https://a.example/{file}"}, {"url": "git@git.example:docs.git"}, {"url": "file:///srv/docs.git"},
        {"url": "http://git.example/docs.git"},
    ],
)  # fmt: skip
def test_settings_that_cannot_be_meant_are_refused(own: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        plugin.settings.model_validate({"url": "https://git.example/docs.git", **own})
