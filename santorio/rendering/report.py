"""The report of a trial or a study: one HTML page, for the person first and the statistician second.

The content comes in as plain data; this module has no access to a study or a database. The items follow CENT 2015, the
reporting guideline for N-of-1 trials (doi:10.1136/bmj.h1738), in its order.
"""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from santorio.rendering.html import render_page

NOT_STATED = "Not stated."

# Item and topic; the topics are a short paraphrase of the guideline's.
CENT_ITEMS: tuple[tuple[str, str], ...] = (
    ("1a", "Title"),
    ("1b", "Summary"),
    ("2a", "Background, and why an N-of-1 trial"),
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
    ("7b", "Interim analyses and stopping"),
    ("8a", "Generation of the sequence"),
    ("8b", "Type of randomisation, and restrictions"),
    ("8c", "The sequence"),
    ("9", "Concealment of the sequence"),
    ("10", "Who generated and assigned"),
    ("11a", "Blinding"),
    ("11b", "Similarity of the interventions"),
    ("12a", "Statistical methods"),
    ("12b", "Synthesis over several people"),
    ("12c", "Carry-over, period effects and correlation within the person"),
    ("13a", "Periods started and completed"),
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
class ReportFigure:
    """A chart with a caption that describes it in words; `image` is SVG."""

    title: str
    image: bytes
    caption: str


@dataclass(frozen=True)
class ReportTable:
    """A table; the first column is text, the others are numbers."""

    title: str
    headings: Sequence[str]
    rows: Sequence[Sequence[str]]
    note: str = ""


@dataclass(frozen=True)
class Report:
    """The content of a report.

    Attributes
    ----------
    answer : str
        The answer in a sentence, with its uncertainty.
    meaning : str
        The conclusions that the design allows.
    checks : Sequence[str]
        Results of checks, and warnings.
    decided_before, decided_after : str
        Decisions before the first day, and those after data was seen.
    cent : Mapping[str, str]
        Text by item of CENT 2015; an item without text is shown as not stated.
    hashes, versions : Mapping[str, str]
        SHA-256 by file, version by library.
    """

    title: str
    question: str
    answer: str
    meaning: str
    figures: Sequence[ReportFigure]
    tables: Sequence[ReportTable]
    checks: Sequence[str]
    decided_before: str
    decided_after: str
    cent: Mapping[str, str]
    hashes: Mapping[str, str]
    versions: Mapping[str, str]
    generated_at: dt.datetime


def render_report(report: Report) -> str:
    """Render a report as one HTML page; whatever comes from the data is escaped."""
    return render_page(
        "report.html.jinja",
        report=report,
        cent_items=CENT_ITEMS,
        not_stated=NOT_STATED,
        generated_at=report.generated_at,
    )
