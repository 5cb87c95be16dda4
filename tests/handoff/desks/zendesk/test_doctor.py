"""What `frontdesk doctor` tells of a Zendesk account."""

from __future__ import annotations

from datetime import timedelta

from core.ports.channel import Level, SupportsDoctor
from core.ports.helpdesk import Helpdesk
from gateway.lab.desks.zendesk.state import mailing_triggers
from handoff.desks.zendesk.helpdesk import Zendesk
from tests.handoff.desks.zendesk.conftest import WEBHOOK_URL, Account


async def levels(desk: Zendesk) -> dict[str, Level]:
    return {finding.check: finding.level for finding in await desk.examine()}


async def test_a_healthy_account_has_nothing_to_mend(account: Account, desk: Zendesk) -> None:
    account.lab.registered_url = WEBHOOK_URL
    port: Helpdesk = desk
    assert isinstance(port, SupportsDoctor)
    assert await levels(desk) == dict.fromkeys(
        ("credentials", "scope", "role", "clock", "webhook", "signature", "mails"), Level.OK
    )
    assert account.lab.books.tickets == {}


async def test_each_thing_that_is_wrong_has_its_mend(account: Account) -> None:
    lab = account.lab
    lab.books.triggers = mailing_triggers(None)
    found = {finding.check: finding for finding in await account.connect().examine()}
    assert found["webhook"].level is Level.FAILURE
    assert WEBHOOK_URL in found["webhook"].mend
    assert found["mails"].level is Level.WARNING
    assert "Notify requester and CCs of comment update" in found["mails"].what
    assert "frontdesk" in found["mails"].mend
    lab.registered_url, lab.is_webhook_active = WEBHOOK_URL, False
    assert (await levels(account.connect()))["webhook"] is Level.FAILURE
    lab.is_webhook_active = True
    assert (await levels(account.connect(signing_secrets=["another"])))["signature"] is Level.FAILURE
    assert (await levels(account.connect(signing_secrets=[])))["webhook"] is Level.FAILURE
    lab.me.role = "end-user"
    assert (await levels(account.connect()))["role"] is Level.FAILURE


async def test_a_clock_that_is_off_and_credentials_that_are_wrong(account: Account) -> None:
    account.lab.clock = lambda: account.clock() + timedelta(minutes=5)
    assert (await levels(account.connect()))["clock"] is Level.FAILURE
    findings = await account.connect(client_secret="wrong").examine()
    assert [finding.check for finding in findings] == ["credentials"]
    assert findings[0].level is Level.FAILURE
    assert "wrong" not in findings[0].what + findings[0].mend
    account.lab.is_down = True
    assert (await account.connect().examine())[0].level is Level.FAILURE


async def test_a_legacy_token_is_a_warning_while_it_lives(account: Account) -> None:
    legacy = {
        "client_id": None,
        "client_secret": None,
        "email": account.lab.me.email,
        "api_token": account.lab.api_token,
    }
    assert (await levels(account.connect(**legacy)))["login"] is Level.WARNING


async def test_what_may_not_be_read_is_said_and_not_guessed(account: Account) -> None:
    account.lab.forbids = "/api/v2/triggers"
    assert (await levels(account.connect()))["mails"] is Level.WARNING
    account.lab.forbids = "/api/v2/webhooks"
    assert (await levels(account.connect()))["webhook"] is Level.WARNING
