"""Settings, contacts' files, and what the doctor finds."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from adapters.twilio import sms_plugin, whatsapp_plugin
from adapters.twilio.settings import SmsSettings, WhatsAppSettings
from core.errors import CredentialsInvalid, MessageRejected, ProviderUnavailable
from core.ports.channel import Finding, Level, SupportsDoctor, SupportsMedia
from gateway.lab.vendor import Fault
from tests.channels.twilio.wire import ACCOUNT_SID, NUMBER, TOKENS
from tests.channels.twilio.world import PUBLIC, World, world_of

PLAIN: dict[str, Any] = {"account_sid": ACCOUNT_SID, "auth_token": TOKENS[0], "from_number": NUMBER}


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"account_sid": "SK1"}, "account_sid"),
        ({"auth_token": ""}, "auth_token"),
        ({"api_key_sid": "SK1"}, "go together"),
        ({"webhook_signing": "shared_key"}, "needs shared_keys"),
        ({"webhook_signing": "none"}, "webhook_signing"),
        ({"from_number": None}, "one of from_number"),
        ({"from_number": "call me"}, "from_number"),
        ({"public_url": "bot.example.com"}, "an address like"),
        ({"public_url": "https://a:b@bot.example.com/x"}, "without a password"),
        ({"max_segments": 0}, "max_segments"),
        ({"colour": "red"}, "colour"),
    ],
)
def test_settings_that_cannot_work_are_refused(changes: dict[str, Any], complaint: str) -> None:
    with pytest.raises(ValidationError, match=complaint):
        SmsSettings.model_validate({**PLAIN, **changes})


def test_every_setting_says_what_it_is_and_secrets_stay_secret() -> None:
    for plugin in (sms_plugin, whatsapp_plugin):
        assert [name for name, field in plugin.settings.model_fields.items() if not field.description] == []
    model = WhatsAppSettings.model_validate({**PLAIN, "api_key_sid": "SK1", "api_key_secret": "hidden-secret"})
    assert model.login == ("SK1", "hidden-secret") and "hidden-secret" not in f"{model!r}{model.model_dump_json()}"
    assert WhatsAppSettings.model_validate(PLAIN).login == (ACCOUNT_SID, TOKENS[0])


def test_an_accounts_abilities_are_protocols() -> None:
    assert sms_plugin.capabilities.files_out and whatsapp_plugin.capabilities.reply_window_s == 86_100


async def attached(world: World, body: bytes = b"OggS voice") -> Any:
    await world.lab.attach("note.ogg", "audio/ogg", body, is_voice=True)
    (attachment,) = world.events[-1].attachments
    return attachment


async def test_a_voice_note_is_fetched_past_the_redirect() -> None:
    async with world_of("whatsapp") as world:
        attachment = await attached(world)
        assert isinstance(world.channel, SupportsMedia)
        fetched = await world.channel.fetch(attachment, limit_bytes=100)
        assert (fetched.body, fetched.media_type) == (b"OggS voice", "audio/ogg")
        with pytest.raises(MessageRejected):
            await world.channel.fetch(attachment, limit_bytes=9)
        assert [call.split("/")[1] for call in world.lab.calls] == ["2010-04-01", "cdn"] * 2


async def test_files_are_fetched_from_twilio_only() -> None:
    async with world_of("whatsapp") as world:
        own = world.rebuild(api_url=None)
        for url in ("https://evil.example/x", "http://api.twilio.com/x", "https://api.twilio.com.evil.example/x"):
            await world.lab.post({"NumMedia": "1", "MediaUrl0": url, "MediaContentType0": "image/png"})
            (attachment,) = world.events[-1].attachments
            for channel in (own, world.channel):
                with pytest.raises(MessageRejected):
                    await channel.fetch(attachment, limit_bytes=100)


async def test_a_file_that_is_gone_or_refused() -> None:
    async with world_of("whatsapp") as world:
        attachment = await attached(world)
        world.lab.faults.add(Fault.UNAVAILABLE, on="media.fetch")
        with pytest.raises(ProviderUnavailable):
            await world.channel.fetch(attachment, limit_bytes=100)
        with pytest.raises(CredentialsInvalid):
            await world.rebuild(auth_token="wrong").fetch(attachment, limit_bytes=100)
        world.lab.book.media.clear()
        with pytest.raises(MessageRejected):
            await world.channel.fetch(attachment, limit_bytes=100)


@pytest.mark.parametrize("is_deleted", [True, False])
async def test_a_copied_file_is_deleted_when_the_account_says_so(is_deleted: bool) -> None:
    async with world_of("whatsapp", delete_media=is_deleted) as world:
        attachment = await attached(world)
        await world.channel.discard(attachment)
        assert (world.lab.book.media == {}) is is_deleted
        await world.channel.discard(attachment)


async def findings(world: World, **changes: Any) -> dict[str, Finding]:
    channel = world.rebuild(**changes)
    assert isinstance(channel, SupportsDoctor)
    found = await channel.examine()
    assert all(finding.level is Level.OK or finding.mend for finding in found)
    assert not [token for token in TOKENS if token in repr(found)]
    return {finding.check: finding for finding in found}


@pytest.mark.parametrize("kind", ["sms", "whatsapp"])
async def test_the_doctor_is_content_with_a_good_account(kind: str) -> None:
    async with world_of(kind) as world:
        world.lab.poster.signs_as = PUBLIC + "#rc=3&rp=all"
        found = await findings(world)
        assert {finding.level for finding in found.values()} == {Level.OK}
        assert {"credentials", "clock", "sender", "webhook", "address", "signature", "mode"} <= set(found)


async def test_the_doctor_finds_what_is_wrong() -> None:
    async with world_of("sms") as world:
        assert (await findings(world))["webhook"].level is Level.WARNING
        world.lab.poster.signs_as = "https://old.example/hook"
        found = await findings(world, signature_mode="observe", public_url="http://bot.example.com/x")
        assert found["webhook"].level is Level.FAILURE and "#rc=3&rp=all" in found["webhook"].mend
        assert found["mode"].level is Level.WARNING and found["address"].level is Level.WARNING
        assert (await findings(world, from_number="+15550000000"))["sender"].level is Level.FAILURE
        wrong = await findings(world, auth_token="wrong")
        assert wrong["credentials"].level is Level.FAILURE and "sender" not in wrong
        assert (await findings(world, messaging_service_sid="MG" + "0" * 32))["sender"].level is Level.OK
        assert (await findings(world, messaging_service_sid="MG1"))["sender"].level is Level.FAILURE


async def test_the_doctor_sees_a_clock_that_is_wrong() -> None:
    async with world_of("sms") as world:
        world.lab.shift = timedelta(hours=1)
        assert (await findings(world))["clock"].level is Level.WARNING


async def test_the_doctor_knows_the_whatsapp_sandbox() -> None:
    async with world_of("whatsapp") as world:
        found = await findings(world, from_number="+14155238886")
        assert found["sender"].level is Level.WARNING and "sandbox" in found["sender"].mend
