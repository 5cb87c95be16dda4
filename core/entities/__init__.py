"""Entities: what a message names, in a normal form.  Rules only; English first, days and amounts in seven languages."""

from core.entities.entity import KINDS, NAMING, CustomEntity, Entity, EntitySettings
from core.entities.finding import MAX_CHARS, MAX_ENTITIES, entities
from core.entities.lexicon import NOTHING, Lexicon, lexicon
from core.entities.referring import carried, resolve

__all__ = (
    "KINDS",
    "MAX_CHARS",
    "MAX_ENTITIES",
    "NAMING",
    "NOTHING",
    "CustomEntity",
    "Entity",
    "EntitySettings",
    "Lexicon",
    "carried",
    "entities",
    "lexicon",
    "resolve",
)
