"""What a tenant's engine may use beside its knowledge: models, tools, flows, experiments, put together from the YAML."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

import structlog

import config
from adapters.web.tokens import signing_key
from core import ids
from core.conversing.abilities import Abilities, AccountFacts, ReadFile
from core.ending import ended
from core.experiments import Experiment
from core.flows.flow import Flow
from core.intents.model import IntentModel
from core.models_settings import ModelsSettings
from core.ports.channel import Channel, Choices
from core.ports.tools import Verification
from core.providers.models import RoleModels
from core.providers.tools import KINDS, Toolbox, build_tools
from core.rollout import Rollouts
from core.settings import EngineSettings
from core.spending import Claims, Ledger
from core.tools.firewall import Firewall
from gateway.compose.finding import wits_of
from gateway.compose.living import AnswersOf, answers_of
from gateway.model_metrics import CountedModels

log = structlog.get_logger(__name__)

Clock = Callable[[], datetime]
ClaimsOf = Callable[[str], Claims]


@dataclass(slots=True)
class Equipment:
    """What engines hold open: models and tools, started with the process and closed after it or after a reload."""

    clock: Clock
    claims_of: ClaimsOf
    answers: AnswersOf = field(default_factory=lambda: answers_of(None))
    models: dict[int, RoleModels] = field(default_factory=dict)
    toolboxes: list[Toolbox] = field(default_factory=list)
    _growing: list[tuple[Toolbox, Callable[[], None]]] = field(default_factory=list)
    _learning: list[tuple[Callable[[], IntentModel], Callable[[IntentModel], None]]] = field(default_factory=list)
    _tasks: list[asyncio.Task[None]] = field(default_factory=list)

    def models_of(self, settings: config.Settings, tenant: config.Tenant) -> RoleModels | None:
        """The tenant's own models, else the installation's; tenants of one block share breakers and connections."""
        block = tenant.models or settings.models
        if block is None:
            return None
        if id(block) not in self.models:
            self.models[id(block)] = models_of(block, self.claims_of, clock=self.clock)
        return self.models[id(block)]

    def toolbox_of(self, tenant: config.Tenant) -> Toolbox:
        """The tenant's tools."""
        toolbox = build_tools(config.convert_tools(tenant.tools, KINDS))
        self.toolboxes.append(toolbox)
        return toolbox

    def grows(self, toolbox: Toolbox, on_grown: Callable[[], None]) -> None:
        """Call ``on_grown`` whenever tools that lie elsewhere were reached."""
        self._growing.append((toolbox, on_grown))

    def learns(self, learn: Callable[[], IntentModel], on_learnt: Callable[[IntentModel], None]) -> None:
        """Call ``on_learnt`` with what ``learn`` makes in a worker thread once the process has started."""
        self._learning.append((learn, on_learnt))

    async def start(self) -> None:
        """Load the models' libraries and go looking for tools that lie elsewhere."""
        await asyncio.gather(*(models.start() for models in self.models.values()))
        for toolbox, on_grown in self._growing:
            if toolbox.problems:
                self._tasks.append(asyncio.create_task(toolbox.keep(on_grown), name="toolbox"))
        for learn, on_learnt in self._learning:
            self._tasks.append(asyncio.create_task(_learnt(learn, on_learnt), name="intents"))

    async def stop(self) -> None:
        """Let go of every connection; safe twice and before start."""
        await ended(*self._tasks)
        self._tasks.clear()
        await asyncio.gather(*(models.stop() for models in self.models.values()))
        await asyncio.gather(*(toolbox.close() for toolbox in self.toolboxes))


async def _learnt(learn: Callable[[], IntentModel], on_learnt: Callable[[IntentModel], None]) -> None:
    """Train beside the running process; until it is done, messages are answered without an intent."""
    try:
        on_learnt(await asyncio.to_thread(learn))
    except Exception:
        log.exception("intents_not_learnt")


def models_of(block: config.Models, claims_of: ClaimsOf, *, clock: Clock) -> RoleModels:
    """The models of one block."""
    settings = config.convert_models(block, ModelsSettings)
    ledger = Ledger(settings.budgets, claims_of, clock=clock, token=lambda: ids.new_id("b"))
    return RoleModels(settings, ledger, observer=CountedModels())


def engine_settings(tenant: config.Tenant) -> EngineSettings:
    """The YAML's engine block as core's own value."""
    return config.convert_engine(tenant.engine, EngineSettings)


def abilities_of(
    settings: config.Settings,
    tenant: config.Tenant,
    equipment: Equipment,
    *,
    secret: bytes,
    channels: Mapping[str, Channel],
    is_staffed: Callable[[], bool] = lambda: True,
    read_file: ReadFile | None = None,
) -> tuple[Abilities, Toolbox]:
    """A tenant's abilities, and the toolbox that may still grow."""
    engine, toolbox = engine_settings(tenant), equipment.toolbox_of(tenant)
    models = equipment.models_of(settings, tenant)
    abilities = Abilities(
        company=tenant.name,
        secret=signing_key(secret, f"prompts:{tenant.id}"),
        models=models,
        scopes={level: getattr(tenant.tool_scopes, level.value) for level in Verification},
        flows=config.convert_flows(tenant.flows, Flow),
        cache=equipment.answers(engine.converse.cache) if models is not None else None,
        experiments=config.convert_experiments(tenant.experiments, Experiment),
        accounts=_accounts(tenant, channels),
        read_file=read_file,
        is_staffed=is_staffed,
        wits=wits_of(tenant),
    )
    return with_tools(abilities, toolbox, equipment, tenant.id), toolbox


def with_tools(abilities: Abilities, toolbox: Toolbox, equipment: Equipment, tenant: str) -> Abilities:
    """The abilities with the tools that can be called now."""
    tools = dict(toolbox)
    firewall = Firewall(tools, claims=equipment.claims_of(tenant), clock=equipment.clock) if tools else None
    return replace(abilities, tools=tools, firewall=firewall)


def _accounts(tenant: config.Tenant, channels: Mapping[str, Channel]) -> dict[str, AccountFacts]:
    rollouts = config.convert_rollouts(tenant.rollout, Rollouts)
    return {
        account.id: AccountFacts(
            channel=account.channel,
            has_buttons=_has_buttons(channels.get(account.id)),
            rollout=rollouts.of(account.id),
        )
        for account in tenant.accounts
    }


def _has_buttons(channel: Channel | None) -> bool:
    return channel is None or channel.capabilities.choices is not Choices.NUMBERS
