"""A stand-in of a language model: OpenAI's wire format, answers by a script file, faults on request, and a puppet.

It is a second reading of the protocol and of the engine's prompts: nothing here imports what the engine calls models with.
"""

from gateway.lab.model.lab import ModelLab
from gateway.lab.model.script import Script, ScriptError, load_script, read_script
from gateway.lab.model.troubles import Trouble, Troubles

__all__ = ["ModelLab", "Script", "ScriptError", "Trouble", "Troubles", "load_script", "read_script"]
