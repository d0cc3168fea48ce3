"""The quality of a person's days as one HTML page: it fetches nothing, it prints, and no meaning is in colour alone.

Colours are of Okabe & Ito's palette, which people with any colour vision can distinguish; each has its own glyph.
"""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from santorio.analyses.quality.days import LEGEND, REASONS, Day, DayQuality, QualityHistory, QualityPeriod
from santorio.local_time import in_words
from santorio.metrics import label
from santorio.rendering.calendar import rows_by_month
from santorio.rendering.html import render_page

# Of a table; a longer one says how many rows it omits.
MAX_ROWS = 500


@dataclass(frozen=True, slots=True)
class DayStyle:
    """The look of a day in the calendar."""

    glyph: str
    background: str
    foreground: str
    css_class: str


# A complete day needs no glyph: it is the only one without.
STYLES = {
    DayQuality.COMPLETE: DayStyle("", "#0072b2", "#ffffff", "complete"),
    DayQuality.FLAGGED: DayStyle("!", "#9fd3f2", "#10222e", "flagged"),
    DayQuality.PARTLY_EXCLUDED: DayStyle("−", "#e69f00", "#201600", "partly-excluded"),
    DayQuality.NOT_WORN: DayStyle("·", "#f1f1f1", "#555555", "not-worn"),
    DayQuality.UNKNOWN: DayStyle("?", "#ffffff", "#555555", "unknown"),
    DayQuality.MISSING: DayStyle("✗", "#b3440a", "#ffffff", "missing-day"),
}


@dataclass(frozen=True, slots=True)
class LegendItem:
    """One line of the legend: a style, the number of days with it, its meaning."""

    style: DayStyle
    count: str
    text: str


@dataclass(frozen=True, slots=True)
class PeriodRow:
    """One row of a table: the days, the metrics, and the reason."""

    days: str
    subject: str
    reason: str


def quality_page(name: str, history: QualityHistory, generated_at: dt.datetime) -> str:
    """Render the page.

    Parameters
    ----------
    name
        Name of the person.
    generated_at
        Instant of the footer, in UTC.
    """
    days = {day.day: day for day in history.days}
    return render_page(
        "day_quality.html.jinja",
        name=name,
        span=_describe_span(history.days),
        styles=STYLES,
        legend=_legend(history),
        months=list(reversed(rows_by_month(days))),
        excluded=[_row(period) for period in history.excluded],
        flagged=[_row(period) for period in history.flagged],
        missing=[_missing_row(period) for period in history.missing],
        max_rows=MAX_ROWS,
        generated_at=generated_at,
    )


def _describe_span(days: Sequence[Day]) -> str:
    if not days:
        return "No data yet."
    return f"{in_words(days[0].day)} to {in_words(days[-1].day)}, {_count_days(len(days))}."


def _legend(history: QualityHistory) -> list[LegendItem]:
    counts = history.counts
    items = []
    for quality, text in LEGEND.items():
        # Only the qualities that the calendar shows.
        if counts[quality]:
            item = LegendItem(STYLES[quality], _count_days(counts[quality]), text)
            items.append(item)
    return items


def _row(period: QualityPeriod) -> PeriodRow:
    return PeriodRow(period.span, metric_names(period.metrics), period.reason)


def _missing_row(period: QualityPeriod) -> PeriodRow:
    explanation = REASONS.get(period.reason, "")
    return PeriodRow(period.span, " and ".join(period.metrics), f"{period.reason}: {explanation}")


def metric_names(metrics: Sequence[str]) -> str:
    """Name metrics as people do; a flag on the metric `day` concerns all of the day."""
    return ", ".join(map(_metric_name, metrics))


def _metric_name(metric: str) -> str:
    return "the whole day" if metric == "day" else label(metric)


def _count_days(days: int) -> str:
    return "1 day" if days == 1 else f"{days:,} days"
