"""The lab's helpdesk: a stand-in of Zendesk beside the channels, for tenants whose YAML names no desk of a vendor."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from pydantic import SecretStr

if TYPE_CHECKING:
    from config import Settings
    from config.models import DeskBlock, Tenant
    from gateway.lab.desks.zendesk import ZendeskLab
    from gateway.lab.stand_ins import StandIns

KIND: Final = "zendesk"
SUBDOMAIN: Final = "lab"
CLIENT_ID: Final = "frontdesk_lab"
CLIENT_SECRET: Final = "lab-client-secret"  # noqa: S105  the lab's own
SIGNING_SECRET: Final = "lab-signing-secret"  # noqa: S105


def with_helpdesk(settings: Settings, origin: str) -> Settings:
    """The settings with the lab's helpdesk in the place of each built-in desk; hours and snippets stay."""
    tenants = tuple(
        tenant.model_copy(update={"desk": _block(tenant, origin)}) if tenant.desk.kind == "builtin" else tenant
        for tenant in settings.tenants
    )
    return settings.model_copy(update={"tenants": tenants})


def _block(tenant: Tenant, origin: str) -> DeskBlock:
    from config.models import DeskBlock
    from handoff.desks.zendesk.settings import ZendeskSettings

    own: Any = tenant.desk.settings
    settings = ZendeskSettings(
        subdomain=SUBDOMAIN,
        client_id=CLIENT_ID,
        client_secret=SecretStr(CLIENT_SECRET),
        signing_secrets=[SecretStr(SIGNING_SECRET)],
        api_url=f"{origin}/helpdesk-{tenant.id}",
        hours=own.hours,
        snippets=own.snippets,
    )
    return DeskBlock.model_construct(kind=KIND, settings=settings)


def helpdesks(settings: Settings, made: StandIns, public: str) -> dict[str, ZendeskLab]:
    """Stand-ins for the Zendesk accounts whose address is the lab's, mounted, by the address of their agents' page."""
    from gateway.lab.desks.zendesk import ZendeskLab

    found: dict[str, ZendeskLab] = {}
    for tenant in settings.tenants:
        desk: Any = tenant.desk.settings
        prefix = made.prefix_of([desk.api_url]) if tenant.desk.kind == KIND and desk.api_url else None
        if prefix is None:
            continue
        lab = ZendeskLab(
            client_id=desk.client_id,
            client_secret=desk.client_secret.get_secret_value(),
            signing_secret=desk.signing_secrets[0].get_secret_value(),
            run=made.run,
        )
        lab.address = f"{made.origin}{prefix}"
        lab.hook.url = f"{public}/webhooks/desk/{tenant.id}"
        made.mounted[prefix] = lab.app()
        found[f"{prefix}/agent/"] = lab
    return found
