"""Configuration: one YAML file → frozen settings, or every mistake with its place.

``load`` and ``examine`` read a file, ``json_schema`` describes it to editors, ``SettingsWatcher`` follows its changes.  Knows no
plug: their models come in as ``Plugs``.
"""

from config.embedding import convert_cross_encoder, convert_embedder
from config.engine import Engine, convert_engine
from config.experiments import convert_experiments, convert_rollouts
from config.flows import convert_flows
from config.handoff import convert_handoff
from config.knowledge import Gate, Knowledge, Schedule, SourceBlock
from config.loader import Examined, examine, load
from config.model_roles import Models, convert_models
from config.models import (
    Account,
    DeskBlock,
    Limits,
    Log,
    Notices,
    Person,
    Server,
    Settings,
    Tenant,
)
from config.plugs import Plugs
from config.problems import ConfigProblems, Problem
from config.schema import json_schema
from config.telemetry import Telemetry
from config.tools import convert_tools
from config.watch import SettingsWatcher

__all__ = [
    "Account",
    "ConfigProblems",
    "DeskBlock",
    "Engine",
    "Examined",
    "Gate",
    "Knowledge",
    "Limits",
    "Log",
    "Models",
    "Notices",
    "Person",
    "Plugs",
    "Problem",
    "Schedule",
    "Server",
    "Settings",
    "SettingsWatcher",
    "SourceBlock",
    "Telemetry",
    "Tenant",
    "convert_cross_encoder",
    "convert_embedder",
    "convert_engine",
    "convert_experiments",
    "convert_flows",
    "convert_handoff",
    "convert_models",
    "convert_rollouts",
    "convert_tools",
    "examine",
    "json_schema",
    "load",
]
