"""Models over the ``openai`` package; see README.md."""

from core.providers.models.observing import ModelObserver
from core.providers.models.service import RoleModels

__all__ = ["ModelObserver", "RoleModels"]
