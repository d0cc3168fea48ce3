"""The quality of a person's days as one HTML page: it fetches nothing, it prints, and no meaning is in colour alone.

Colours are of Okabe & Ito's palette, which people with any colour vision tell apart; each has a sign of its own.
"""

import datetime as dt
from collections.abc import Sequence
from html import escape

from santorio.analyses.quality.days import LEGEND, REASONS, Day, Month, Quality, Stretch, Trust, months
from santorio.local_time import in_words
from santorio.metrics import label

COLOURS = {
    Trust.WHOLE: ("#0072b2", "#ffffff"),
    Trust.NOTED: ("#9fd3f2", "#10222e"),
    Trust.PARTLY: ("#e69f00", "#201600"),
    Trust.NOT_WORN: ("#f1f1f1", "#555555"),
    Trust.UNKNOWN: ("#ffffff", "#555555"),
    Trust.MISSING: ("#b3440a", "#ffffff"),
}
# Shorter than the terminal's blocks, which fonts draw as they like.
SIGNS = {
    Trust.WHOLE: "",
    Trust.NOTED: "!",
    Trust.PARTLY: "−",
    Trust.NOT_WORN: "·",
    Trust.UNKNOWN: "?",
    Trust.MISSING: "✗",
}
CLASSES = {trust: trust.name.lower().replace("_", "-") for trust in Trust}
MOST_ROWS = 500
_STYLE = """
:root { color-scheme: light; }
body { font: 16px/1.5 system-ui, "Segoe UI", "DejaVu Sans", sans-serif; color: #1b1b1b; background: #fff;
  max-width: 62rem; margin: 2rem auto; padding: 0 1.25rem; }
h1 { font-size: 1.7rem; line-height: 1.2; margin: 0 0 .3rem; }
h2 { font-size: 1.2rem; margin: 2.2rem 0 .5rem; }
p { margin: .3rem 0; max-width: 46rem; }
.lead { color: #444; }
table { border-collapse: collapse; width: 100%; font-size: .92rem; }
caption { text-align: left; color: #444; padding-bottom: .4rem; }
th, td { text-align: left; vertical-align: top; padding: .35rem .9rem .35rem 0; border-bottom: 1px solid #dcdcdc; }
th.number, td.number { text-align: right; font-variant-numeric: tabular-nums; }
td.days { white-space: nowrap; font-variant-numeric: tabular-nums; }
.told { table-layout: fixed; }
.told th:nth-child(1) { width: 14rem; } .told th:nth-child(2) { width: 17rem; }
.legend { list-style: none; padding: 0; margin: .6rem 0 0; display: grid; gap: .3rem .9rem;
  grid-template-columns: max-content max-content 1fr; align-items: center; }
.legend li { display: contents; }
.legend .count { text-align: right; font-variant-numeric: tabular-nums; }
.scroll { overflow-x: auto; }
.calendar { border-collapse: separate; border-spacing: 2px; width: auto; font-size: .75rem; }
.calendar th, .calendar td { border: 0; padding: 0; text-align: center; }
.calendar caption { font-size: .92rem; }
.calendar thead th { color: #555; font-weight: 400; }
.calendar tbody th { text-align: right; padding-right: .6rem; font-weight: 400; white-space: nowrap;
  font-variant-numeric: tabular-nums; }
.box { display: inline-block; width: 1.35rem; height: 1.35rem; line-height: 1.35rem; text-align: center;
  border-radius: 3px; box-sizing: border-box; font-size: .8rem; font-weight: 600;
  border: 1px solid transparent; cursor: default; }
.box:focus { outline: 3px solid #000; outline-offset: 1px; }
.unknown { border: 1px dashed #888; line-height: 1.25rem; }
.not-worn { border: 1px solid #d5d5d5; line-height: 1.25rem; }
.hidden { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
footer { margin-top: 2.5rem; color: #555; font-size: .85rem; border-top: 1px solid #dcdcdc; padding-top: .6rem; }
@page { margin: 14mm; }
@media print {
  body { margin: 0; max-width: none; font-size: 10pt; }
  .box { width: 1.15rem; height: 1.15rem; line-height: 1.15rem; }
  .box, .box * { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
  .calendar tr, td, th { break-inside: avoid; } h2 { break-after: avoid; } thead { display: table-header-group; }
}
"""


