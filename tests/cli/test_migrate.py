"""``frontdesk migrate``: what it says and when it refuses; what it moves is in tests/store/test_moving.py."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from importlib import import_module
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console
from typer.testing import CliRunner

from core.errors import StoreError, StoreLocked, StoreUnavailable
from gateway.cli import app
from gateway.cli.migrate import Asked, documents_at, target_of
from gateway.cli.migrate_run import Moving
from gateway.compose import load_settings
from gateway.store.documents import Documents
from gateway.store.embedded.sqlite import SqliteStore
from gateway.store.ledger import DocumentStore
from gateway.store.moving.move import check_whole
from gateway.uploads import SharedUploads
from tests.cli.test_cli import frontdesk
from tests.cli.test_why import SETTINGS
from tests.contracts.fake_documents import Crash, FakeDocuments, Fate, Server
from tests.contracts.words import Clock, Numbers
from tests.services.shelf import Shelf
from tests.store.lively import Play, facts, operations, perform

PASSWORD = "canary-password"
ADDRESS = f"mongodb://frontdesk:{PASSWORD}@127.0.0.1:1/frontdesk"
LEDGER = "frontdesk.sqlite3"


async def filled(folder: Path, count: int) -> None:
    (folder / "kb").mkdir()
    (folder / "frontdesk.yaml").write_text(SETTINGS)
    store = SqliteStore(folder / "var" / LEDGER, clock=Clock(), new_id=Numbers())
    await store.start()
    await perform(Play(store=store, clock=Clock()), operations(1, count))
    await store.stop()


@pytest.fixture
async def folder(tmp_path: Path) -> Path:
    await filled(tmp_path, 60)
    return tmp_path


async def migrate(
    folder: Path,
    documents: Documents,
    asked: Asked = Asked(bound=None),  # noqa: B008
    *,
    uploads: SharedUploads | None = None,
) -> tuple[int, str, str]:
    """The command behind its options, on a database of the test."""
    out, errors = StringIO(), StringIO()
    settings = load_settings(folder / "frontdesk.yaml")
    path = settings.data_dir / LEDGER
    consoles = Console(file=out, width=200), Console(file=errors, width=200)
    async with Moving.locked(settings, path, *consoles) as moving:
        code = await moving.run(documents, uploads or SharedUploads(files=Shelf(), notes=Shelf()), asked)
    return code, out.getvalue(), errors.getvalue()


def run(folder: Path, *arguments: str, **environ: str) -> tuple[int, str]:
    config = ["-c", str(folder / "frontdesk.yaml")]
    result = CliRunner().invoke(app, ["migrate", *arguments, *config], env={"COLUMNS": "200", **environ})
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result.exit_code, result.output


async def test_it_moves_reads_back_and_says_what_is_left(folder: Path) -> None:
    server = Server()
    code, said, errors = await migrate(folder, FakeDocuments(server))
    assert (code, errors) == (0, "") and "files of conversations" not in said
    assert re.search(r"\d+ documents of \d conversations stand in the target \(\d+\.\d s, \d+/s\)", said)
    for left in ("`frontdesk sync`", "server.session_secret", "never serve on it again"):
        assert left in said
    await check_whole(DocumentStore(FakeDocuments(server), clock=Clock()).documents)
    code, said, errors = await migrate(folder, FakeDocuments(server))
    assert (code, errors) == (0, "") and "moved before" in said


async def test_files_and_what_is_still_to_be_fetched_go_along(folder: Path) -> None:
    kept = folder / "var" / "uploads" / "acme"
    kept.mkdir(parents=True)
    for name in ("u_1", "u_2", "u_3.want", "u_4.0a1b.part"):
        (kept / name).write_bytes(name.encode())
    uploads = SharedUploads(files=Shelf(is_away=True), notes=Shelf())
    server = Server()
    with pytest.raises(StoreUnavailable):
        await migrate(folder, FakeDocuments(server), uploads=uploads)
    with pytest.raises(StoreLocked):
        await check_whole(DocumentStore(FakeDocuments(server), clock=Clock()).documents)
    files, notes = Shelf(kept={("acme", "u_1"): b"stands"}), Shelf()
    code, said, _ = await migrate(folder, FakeDocuments(server), uploads=SharedUploads(files=files, notes=notes))
    assert code == 0 and "3 files of conversations stand there" in said
    assert files.kept == {("acme", "u_1"): b"stands", ("acme", "u_2"): b"u_2"}, "what stands is not sent again"
    assert notes.kept == {("acme", "u_3"): b"u_3.want"}


async def test_a_dry_run_counts_and_writes_nothing(folder: Path) -> None:
    server = Server()
    code, said, _ = await migrate(folder, FakeDocuments(server), Asked(is_dry=True))
    assert code == 0 and server.writes == 0
    assert re.search(r"^events +\d+$", said, re.MULTILINE) and "the target is empty" in said


async def test_an_interrupted_move_goes_on_and_says_so(folder: Path) -> None:
    server, left = Server(), [50]

    def dies() -> Fate:
        left[0] -= 1
        return Fate.CRASH_AFTER if left[0] == 0 else Fate.APPLY

    with pytest.raises(Crash):
        await migrate(folder, FakeDocuments(server, fates=dies))
    with pytest.raises(StoreLocked):
        await check_whole(DocumentStore(FakeDocuments(server), clock=Clock()).documents)
    code, said, _ = await migrate(folder, FakeDocuments(server), Asked(is_dry=True))
    assert code == 0 and "holds a part of this move" in said
    code, said, _ = await migrate(folder, FakeDocuments(server))
    assert code == 0 and "it goes on" in said


async def test_a_database_that_forgets_is_found_out(folder: Path) -> None:
    class Forgetful(FakeDocuments):
        async def insert_many(self, collection, documents):  # type: ignore[no-untyped-def]
            return await super().insert_many(collection, documents[1:] if collection == "messages" else documents)

    server = Server()
    code, said, errors = await migrate(folder, Forgetful(server))
    assert code == 1 and "stand in the target" not in said
    assert re.search(r"differs: acme/c_\w+: transcript for the desk", errors)
    assert re.search(r"differs: the whole: messages: \d+ of \d+", errors)
    with pytest.raises(StoreLocked):
        await check_whole(DocumentStore(FakeDocuments(server), clock=Clock()).documents)


async def test_it_refuses_beside_a_running_serve(folder: Path) -> None:
    serving = SqliteStore(folder / "var" / LEDGER, clock=Clock())
    await serving.start()
    server = Server()
    with pytest.raises(StoreLocked, match="in use by another `frontdesk serve`"):
        await migrate(folder, FakeDocuments(server))
    await serving.stop()
    assert server.writes == 0


async def test_a_file_that_went_on_after_the_move_is_told_of(folder: Path) -> None:
    server = Server()
    await migrate(folder, FakeDocuments(server))
    store = SqliteStore(folder / "var" / LEDGER, clock=Clock(), new_id=Numbers())
    await store.start()
    await perform(Play(store=store, clock=Clock()), operations(1, 5, name="later"))
    await store.stop()
    code, _, errors = await migrate(folder, FakeDocuments(server))
    assert code == 1 and "started with the old file" in errors


def test_a_target_must_be_named(folder: Path) -> None:
    code, said = run(folder)
    assert code == 2 and "is `embedded`" in said and "--to-config" in said


def test_there_must_be_something_to_move(folder: Path) -> None:
    (folder / "var" / LEDGER).unlink()
    code, said = run(folder, "--to", ADDRESS)
    assert code == 1 and "Nothing to move" in said and PASSWORD not in said


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--verify", "some"), "neither a number nor"),
        (("--verify", "0"), "neither a number nor"),
        (("--to", ADDRESS, "--to-config", "other.yaml"), "either --to or --to-config"),
    ],
)
def test_wrong_usage(arguments: tuple[str, ...], said: str, folder: Path) -> None:
    code, page = run(folder, *arguments)
    assert code == 2 and said in " ".join(page.split())


def test_addresses_come_from_files_variables_and_the_new_yaml(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STORE_PASSWORD", PASSWORD)
    settings = load_settings(folder / "frontdesk.yaml")
    (tmp_path / "address").write_text(f"{ADDRESS}\n")
    assert target_of(settings, None) is None
    assert target_of(settings, "mongodb://frontdesk:${STORE_PASSWORD}@127.0.0.1:1/frontdesk") == ADDRESS
    assert target_of(settings, f"file:{tmp_path / 'address'}") == ADDRESS
    engines = f"store: {ADDRESS.replace(PASSWORD, '${STORE_PASSWORD}')}\nserver: {{session_secret: {'s' * 32}}}\n"
    (folder / "new.yaml").write_text(SETTINGS + engines)
    assert target_of(load_settings(folder / "new.yaml"), None) == ADDRESS


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("mongodb://127.0.0.1:1", "names no database"),
        (f"redis://:{PASSWORD}@127.0.0.1/0", "neither `embedded` nor an address"),
        ("mongodb://${NOBODY_SET_THIS}/frontdesk", "NOBODY_SET_THIS is not set"),
        ("file:nowhere", "nowhere cannot be read"),
    ],
)
def test_a_wrong_address_is_refused_and_not_repeated(given: str, said: str, folder: Path) -> None:
    with pytest.raises(Exception, match=said) as refused:
        run(folder, "--to", given)
    assert PASSWORD not in str(refused.value)


@pytest.fixture
async def mongo(mongodb: str) -> AsyncIterator[Documents]:
    if not _is_there("gateway.store.mongodb"):
        pytest.skip("this version has no MongoDB store")
    async with documents_at(mongodb) as documents:
        yield documents


def _is_there(module: str) -> bool:
    try:
        import_module(module)
    except ModuleNotFoundError:
        return False
    return True


async def test_on_a_real_server_everything_reads_the_same(folder: Path, mongo: Documents) -> None:
    code, said, errors = await migrate(folder, mongo)
    assert (code, errors) == (0, ""), said
    store = SqliteStore(folder / "var" / LEDGER, clock=Clock())
    await store.start()
    there, here = Play(store=DocumentStore(mongo, clock=Clock()), clock=Clock()), Play(store=store, clock=Clock())
    assert await facts(there) == await facts(here)
    await store.stop()
    code, said, _ = await migrate(folder, mongo)
    assert code == 0 and "moved before" in said


async def test_a_real_server_that_holds_anything_is_left_alone(folder: Path, mongo: Documents) -> None:
    await mongo.insert_many("events", [{"_id": "acme!c|e", "conv": "acme!c", "done": None, "kind": "message"}])
    with pytest.raises(StoreError, match="not empty"):
        await migrate(folder, mongo)
    assert await mongo.count("events") == 1 and await mongo.count("moves") == 0


def test_a_server_that_does_not_answer(folder: Path) -> None:
    """In a process of its own, as an operator calls it: one line, an exit code, and no password."""
    if not _is_there("gateway.store.mongodb"):
        pytest.skip("this version has no MongoDB store")
    done = frontdesk("migrate", "-c", str(folder / "frontdesk.yaml"), "--to", ADDRESS)
    assert done.returncode == 3, done.stderr
    assert done.stderr.startswith("cannot start: ") and PASSWORD not in done.stdout + done.stderr
