"""The process killed while it fetches files: no half file is ever given out, and the restart fetches the rest."""

from __future__ import annotations

import asyncio
import random
import sys
from pathlib import Path

from core.domain import Attachment
from core.ports.channel import Fetched
from tests.media.world import PNG, TENANT, Vendor, event, file, keeping

BODY = PNG + bytes(8_000_000)
FILES = tuple(file(f"{n}.png") for n in range(8))
ROUNDS = 4


async def large(attachment: Attachment, limit_bytes: int) -> Fetched:
    return Fetched(body=BODY, media_type="image/png")


async def _fetch_until_killed(folder: Path) -> None:
    async with keeping(folder, Vendor(large), limit_bytes=len(BODY)) as kept:
        print("fetching", flush=True)
        for number, asked in enumerate(FILES):
            await kept.gather(event(asked, key=f"e{number}"))


def _names(folder: Path) -> set[str]:
    return {path.name for path in (folder / "uploads" / TENANT).glob("u_*") if path.suffix == ""}


async def _killed(folder: Path, after_s: float | None) -> None:
    """Fetch in a process of its own and kill it after a while, or (None) in the moment in which a file gets its name."""
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.media.test_killed", str(folder),
        stdout=asyncio.subprocess.PIPE, cwd=Path(__file__).parents[2],
    )  # fmt: skip
    assert child.stdout is not None
    before = _names(folder)
    assert await child.stdout.readline() == b"fetching\n"
    if after_s is None:
        while _names(folder) == before and child.returncode is None:  # noqa: ASYNC110  the moment is on the disk
            await asyncio.sleep(0)
    else:
        await asyncio.sleep(after_s)
    if child.returncode is None:
        child.kill()
    await child.communicate()


async def test_no_half_file_survives_a_kill(tmp_path: Path) -> None:
    chance = random.Random(7)
    for number in range(ROUNDS):
        await _killed(tmp_path, None if number % 2 else chance.uniform(0.0, 0.05))
        whole = {path: path.stat().st_size for path in (tmp_path / "uploads" / TENANT).glob("u_*") if not path.suffix}
        assert set(whole.values()) <= {len(BODY)}
    async with keeping(tmp_path, Vendor(large), limit_bytes=len(BODY)) as kept:
        for asked in FILES:
            found = await kept.media.opened(TENANT, asked.id)
            assert found is None or (kept.uploads / TENANT / asked.id).read_bytes() == BODY
        await kept.gather(event(*FILES))
        assert kept.notes == [] and set(kept.files) == {asked.id for asked in FILES}
        assert all(body == BODY for body in kept.files.values())


if __name__ == "__main__":
    asyncio.run(_fetch_until_killed(Path(sys.argv[1])))
