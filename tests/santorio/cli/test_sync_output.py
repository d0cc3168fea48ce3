"""What a sync says to a person: each count under its own heading, and what stands in the way below."""

import pytest

from santorio.cli.sync import print_reports
from santorio.ingest.garmin.sync import SyncReport
from santorio.storage.event_log import WriteResult


def test_every_count_stands_under_its_heading(capsys: pytest.CaptureFixture[str]) -> None:
    report = SyncReport(
        "me", "needs_login", "Garmin needs a new login.", requests=11, events=WriteResult(20, 2, 5),
        days_settled=33, days_provisional=44, calls_left=55,
    )  # fmt: skip
    report.failures["http_503"] = 6
    print_reports([report])
    output = capsys.readouterr().out
    [heading] = [line for line in output.splitlines() if "Requests" in line]
    [row] = [line for line in output.splitlines() if " me " in line]
    headings = [part.strip() for part in heading.strip("┃").split("┃")]
    counts = [part.strip() for part in row.strip("│").split("│")]
    assert dict(zip(headings[2:], counts[2:], strict=True)) == {
        "Requests": "11", "New": "22", "Failed": "6", "Final": "33", "Provisional": "44", "Left": "55",
    }  # fmt: skip
    assert "Garmin needs a new login." in output
