"""What lies between the blocks of a tenant's abilities: models, tools, flows, experiments.  Works on the plain values."""

from __future__ import annotations

from typing import Any

from pydantic import ValidationError

from config.embedding import embedder_lookouts
from config.entities import Entities, twice
from config.flow_problems import check_flows
from config.intents import intent_lookouts
from config.model_roles import lookouts, misdirected
from config.problems import Loc, Report
from config.tool_rules import check_tools, tool_names
from config.trial_rules import check_trials
from config.yaml_tree import Tree


def check_models(loc: Loc, block: Any, tree: Tree, report: Report) -> None:
    """Endpoints that do not exist, and what is allowed but probably not meant."""
    for inside, what, hint in misdirected(block):
        report.add(tree.value_place((*loc, *inside)), report.clean(what), hint)
        report.spoil((*loc, *inside))
    for inside, what, hint in lookouts(block):
        report.add(tree.key_place((*loc, *inside)), what, hint, severity="warning")


def check_abilities(loc: Loc, tenant: Any, tree: Tree, report: Report) -> None:
    """Everything of the tenant at ``loc``."""
    if not isinstance(tenant, dict):
        return
    check_models((*loc, "models"), tenant.get("models"), tree, report)
    knowledge = tenant.get("knowledge")
    for inside, what, hint in embedder_lookouts(knowledge.get("embedder") if isinstance(knowledge, dict) else None):
        report.add(tree.key_place((*loc, "knowledge", "embedder", *inside)), what, hint, severity="warning")
    for inside, what, hint in intent_lookouts(tenant.get("intents")):
        report.add(tree.value_place((*loc, "intents", *inside)), report.clean(what), hint, severity="warning")
    _check_entities((*loc, "entities"), tenant.get("entities"), tree, report)
    check_tools(loc, tenant, tree, report)
    check_trials(loc, tenant, tree, report)
    check_flows(loc, tenant, tool_names(loc, tenant), tree, report)


def _check_entities(loc: Loc, block: Any, tree: Tree, report: Report) -> None:
    """Words that two kinds claim; a block with mistakes is told of these first."""
    try:
        known = Entities.model_validate(block or {})
    except ValidationError:
        return
    for inside, what, hint in twice(known):
        report.add(tree.key_place((*loc, *inside)), report.clean(what), hint, severity="warning")