def page(name: str, quality: Quality, made_at: dt.datetime) -> str:
    """Write the page.

    Parameters
    ----------
    name
        Whose days these are.
    made_at
        When it was written.
    """
    days = quality.days
    span = (
        f"{in_words(days[0].day)} to {in_words(days[-1].day)}, {_count(len(days))}"
        if days
        else "No day is known yet."
    )
    parts = (
        f'<h1>Which days can be trusted</h1><p class="lead">{escape(name)}: {span}.</p>',
        _legend(quality) if days else "",
        _calendar(months(days)) if days else "",
        _section(
            "Left out by the analyses",
            "These figures are kept, and no analysis reads them. Each run records what it left out, in these words.",
            "Nothing is left out.",
            quality.left_out,
        ),
        _section(
            "To look at",
            "These count. They may be true, and they may be an error of measuring.",
            "Nothing to look at.",
            quality.noted,
        ),
        _missing(quality.missing),
        f"<footer>Santorio, {made_at:%Y-%m-%d %H:%M} UTC. This page fetches nothing. It holds health data.</footer>",
    )
    style = _STYLE + "".join(
        f".{CLASSES[trust]} {{ background: {back}; color: {front}; }}\n"
        for trust, (back, front) in COLOURS.items()
    )
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        # Names come from a person's own log: nothing of them may run or be fetched.
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n"
        f"<title>Which days can be trusted: {escape(name)}</title>\n<style>{style}</style>\n</head>\n<body>\n<main>\n"
        + "\n".join(part for part in parts if part)
        + "\n</main>\n</body>\n</html>\n"
    )


def _legend(quality: Quality) -> str:
    counts = quality.trust
    rows = "".join(
        f'<li><span class="box {CLASSES[trust]}" aria-hidden="true">{SIGNS[trust]}</span>'
        f'<span class="count">{_count(counts[trust])}</span><span>{escape(words)}</span></li>'
        for trust, words in LEGEND.items()
        if counts[trust]
    )
    return f'<ul class="legend">{rows}</ul>'


def _calendar(laid: Sequence[Month]) -> str:
    head = "".join(f'<th scope="col">{number}</th>' for number in range(1, 32))
    body = "".join(
        f'<tr><th scope="row">{month.name}</th>{"".join(map(_box, month.days))}</tr>'
        for month in reversed(laid)
    )
    return (
        '<h2>Calendar</h2><div class="scroll"><table class="calendar"><caption>The newest month first. '
        "Rest on a day to read why.</caption>"
        f'<thead><tr><th scope="col"><span class="hidden">Month</span></th>{head}</tr></thead>'
        f"<tbody>{body}</tbody></table></div>"
    )


def _box(day: Day | None) -> str:
    if day is None:
        return "<td></td>"
    words = escape(f"{day.day}: {day.words}", quote=True)
    return (
        f'<td><span class="box {CLASSES[day.trust]}" title="{words}">'
        f'<span aria-hidden="true">{SIGNS[day.trust]}</span><span class="hidden">{words}</span></span></td>'
    )


def _section(heading: str, words: str, nothing: str, found: Sequence[Stretch]) -> str:
    if not found:
        return f"<h2>{heading}</h2><p>{nothing}</p>"
    rows = "".join(
        f'<tr><td class="days">{_span(one)}</td><td>{escape(names(one.metrics))}</td><td>{escape(one.reason)}</td></tr>'
        for one in found[:MOST_ROWS]
    )
    return (
        f'<h2>{heading}</h2><div class="scroll"><table class="told"><caption>{words}</caption>'
        '<thead><tr><th scope="col">Days</th><th scope="col">What</th><th scope="col">Why</th></tr></thead>'
        f"<tbody>{rows}</tbody></table></div>{_more(found)}"
    )


def _missing(found: Sequence[Stretch]) -> str:
    if not found:
        return "<h2>Missing</h2><p>No day and no night is missing.</p>"
    rows = "".join(
        f'<tr><td class="days">{_span(one)}</td><td>{" and ".join(one.metrics)}</td>'
        f"<td>{escape(one.reason)}: {escape(REASONS.get(one.reason, ''))}</td></tr>"
        for one in found[:MOST_ROWS]
    )
    return (
        '<h2>Missing</h2><div class="scroll"><table class="told">'
        "<caption>Days and nights of which a watch tells nothing.</caption>"
        '<thead><tr><th scope="col">Days</th><th scope="col">What</th><th scope="col">Why</th></tr></thead>'
        f"<tbody>{rows}</tbody></table></div>{_more(found)}"
    )


def _more(found: Sequence[Stretch]) -> str:
    more = len(found) - MOST_ROWS
    return f"<p>And {more} more: <code>santorio quality --json</code> has all.</p>" if more > 0 else ""


def names(metrics: Sequence[str]) -> str:
    """Name metrics as people do; what is about all of a day is the whole day."""
    return ", ".join("the whole day" if metric == "day" else label(metric) for metric in metrics)


def _span(one: Stretch) -> str:
    return f"{one.first_day}" if one.days == 1 else f"{one.first_day} to {one.last_day}"


def _count(days: int) -> str:
    return f"{days:,} day{'' if days == 1 else 's'}"
