"""FIT files as devices write, break and chain them; the files are made here, message by message."""

import datetime as dt

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from santorio.ingest.formats.fit import decoder
from support.fit_files import (
    ACTIVITY,
    NOW,
    RUN,
    SETTINGS,
    START,
    file_id,
    fit_file,
    fit_time,
    flaws,
    message,
    only,
    parsed,
    record,
    session,
)


def test_an_activity_states_its_figures_in_our_units_its_device_and_its_offset() -> None:
    event = only(parsed(RUN))
    (run,) = event.data["sessions"]
    assert (event.event_type, event.time, event.utc_offset) == ("fit.activity", START, dt.timedelta(hours=1))
    assert (run["sport"], run["start_time"]) == ("running", "2026-03-01T07:00:00Z")
    assert (run["total_timer_time_s"], run["total_distance_m"], run["avg_heart_rate_bpm"]) == (
        1800,
        5000,
        150,
    )
    assert event.data["device"] == {"manufacturer": "garmin", "product": None, "serial": "4711"}
    assert event.data["message_counts"]["record"] == event.data["records"] == 2


def test_an_offset_is_not_guessed_where_the_file_does_not_state_one() -> None:
    assert only(parsed(fit_file(file_id(), session()))).utc_offset is None


def test_a_wrong_checksum_is_named_and_the_activity_taken_in() -> None:
    result = parsed(RUN[:-2] + b"\x00\x00")
    assert flaws(result) == [("fit_damaged", "salvaged")]
    assert only(result).metadata["salvaged"] is True
    assert only(result).data["sessions"] == only(parsed(RUN)).data["sessions"]


def test_a_file_cut_off_before_its_session_is_summed_up_from_its_records() -> None:
    complete = fit_file(file_id(), *(record(second, 100 + second) for second in range(0, 61, 20)), session())
    result = parsed(complete[:-40])
    (run,) = only(result).data["sessions"]
    assert flaws(result) == [("fit_damaged", "salvaged")]
    assert (run["total_elapsed_time_s"], run["avg_heart_rate_bpm"], run["max_heart_rate_bpm"]) == (
        60,
        130,
        160,
    )
    assert run["total_distance_m"] == 180


def test_all_files_of_a_chain_are_read_and_an_activity_in_it_twice_counts_once() -> None:
    evening = START + dt.timedelta(hours=9)
    chained = RUN + fit_file(file_id(created=evening), session(evening)) + RUN
    assert [activity["start_time"] for activity in only(parsed(chained)).data["sessions"]] == [
        "2026-03-01T07:00:00Z",
        "2026-03-01T16:00:00Z",
    ]


def test_a_chain_that_goes_on_with_rubbish_keeps_what_came_before() -> None:
    result = parsed(RUN + b"rubbish" * 10)
    assert flaws(result) == [("fit_damaged", "salvaged")]
    assert len(only(result).data["sessions"]) == 1


def test_a_header_alone_is_refused_and_kept() -> None:
    result = parsed(RUN[:14])
    assert (flaws(result), result.events, result.keep) == ([("fit_unreadable", "open")], [], True)


def test_a_panic_of_the_decoder_is_a_flaw_of_one_file(capfd: pytest.CaptureFixture[str]) -> None:
    # An undocumented field of a base type that does not exist: the decoder divides by its size of zero.
    complete = fit_file(file_id(), message("record", timestamp=fit_time(START), undocumented=7), session())
    broken = bytearray(complete)
    broken[complete.index(bytes([201, 1, 0x02])) + 2] = 60
    result = parsed(bytes(broken))
    assert "panicked" in capfd.readouterr().err
    assert flaws(result) in ([("fit_damaged", "salvaged")], [("fit_unreadable", "open")])


def test_a_device_whose_clock_was_never_set_gives_a_file_without_a_day() -> None:
    result = parsed(
        fit_file(message("file_id", type=ACTIVITY, manufacturer=1), message("record", heart_rate=90))
    )
    assert (only(result).event_type, flaws(result)) == ("fit.file", [("no_clock", "salvaged")])


def test_a_day_that_has_not_come_is_refused() -> None:
    later = NOW + dt.timedelta(days=3)
    result = parsed(fit_file(file_id(created=later), session(later)))
    assert (result.events, flaws(result)) == ([], [("future", "open")])


def test_the_same_activity_has_one_name_and_two_settings_of_one_second_have_two() -> None:
    def settings_file(number: int) -> bytes:
        return fit_file(file_id(SETTINGS), message("record", heart_rate=number))

    assert only(parsed(RUN)).event_id == only(parsed(RUN[:-2] + b"\x00\x00")).event_id
    assert only(parsed(settings_file(1))).event_id != only(parsed(settings_file(2))).event_id


def test_salvaging_ends_when_it_takes_too_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(decoder, "SALVAGE_SECONDS", -1.0)
    result = parsed(RUN[:-2] + b"\x00\x00")
    assert result.rejections
    assert all(
        "Copy it" in rejection.reason or "too long" in rejection.reason for rejection in result.rejections
    )


def test_a_file_larger_than_any_device_writes_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("santorio.ingest.formats.fit.parser.MAX_FILE_BYTES", len(RUN) - 1)
    assert flaws(parsed(RUN)) == [("too_large", "open")]


@pytest.mark.filterwarnings("ignore")
@given(data=st.data())
@settings(max_examples=300, deadline=None)
def test_any_damage_to_a_file_leaves_events_or_reasons(data: st.DataObject) -> None:
    broken = bytearray(RUN)
    for _ in range(data.draw(st.integers(1, 12))):
        broken[data.draw(st.integers(12, len(broken) - 1))] = data.draw(st.integers(0, 255))
    result = parsed(bytes(broken[: data.draw(st.integers(12, len(broken)))]))
    assert result.events or result.rejections
    assert all(event.content_hash for event in result.events)
