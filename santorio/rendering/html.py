"""The report of a trial: one HTML file that fetches nothing, for the person first and the statistician second.

What it says comes in as plain data; nothing of a study or of a database is known here. Items follow CENT 2015
(doi:10.1136/bmj.h1738) in their order.
"""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

NOT_STATED = "Not stated."

# Item, topic: short words of our own for what each asks.
CENT_ITEMS: tuple[tuple[str, str], ...] = (
    ("1a", "Title"),
    ("1b", "Summary"),
    ("2a", "Background, and why a trial of one"),
    ("2b", "Objective"),
    ("3a", "Design, number and length of periods"),
    ("3b", "Changes to the methods after the start"),
    ("4a", "Participant"),
    ("4b", "Setting"),
    ("4c", "Research and ethics approval"),
    ("5", "Interventions"),
    ("6a", "Outcomes"),
    ("6b", "Changes to outcomes"),
    ("7a", "Number of days and periods"),
    ("7b", "Interim looks and stopping"),
    ("8a", "How the order was generated"),
    ("8b", "Kind of randomisation, and its restrictions"),
    ("8c", "The order itself"),
    ("9", "Concealment of the order"),
    ("10", "Who generated and assigned"),
    ("11a", "Blinding"),
    ("11b", "Likeness of the interventions"),
    ("12a", "Statistical methods"),
    ("12b", "Synthesis over several people"),
    ("12c", "Carry-over, period effects and correlation within the person"),
    ("13a", "Periods that were begun and completed"),
    ("13b", "Losses and exclusions"),
    ("14a", "Dates"),
    ("14b", "Why it ended"),
    ("15", "Baseline"),
    ("16", "Numbers analysed"),
    ("17a", "Results and their precision"),
    ("17b", "Binary outcomes: absolute and relative"),
    ("18", "Other analyses"),
    ("19", "Harms"),
    ("20", "Limitations"),
    ("21", "Generalisability"),
    ("22", "Interpretation"),
    ("23", "Registration"),
    ("24", "Protocol"),
    ("25", "Funding"),
)


@dataclass(frozen=True)
class Picture:
    """A drawing with what it shows, in words: `image` is SVG."""

    title: str
    image: bytes
    caption: str


@dataclass(frozen=True)
class Grid:
    """A table; the first column is text, the others are numbers."""

    title: str
    headings: Sequence[str]
    rows: Sequence[Sequence[str]]
    note: str = ""


@dataclass(frozen=True)
class Report:
    """Everything that a report says.

    Attributes
    ----------
    answer : str
        The answer in a sentence, with its uncertainty.
    meaning : str
        What may be concluded, and what not.
    decided_before, decided_after : str
        What was decided before the first day, and what once data was seen.
    checks : Sequence[str]
        What was checked and found; what to mind.
    cent : Mapping[str, str]
        Text by item of CENT 2015; what is not there is said to be not stated.
    hashes, versions : Mapping[str, str]
        SHA-256 by file, version by library.
    """

    title: str
    question: str
    answer: str
    meaning: str
    pictures: Sequence[Picture]
    grids: Sequence[Grid]
    checks: Sequence[str]
    decided_before: str
    decided_after: str
    cent: Mapping[str, str]
    hashes: Mapping[str, str]
    versions: Mapping[str, str]
    made_at: dt.datetime
    about: Sequence[tuple[str, str]] = field(default=())


_TEMPLATE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; img-src data:">
<title>{{ report.title }}</title>
<style>
:root { color-scheme: light; }
body { font: 16px/1.5 system-ui, "Segoe UI", "DejaVu Sans", sans-serif; color: #1b1b1b; background: #fff;
  max-width: 56rem; margin: 2rem auto; padding: 0 1.25rem; }
