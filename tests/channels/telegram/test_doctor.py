"""``frontdesk doctor``: each mistake an admin can make is found, named, and comes with its mend."""

from __future__ import annotations

from datetime import UTC, datetime

from core.ports.channel import Finding, Level, SupportsDoctor
from gateway.lab.vendor import Fault
from tests.channels.telegram.world import OLD_SECRET, SECRET, TOKEN, Clock, World, channel, world_of


async def examined(world: World) -> dict[str, Finding]:
    assert isinstance(world.channel, SupportsDoctor)
    world.clock.now = datetime.now(UTC)
    found = await world.channel.examine()
    assert not [secret for secret in (TOKEN, SECRET, OLD_SECRET) if secret in repr(found)]
    assert all(item.mend for item in found if item.level is not Level.OK)
    return {item.check: item for item in found}


async def test_a_good_account_is_good(world: World) -> None:
    await world.channel.register()
    found = await examined(world)
    assert set(found) == {"token", "clock", "secret", "webhook", "pending"}
    assert {item.level for item in found.values()} == {Level.OK}


async def test_a_wrong_token() -> None:
    async with world_of(token="7000000001:another-token") as world:
        found = await examined(world)
        assert found["token"].level is Level.FAILURE and "BotFather" in found["token"].mend


async def test_another_bots_name() -> None:
    async with world_of(bot_username="other_bot") as world:
        assert "frontdesk_lab_bot" in (await examined(world))["username"].mend


async def test_an_address_that_is_not_ours(world: World) -> None:
    world.lab.hook.url = "https://elsewhere.example/hook"
    found = await examined(world)
    assert found["webhook"].level is Level.FAILURE and "elsewhere.example" in found["webhook"].what
    world.lab.hook.url = ""
    assert "nobody" in (await examined(world))["webhook"].what


async def test_failing_calls_and_a_backlog(world: World) -> None:
    await world.channel.register()
    world.refuse_with = 401
    world.clock.now = datetime.now(UTC)
    for number in range(101):
        await world.lab.say(f"Message {number}")
    found = await examined(world)
    assert "401" in found["webhook_error"].what and found["pending"].level is Level.WARNING
    world.refuse_with = None
    await world.lab.redeliver()
    assert len(world.events()) == 101
    assert (await examined(world))["pending"].level is Level.OK


async def test_kinds_that_are_not_asked_for(world: World) -> None:
    await world.channel.register()
    world.lab.books.allowed = frozenset(("message",))
    assert "callback_query" in (await examined(world))["allowed_updates"].what


async def test_groups(world: World) -> None:
    world.lab.books.bot["can_join_groups"] = False
    assert "/setjoingroups" in (await examined(world))["groups"].mend
    world.lab.books.bot |= {"can_join_groups": True, "can_read_all_group_messages": True}
    assert "/setprivacy" in (await examined(world))["groups"].mend


async def test_a_clock_that_is_off(world: World) -> None:
    await examined(world)
    world.clock.now = datetime(2020, 1, 1, tzinfo=UTC)
    found = {item.check: item for item in await world.channel.examine()}
    assert found["clock"].level is Level.WARNING and "NTP" in found["clock"].mend


async def test_polling() -> None:
    async with world_of(mode="polling", webhook_secrets=[]) as world:
        assert (await examined(world))["webhook"].level is Level.OK
        world.lab.hook.url = "https://elsewhere.example/hook"
        assert (await examined(world))["webhook"].level is Level.FAILURE


async def test_no_public_address() -> None:
    async with world_of() as world:
        made = channel(api_url=world.channel._settings.api_url, clock=Clock())
        found = {item.check: item for item in await made.examine()}
        assert "base_url" in found["webhook"].mend
        await made.close()


async def test_a_vendor_that_is_down_is_a_finding(world: World) -> None:
    world.lab.faults.add(Fault.UNAVAILABLE, on="getMe")
    found = await examined(world)
    assert found["token"].level is Level.FAILURE and found["secret"].level is Level.OK
    world.lab.faults.add(Fault.UNAVAILABLE, on="getWebhookInfo")
    assert (await examined(world))["webhook"].level is Level.FAILURE
