"""The report: one HTML page that needs nothing else, readable in light and dark, with plots and the worst examples.

All texts of suites, documents and answers are data: they are escaped, and only http(s) addresses become links.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from html import escape
from pathlib import Path

from evals.examples import Example, worst
from evals.gates import Checked
from evals.intervals import Metric
from evals.metrics import Row, Scored
from evals.opened import Opened
from evals.plots import label_plots, retrieval_plots

CSS = Path(__file__).with_name("report.css")
PAGE = "index.html"
LONG = 1_200
"""Characters of a text that an example shows."""
MATRIX = "confusions"
FEW = 8
"""With more columns than these their names are written upwards."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """One suite with all that came of it; ``about`` says how it was run, in words."""

    suite: Opened
    predictions: Mapping[str, Row]
    scored: Scored
    gates: Sequence[Checked] = ()
    doubts: Sequence[str] = ()
    about: Mapping[str, str] = field(default_factory=dict)

    @property
    def missed(self) -> tuple[Checked, ...]:
        """Gates that are not kept."""
        return tuple(gate for gate in self.gates if not gate.is_met)


def write_report(folder: Path, results: Sequence[Result]) -> Path:
    """Write the page and return its path."""
    folder.mkdir(parents=True, exist_ok=True)
    page = folder / PAGE
    page.write_text("".join(_page(results)), encoding="utf-8")
    return page


def _page(results: Sequence[Result]) -> Iterator[str]:
    yield '<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>Frontdesk: evaluation</title>'
    yield '<meta name="viewport" content="width=device-width, initial-scale=1">'
    yield f"<style>{CSS.read_text(encoding='utf-8')}</style></head><body><main>\n<h1>Evaluation</h1>"
    yield from _overview(results)
    for number, result in enumerate(results):
        yield from _suite(number, result)
    yield "</main></body></html>\n"


def _overview(results: Sequence[Result]) -> Iterator[str]:
    missed = sum(len(result.missed) for result in results)
    gates = sum(len(result.gates) for result in results)
    state = '<span class="good">all kept</span>' if not missed else f'<span class="bad">{missed} missed</span>'
    yield f"<p>{len(results)} suites, {gates} gates: {state if gates else 'none set'}.</p>"
    links = (f'<a href="#suite-{n}">{escape(result.suite.name)}</a>' for n, result in enumerate(results))
    yield f"<nav>{''.join(links)}</nav>"
    if gates:
        yield '<h3>Gates</h3><div class="wide"><table><thead><tr><th>suite<th>figure<th class="number">value'
        yield "<th>95 % interval<th>gate<th></tr></thead><tbody>"
        for result in results:
            for gate in result.gates:
                yield f'<tr><th scope="row">{escape(result.suite.name)}</th>{_gate_cells(gate)}</tr>'
        yield "</tbody></table></div>"


def _gate_cells(gate: Checked) -> str:
    state = '<td class="good">kept</td>' if gate.is_met else '<td class="bad">missed</td>'
    return (
        f"<td>{escape(gate.gate.metric)}</td>{_value_cells(gate.found, gate)}<td>{escape(str(gate.gate))}</td>{state}"
    )


def _value_cells(found: Metric | None, gate: Checked | None = None) -> str:
    if found is None or found.value is None:
        return '<td class="number">-</td><td></td>'
    return f'<td class="number">{found.value:.3f}</td><td>{_bar(found, gate)} <small>{_interval(found)}</small></td>'


def _interval(found: Metric) -> str:
    return "" if found.low is None or found.high is None else f"{found.low:.3f} to {found.high:.3f}"


def _bar(found: Metric, gate: Checked | None) -> str:
    """The interval as a bar from 0 to 1, with the gate as a red line."""
    if found.value is None or found.low is None or found.high is None or not 0 <= found.low <= found.high <= 1:
        return ""
    bounds = (gate.gate.at_least, gate.gate.at_most) if gate else ()
    lines = "".join(f'<u style="left:{100 * bound:.1f}%"></u>' for bound in bounds if bound is not None)
    low, width = 100 * found.low, 100 * (found.high - found.low)
    return (
        f'<span class="span"><i style="left:{low:.1f}%;width:{width:.1f}%"></i>'
        f'<b style="left:{100 * found.value:.1f}%"></b>{lines}</span>'
    )


def _suite(number: int, result: Result) -> Iterator[str]:
    suite, place = result.suite, f"s{number}"
    yield f'\n<h2 id="suite-{number}">{escape(suite.name)} <small>{escape(suite.kind)}, {len(suite.items)} items</small></h2>'
    about = ", ".join(f"{name}: {value}" for name, value in result.about.items())
    yield f'<p class="dim">{escape(about)}</p>' if about else ""
    for doubt in result.doubts:
        yield f'<p class="doubt">{escape(doubt)}</p>'
    pairs = [(item, result.predictions.get(str(item["id"]), {})) for item in suite.items]
    if suite.kind == "retrieval":
        plots = retrieval_plots(pairs, place)
    else:
        plots = label_plots(suite.kind, pairs, result.scored.tables, place)
    if plots:
        yield f'<div class="plots">{"".join(plots)}</div>'
    yield from _figures(result)
    for name, table in result.scored.tables.items():
        yield from _table(name, table)
    for heading, examples in worst(suite.kind, pairs).items():
        yield f"<h3>{escape(heading)}</h3>"
        for example in examples:
            yield from _example(suite, example)


def _figures(result: Result) -> Iterator[str]:
    gates = {gate.gate.metric: gate for gate in result.gates}
    yield '<h3>Figures</h3><div class="wide"><table><thead><tr><th>figure<th class="number">value<th>95 % interval'
    yield '<th class="number">of<th>gate</tr></thead><tbody>'
    for name, metric in result.scored.metrics.items():
        gate = gates.get(name)
        kept = (
            "" if gate is None else f'<span class="{"good" if gate.is_met else "bad"}">{escape(str(gate.gate))}</span>'
        )
        yield f'<tr><th scope="row">{escape(name)}</th>{_value_cells(metric, gate)}'
        yield f'<td class="number">{metric.n}</td><td>{kept}</td></tr>'
    yield "</tbody></table></div>"


def _table(name: str, table: Mapping[str, Mapping[str, float | None]]) -> Iterator[str]:
    if not table:
        return
    columns = list(dict.fromkeys(column for row in table.values() for column in row))
    what = (
        "Most frequent confusions (rows: true, columns: said)"
        if name == MATRIX
        else f"{name.capitalize()} (rows: true)"
    )
    style = "matrix many" if len(columns) > FEW else "matrix"
    yield f'<h3>{escape(what)}</h3><div class="wide"><table class="{style}"><thead><tr><th></th>'
    yield "".join(f"<th>{escape(column)}</th>" for column in columns) + "</tr></thead><tbody>"
    for row, cells in table.items():
        yield f'<tr><th scope="row">{escape(row)}</th>'
        yield "".join(f"<td>{_cell(cells.get(column), is_same=row == column)}</td>" for column in columns) + "</tr>"
    yield "</tbody></table></div>"


def _cell(value: float | None, *, is_same: bool) -> str:
    if value is None or (value == 0 and not is_same):
        return '<span class="dim">·</span>'
    text = f"{value:.0f}" if float(value).is_integer() else f"{value:.2f}"
    return f"<strong>{text}</strong>" if is_same else text


def _example(suite: Opened, example: Example) -> Iterator[str]:
    yield f"<details><summary>{_shown(example.text, 300)}</summary><dl>"
    yield f"<dt>item</dt><dd>{escape(example.id)}</dd>"
    for role, text in example.history:
        yield f"<dt>{escape(role)}, before</dt><dd>{_shown(text, LONG)}</dd>"
    said = "cited, else found" if suite.kind == "retrieval" else "said"
    yield f"<dt>wanted</dt><dd>{_names(suite, example.wanted)}</dd><dt>{said}</dt><dd>{_names(suite, example.said)}</dd>"
    for name, text in example.details:
        yield f"<dt>{escape(name)}</dt><dd>{_shown(text, LONG)}</dd>"
    yield "</dl></details>"


def _names(suite: Opened, names: Sequence[str]) -> str:
    """Documents by their titles and links, other words as they are."""
    shown = []
    for name in names:
        page = suite.pages.get(name)
        label = escape(name) if page is None else f"{escape(page.title)} <small>{escape(name)}</small>"
        is_link = page is not None and page.url is not None and page.url.startswith(("https://", "http://"))
        shown.append(f'<a href="{escape(page.url)}">{label}</a>' if is_link and page and page.url else label)
    return "\n".join(shown) or '<span class="dim">nothing</span>'


def _shown(text: str, limit: int) -> str:
    return escape(text if len(text) <= limit else text[: limit - 1] + "…")