h1 { font-size: 1.7rem; line-height: 1.2; margin: 0 0 .3rem; }
h2 { font-size: 1.2rem; margin: 2.2rem 0 .5rem; }
p { margin: .3rem 0; max-width: 46rem; }
.question { color: #444; }
.answer { font-size: 1.2rem; border-left: 4px solid #0072b2; padding: .2rem 0 .2rem 1rem; margin: 1rem 0; }
figure { margin: 1rem 0 1.6rem; }
figure img { width: 100%; height: auto; }
figcaption { color: #444; font-size: .92rem; max-width: 46rem; }
table { border-collapse: collapse; font-size: .92rem; margin: .4rem 0 1rem; }
caption { text-align: left; font-weight: 600; padding-bottom: .3rem; }
th, td { text-align: left; vertical-align: top; padding: .3rem .9rem .3rem 0; border-bottom: 1px solid #dcdcdc; }
td.number, th.number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
.scroll { overflow-x: auto; }
.hash { font: .8rem/1.4 ui-monospace, "DejaVu Sans Mono", monospace; overflow-wrap: anywhere; }
.missing { color: #666; }
footer { margin-top: 2.5rem; color: #555; font-size: .85rem; border-top: 1px solid #dcdcdc; padding-top: .6rem; }
@page { margin: 14mm; }
@media print {
  body { margin: 0; max-width: none; font-size: 10pt; }
  figure, tr, .answer { break-inside: avoid; } h2 { break-after: avoid; } thead { display: table-header-group; }
}
</style>
</head>
<body>
<main>
<h1>{{ report.title }}</h1>
<p class="question">{{ report.question }}</p>
<p class="answer">{{ report.answer }}</p>
<p>{{ report.meaning }}</p>
{% for picture in report.pictures %}
<figure>
<h2>{{ picture.title }}</h2>
<img alt="{{ picture.caption }}" src="data:image/svg+xml;base64,{{ picture.image | base64 }}">
<figcaption>{{ picture.caption }}</figcaption>
</figure>
{% endfor %}
<h2>Figures</h2>
{% for grid in report.grids %}
<div class="scroll"><table><caption>{{ grid.title }}</caption>
<thead><tr>{% for heading in grid.headings %}
<th scope="col"{% if not loop.first %} class="number"{% endif %}>{{ heading }}</th>{% endfor %}</tr></thead>
<tbody>{% for row in grid.rows %}
<tr>{% for value in row %}<td{% if not loop.first %} class="number"{% endif %}>{{ value }}</td>{% endfor %}</tr>
{%- endfor %}</tbody></table></div>
{% if grid.note %}<p>{{ grid.note }}</p>{% endif %}
{% endfor %}
<h2>Checks, and what to mind</h2>
<ul>{% for check in report.checks %}<li>{{ check }}</li>{% endfor %}</ul>
<h2>Decided before, and after</h2>
<p><b>Before the first day:</b> {{ report.decided_before }}</p>
<p><b>Once data was seen:</b> {{ report.decided_after }}</p>
<h2>The items of CENT 2015</h2>
<div class="scroll"><table><thead><tr><th scope="col">Item</th><th scope="col">Topic</th><th scope="col">Report</th>
</tr></thead><tbody>{% for item, topic in items %}
<tr><td>{{ item }}</td><td>{{ topic }}</td><td{% if item not in report.cent %} class="missing"{% endif %}>
{{- report.cent.get(item, not_stated) }}</td></tr>{% endfor %}</tbody></table></div>
<h2>What it was made from</h2>
<table><tbody>{% for file, hash in report.hashes.items() %}
<tr><td>{{ file }}</td><td class="hash">SHA-256 {{ hash }}</td></tr>{% endfor %}
{% for name, version in report.versions.items() %}<tr><td>{{ name }}</td><td>{{ version }}</td></tr>{% endfor %}
</tbody></table>
</main>
<footer>Santorio, {{ report.made_at.strftime("%Y-%m-%d %H:%M") }} UTC. This page fetches nothing. It holds health data.
</footer>
</body>
</html>
"""


def render(report: Report) -> str:
    """Write a report as one HTML page; whatever comes from the data is escaped."""
    import base64

    from jinja2 import Environment, StrictUndefined

    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True)
    environment.filters["base64"] = lambda image: base64.b64encode(image).decode("ascii")
    template = environment.from_string(_TEMPLATE)
    return template.render(report=report, items=CENT_ITEMS, not_stated=NOT_STATED)
