"""A file that one replica took is given by another one that shares no disk with it."""

from __future__ import annotations

import asyncio
from pathlib import Path

from aiohttp import FormData

from tests.browser.stand_in import PIXEL
from tests.replicas.street import street, visitors


async def test_a_file_that_one_replica_took_is_given_by_the_other(tmp_path: Path, mongodb: str) -> None:
    with street(tmp_path, {"store": mongodb}) as two:
        one, other = (replica.url for replica in two.replicas)
        async with visitors(two, 1, seed=1) as (visitor,):
            form = FormData()
            form.add_field("file", PIXEL, filename="pane.png", content_type="image/png")
            async with visitor.http.post(f"{one}/v1/web/uploads", data=form, headers=visitor.headers) as answer:
                assert answer.status == 201
                uploaded = (await answer.json())["upload_id"]
            said = {"client_msg_id": "1", "text": "What is this?", "upload_ids": [uploaded]}
            visitor.acknowledged.append((await visitor.call("POST", "/v1/web/messages", said))["message_id"])
            (attached,) = (await visitor.until_answered())[0]["attachments"]
            two.replicas[0].kill()
            two.down.add(0)
            async with visitor.http.get(other + attached["url"]) as answer:
                assert answer.status == 200 and await answer.read() == PIXEL
            async with visitor.http.get(other + attached["url"], headers={"Range": "bytes=0-3"}) as answer:
                assert answer.status == 206 and await answer.read() == PIXEL[:4]
    assert not await asyncio.to_thread(lambda: list((tmp_path / "replica-0").glob("var/uploads/*/*.part")))
