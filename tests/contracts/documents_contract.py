"""DocumentsContract: what the document ledger asks of a database, whatever it runs on.

A database's tests subclass it and give ``documents``, an empty one.
"""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from gateway.store.documents import Condition, Document, Documents, Value, Where

C = "acme!c1"
OTHER = "acme!c2"


def row(name: str, conv: str = C, **fields: Value) -> Document:
    """A document of a conversation."""
    return {"_id": f"{conv}#{name}", "conv": conv, "name": name, **fields}


def names(found: tuple[Document, ...]) -> list[object]:
    return [document["name"] for document in found]


class InsertContract:
    """The one safe operation."""

    async def test_an_insert_tells_which_ids_existed(self, documents: Documents) -> None:
        assert await documents.insert_many("things", [row("a"), row("b")]) == frozenset()
        assert await documents.insert_many("things", [row("c"), row("a", n=1), row("d")]) == {f"{C}#a"}
        assert sorted(map(str, names(await documents.find("things", C)))) == ["a", "b", "c", "d"]
        stands = await documents.get("things", C, f"{C}#a")
        assert stands is not None
        assert "n" not in stands

    async def test_of_two_with_one_id_in_a_batch_one_is_inserted(self, documents: Documents) -> None:
        assert await documents.insert_many("things", [row("a", n=1), row("a", n=2), row("b")]) == {f"{C}#a"}
        found = await documents.find("things", C, sort=(("name", 1),))
        assert names(found) == ["a", "b"]
        assert found[0]["n"] in (1, 2)

    async def test_nothing_to_insert(self, documents: Documents) -> None:
        assert await documents.insert_many("things", []) == frozenset()

    async def test_concurrent_inserts_of_one_id_have_one_winner(self, documents: Documents) -> None:
        """Each caller also brings a document of its own, which no rival's fate touches."""
        existed = await asyncio.gather(
            *(documents.insert_many("things", [row("raced", n=n), row(f"own-{n}")]) for n in range(16))
        )
        assert sorted(map(len, existed)) == [0] + [1] * 15
        winner = next(n for n, ids in enumerate(existed) if not ids)
        stands = await documents.get("things", C, f"{C}#raced")
        assert stands is not None
        assert stands["n"] == winner
        assert len(await documents.find("things", C)) == 17

    async def test_every_value_comes_back_as_it_was(self, documents: Documents) -> None:
        whole = row(
            "all", text="Grüße, 你好 \u0000 🦊 $set .x", number=2**62, less=-1, yes=True, no=False, nothing=None,
            raw=bytes(range(256)), texts=("a", "b"), raws=(b"", b"\x00"), empty=(),
        )  # fmt: skip
        await documents.insert_many("things", [whole])
        assert await documents.get("things", C, str(whole["_id"])) == whole
        assert await documents.find("things", C) == (whole,)

    @pytest.mark.parametrize("name", ["ümlaut", "🦊#1|%", "a" * 900, "$a.b", "'\"\\ \n"])
    async def test_ids_are_any_text(self, documents: Documents, name: str) -> None:
        other = row(name + "x")
        await documents.insert_many("things", [row(name), other])
        assert await documents.insert_many("things", [row(name)]) == {f"{C}#{name}"}
        found = await documents.get("things", C, f"{C}#{name}")
        assert found == row(name)
        await documents.delete("things", C, f"{C}#{name}")
        assert await documents.find("things", C) == (other,)

    async def test_a_large_document(self, documents: Documents) -> None:
        large = row("large", body=b"x" * 1_000_000)
        await asyncio.gather(*(documents.insert_many("things", [{**large, "_id": f"{C}#{n}"}]) for n in range(2)))
        assert await documents.get("things", C, f"{C}#1") == {**large, "_id": f"{C}#1"}


CONDITIONS: tuple[tuple[Any, str], ...] = (
    (("n", "eq", None), "absent none"),
    (("n", "eq", 2), "two"),
    (("n", "ne", None), "one two three"),
    (("n", "ne", 2), "absent none one three"),
    (("n", "in", (None, 1)), "absent none one"),
    (("n", "in", (2, 3)), "two three"),
    (("n", "in", ()), ""),
    (("n", "lt", 2), "one"),
    (("n", "le", 2), "one two"),
    (("n", "gt", 2), "three"),
    (("n", "ge", 2), "two three"),
    (("n", "lt", None), ""),
    (("n", "le", None), ""),
    (("n", "gt", None), ""),
    (("n", "ge", None), ""),
    (("name", "gt", "one"), "two three"),
    (("_id", "in", (f"{C}#one", f"{C}#gone", f"{C}#two")), "one two"),
    (("flag", "eq", True), "one three"),
    (("flag", "ne", True), "absent none two"),
    (("raw", "eq", b"\x01"), "one"),
)


