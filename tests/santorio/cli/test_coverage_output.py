"""What `santorio coverage` shows: a calendar, how many days are missing and why, and what to type."""

import datetime as dt

import pytest

from santorio.cli.coverage import MAX_GAPS, print_coverage
from santorio.ingest.coverage.calendar import build_calendars
from santorio.ingest.coverage.gaps import CoverageGap

FIRST = dt.date(2026, 2, 1)
WHOLE = {("sleep", FIRST + dt.timedelta(days=number)): "final" for number in range(28)}


def printed_lines(
    capsys: pytest.CaptureFixture[str], gaps: list[CoverageGap], statuses: dict[tuple[str, dt.date], str]
) -> list[str]:
    print_coverage(build_calendars(statuses, gaps), gaps, ["sleep"])
    return [line.rstrip() for line in capsys.readouterr().out.splitlines()]


def test_the_days_stand_below_a_ruler_and_each_gap_says_why_and_what_to_do(
    capsys: pytest.CaptureFixture[str],
) -> None:
    gaps = [
        CoverageGap("sleep", dt.date(2026, 2, 3), dt.date(2026, 2, 4), "night not worn"),
        CoverageGap("sleep", dt.date(2026, 2, 6), dt.date(2026, 2, 6), "failed", "http_503"),
        CoverageGap("sleep", dt.date(2026, 2, 8), dt.date(2026, 2, 9), "missing"),
    ]
    lines = printed_lines(capsys, gaps, WHOLE)
    [row] = [line for line in lines if "2026-02 " in line]
    [ruler] = [line for line in lines if "Month" in line]
    assert row[ruler.index("1   5") :] == "██··█✗█✗✗███████████████████"
    assert "· no data, and nothing to do (not worn, or Garmin has none)" in lines
    assert "✗ should be there" in lines
    assert not any(line.startswith(("▒", "?")) for line in lines)
    assert "✗ sleep: 2026-02-06 (failed: http_503)" in lines
    assert "✗ sleep: 2026-02-08 to 2026-02-09 (missing)" in lines
    assert any(
        line.startswith("→ 2 days of a kind were never fetched: `santorio sync --since 2026-02-08")
        for line in lines
    )
    assert any(line.startswith("→ 1 day of a kind failed (http_503)") for line in lines)


def test_a_calendar_without_a_gap_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    lines = printed_lines(capsys, [], WHOLE)
    assert lines[-1] == "No gaps."
    assert not any("✗" in line or "·" in line for line in lines)


def test_no_gap_is_left_out_in_silence(capsys: pytest.CaptureFixture[str]) -> None:
    days = [FIRST + dt.timedelta(days=2 * number) for number in range(MAX_GAPS + 3)]
    lines = printed_lines(capsys, [CoverageGap("sleep", day, day, "missing") for day in days], {})
    assert sum(line.startswith("✗ sleep:") for line in lines) == MAX_GAPS
    assert "… and 3 more: `santorio coverage --json` has all." in lines


def test_where_nothing_is_there_it_says_how_data_comes(capsys: pytest.CaptureFixture[str]) -> None:
    assert printed_lines(capsys, [], {})[0].startswith("There is no data yet: type `santorio sync`")
