"""One file → checked settings, or every mistake at once.  The same way for check, serve, sync and reload."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from config.explain import Explainer
from config.models import Origin, Settings
from config.plugs import Plugs
from config.problems import TOP, ConfigProblems, Problem, Report
from config.references import References
from config.scalars import Scalars
from config.shape import Shape
from config.yaml_tree import MAX_BYTES, Tree, parse


@dataclass(frozen=True, slots=True, kw_only=True)
class Examined:
    """What a file came to: ``settings`` unless one of the ``problems`` is an error; problems are in file order."""

    settings: Settings | None
    problems: tuple[Problem, ...]


def load(path: Path | str, plugs: Plugs, environ: Mapping[str, str]) -> Settings:
    """The settings of a file; ``ConfigProblems`` holds every mistake.  Warnings are in ``settings.warnings``."""
    examined = examine(path, plugs, environ)
    if examined.settings is None:
        raise ConfigProblems(examined.problems)
    return examined.settings


def examine(path: Path | str, plugs: Plugs, environ: Mapping[str, str]) -> Examined:
    """Read, fill in, validate, cross-check; never raises on what a file may hold."""
    file = Path(path)
    report = Report(str(path))
    raw = _read(file, report)
    tree = None if raw is None else parse(raw, report)
    settings = None if tree is None else _settings(file, tree, report, plugs, environ)
    return Examined(settings=None if report.has_errors else settings, problems=report.problems)


def _read(file: Path, report: Report) -> bytes | None:
    try:
        with file.open("rb") as stream:
            return stream.read(MAX_BYTES + 1)
    except OSError as error:
        why = error.strerror or "it is not a file"
        report.add(TOP, f"the file cannot be read: {why}", "name it with --config FILE or FRONTDESK_CONFIG")
    except ValueError:
        report.add(
            TOP, "the file cannot be read: its name is not one", "name it with --config FILE or FRONTDESK_CONFIG"
        )
    return None


def _settings(file: Path, tree: Tree, report: Report, plugs: Plugs, environ: Mapping[str, str]) -> Settings | None:
    folder = Path(os.path.abspath(file)).parent  # noqa: PTH100  follows no link: a mounted file's neighbours are beside it
    shape, root = Shape(plugs), (Settings,)
    scalars = Scalars(tree=tree, shape=shape, report=report, folder=folder, environ=environ)
    data = scalars.filled(tree.data, root)
    data.setdefault("data_dir", str(folder / "var"))
    References(data, tree, shape, report).check(root)
    try:
        settings = Settings.model_validate(data, context={"plugs": plugs})
    except ValidationError as errors:
        explainer = Explainer(tree, shape, report, Settings)
        for error in errors.errors(include_url=False, include_input=False):
            explainer.explain(error)
        _never_silent(report)
        return None
    files = (file, *scalars.files)
    warnings = tuple(problem for problem in report.problems if problem.severity == "warning")
    return settings.came_from(Origin(file=file, files=files, warnings=warnings))


def _never_silent(report: Report) -> None:
    """A refused file says why, even if every error was an echo of one that turned out to be a warning."""
    if not report.has_errors:
        report.add(TOP, "the file is not valid", "see the JSON Schema: frontdesk schema")