class QueryContract:
    """Filters, order and limits."""

    async def fill(self, documents: Documents) -> None:
        rows = [
            row("absent"), row("none", n=None, flag=False), row("one", n=1, flag=True, raw=b"\x01"), row("two", n=2),
            row("three", n=3, flag=True), row("one", OTHER, n=1, flag=True, raw=b"\x01"),
        ]  # fmt: skip
        await documents.insert_many("things", rows)

    async def test_conditions(self, documents: Documents) -> None:
        await self.fill(documents)
        for condition, wanted in CONDITIONS:
            found = await documents.find("things", C, where=(condition,))
            assert sorted(map(str, names(found))) == sorted(wanted.split()), condition
            mine: Condition = ("conv", "eq", C)
            assert await documents.count("things", where=(mine, condition)) == len(wanted.split()), condition

    async def test_conditions_on_one_field_all_hold(self, documents: Documents) -> None:
        await self.fill(documents)
        between = await documents.find("things", C, where=(("n", "ge", 1), ("n", "lt", 3), ("n", "ne", 2)))
        assert names(between) == ["one"]
        twice = await documents.find("things", C, where=(("n", "gt", 0), ("n", "gt", 1), ("n", "gt", 2)))
        assert names(twice) == ["three"]
        assert await documents.find("things", C, where=(("n", "eq", 1), ("n", "eq", 2))) == ()

    async def test_order_has_none_first(self, documents: Documents) -> None:
        await self.fill(documents)
        up = names(await documents.find("things", C, sort=(("n", 1), ("name", 1))))
        assert up == ["absent", "none", "one", "two", "three"]
        down = names(await documents.find("things", C, sort=(("n", -1), ("name", -1))))
        assert down == ["three", "two", "one", "none", "absent"]

    async def test_limits(self, documents: Documents) -> None:
        await self.fill(documents)
        for limit in (0, 1, 3, 5, 9):
            found = await documents.find("things", C, sort=(("name", 1),), limit=limit)
            assert names(found) == ["absent", "none", "one", "three", "two"][:limit]

    async def test_more_than_one_page(self, documents: Documents) -> None:
        await documents.insert_many("things", [row(f"{n:04}", n=n) for n in range(1_203)])
        found = await documents.find("things", C, sort=(("n", 1),))
        assert [document["n"] for document in found] == list(range(1_203))

    async def test_a_scan_sees_all_shard_keys_and_a_find_one(self, documents: Documents) -> None:
        await self.fill(documents)
        assert len(await documents.scan("things")) == 6
        one = await documents.scan("things", where=(("n", "eq", 1),), sort=(("conv", -1),), limit=1)
        assert [document["conv"] for document in one] == [OTHER]
        assert names(await documents.find("things", OTHER)) == ["one"]
        assert await documents.count("things", where=(("n", "in", ()),)) == 0

    async def test_what_is_not_there(self, documents: Documents) -> None:
        assert await documents.get("things", C, "x") is None
        assert await documents.find("things", C) == ()
        assert await documents.scan("things") == ()
        assert await documents.count("things") == 0


class ChangeContract:
    """Updates and deletes."""

    async def test_an_update_sets_fields_and_leaves_the_others(self, documents: Documents) -> None:
        await documents.insert_many("things", [row("a", n=1, m=1), row("b", n=1)])
        await documents.update("things", C, f"{C}#a", changes={"n": None, "t": ("x",), "raw": b"1"})
        assert await documents.get("things", C, f"{C}#a") == row("a", n=None, m=1, t=("x",), raw=b"1")
        assert await documents.get("things", C, f"{C}#b") == row("b", n=1)

    async def test_an_update_never_inserts(self, documents: Documents) -> None:
        await documents.update("things", C, f"{C}#a", changes={"n": 1})
        await documents.update_each("things", C, [f"{C}#a", f"{C}#b"], changes={"n": 1})
        assert await documents.scan("things") == ()

    async def test_a_hint_that_does_not_hold_changes_nothing(self, documents: Documents) -> None:
        await documents.insert_many("things", [row("a", n=1)])
        hints: tuple[Where, ...] = ((("n", "eq", 2),), (("n", "gt", None),), (("m", "ne", None),))
        for where in hints:
            await documents.update("things", C, f"{C}#a", changes={"n": 9}, where=where)
        assert await documents.get("things", C, f"{C}#a") == row("a", n=1)
        await documents.update("things", C, f"{C}#a", changes={"n": 9}, where=(("m", "eq", None),))
        assert await documents.get("things", C, f"{C}#a") == row("a", n=9)

    async def test_an_update_of_several(self, documents: Documents) -> None:
        await documents.insert_many("things", [row(name, n=1) for name in "abcd"] + [row("a", OTHER, n=1)])
        await documents.update_each("things", C, [f"{C}#a", f"{C}#gone", f"{C}#c"], changes={"n": 2})
        await documents.update_each("things", C, [], changes={"n": 3})
        await documents.update_each("things", C, [f"{C}#d"], changes={"n": 4})
        found = await documents.scan("things", sort=(("_id", 1),))
        assert [document["n"] for document in found] == [2, 1, 2, 4, 1]

    async def test_a_delete(self, documents: Documents) -> None:
        await documents.insert_many("things", [row("a"), row("b")])
        for _ in range(2):
            await documents.delete("things", C, f"{C}#a")
        assert names(await documents.find("things", C)) == ["b"]
        assert await documents.insert_many("things", [row("a")]) == frozenset()


class DocumentsContract(InsertContract, QueryContract, ChangeContract):
    """All scenarios."""
