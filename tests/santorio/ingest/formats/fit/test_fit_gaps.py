"""What a FIT file leaves open and another part of it fills: a strap's beats, a session without a day, a named value."""

import datetime as dt

import numpy as np

from santorio.ingest.file_parser import parse_file
from santorio.ingest.formats.fit.records import rate_at
from support.fit_files import NOW, PERSON, T, about, encoded


def test_a_strap_fills_what_the_watch_did_not_catch_and_goes_before_what_it_did() -> None:
    # Beats in the tenth, eleventh and twelfth second, counted from the moment that ties the strap's clock to the day's.
    ticks = [1024, 2048, 3072, *[3073] * 5]
    packed = sum(tick << 12 * position for position, tick in enumerate(ticks)).to_bytes(12, "little")
    caught = ((8, 99), (10, 0), (11, 140), (13, 0), (40, 97), (41, 0))
    data = encoded(
        about(),
        *(
            ("RECORD", {"timestamp": T + second, "distance": 1.0, **({"heart_rate": rate} if rate else {})})
            for second, rate in caught
        ),
        (
            "HR",
            {"timestamp": T + 9, "fractional_timestamp": 0.0, "event_timestamp": [0.0], "filtered_bpm": [70]},
        ),
        ("HR", {"event_timestamp_12": list(packed), "filtered_bpm": [72, 72, 73, *[73] * 5]}),
        ("SESSION", {"timestamp": T + 41, "start_time": T, "sport": "swimming"}),
    )
    (recording,) = parse_file(data, PERSON, NOW).recordings
    rates = recording.columns["heart_rate_bpm"].tolist()
    assert rates[:4] == [99, 71, 72, 73]
    assert rates[4] == 97
    assert np.isnan(rates[5])


def test_a_beat_counts_for_some_seconds_and_no_longer() -> None:
    rates = rate_at(np.array([1.0, 2, 3, 8, 9]), np.array([1.5, 1.9]), np.array([60.0, 62]))
    assert rates.tolist()[1:3] == [61, 62]
    assert np.isnan(rates[[0, 3, 4]]).all()


def test_the_figures_of_a_session_without_a_day_are_kept_in_the_file_that_stands_for_it() -> None:
    fields = {"timestamp": 900, "start_time": 100, "sport": "running", "total_distance": 2500.0}
    data = encoded(
        ("FILE_ID", {"type": "activity"}), ("LAP", {**fields, "total_distance": 1200.0}), ("SESSION", fields)
    )
    (event,) = parse_file(data, PERSON, NOW).events
    assert (event.event_type, event.time) == ("fit.file", dt.datetime(2000, 1, 1, tzinfo=dt.UTC))
    assert [activity["total_distance_m"] for activity in event.data["sessions"]] == [2500.0]  # type: ignore[attr-defined]
    assert [lap["total_distance_m"] for lap in event.data["laps"]] == [1200.0]  # type: ignore[attr-defined]


def test_a_balance_that_the_sdk_calls_by_a_name_is_a_number_also_in_a_damaged_file() -> None:
    rides = [
        ("RECORD", {"timestamp": T + n, "left_right_balance": value}) for n, value in enumerate((178, 128))
    ]
    data = encoded(about(), *rides, ("SESSION", {"timestamp": T + 1, "start_time": T, "sport": "cycling"}))
    for content in (data, data[:-2] + b"\x00\x00"):
        (recording,) = parse_file(content, PERSON, NOW).recordings
        assert recording.series["left_right_balance"].tolist() == [178, 128]
