"""CSV files as people write them."""

import numpy as np
import pytest

from santorio.csv_table import numbers, read_table
from santorio.errors import DataError
from santorio.studies.timestamps import parse_timestamps


def table(tmp_path, text, encoding="utf-8", **stated):
    path = tmp_path / "data.csv"
    path.write_bytes(text.encode(encoding))
    return read_table(path, **stated)


def dates(tmp_path, *values, **stated):
    read = parse_timestamps(
        table(tmp_path, "day;x\n" + "".join(f"{value};1\n" for value in values)), "day", **stated
    )
    assert read.dated
    return [str(np.datetime64(int(np.floor(at)), "D")) for at in read.at]


@pytest.mark.parametrize("sign", [",", ";", "\t", "|"])
def test_any_usual_delimiter_is_found(tmp_path, sign):
    read = table(tmp_path, f"day{sign} mood {sign}note\n1{sign} 5{sign}a\n2{sign}6{sign}b\n")
    assert read.header == ("day", "mood", "note")
    assert numbers(read, "mood")[0].tolist() == [5, 6]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_any_usual_encoding_is_read(tmp_path, encoding):
    read = table(tmp_path, "Tag;Müdigkeit\n1;3\n2;4\n", encoding)
    assert numbers(read, "Müdigkeit")[0].tolist() == [3, 4]
    assert bool(read.notes) == (encoding == "cp1252")


def test_a_wrong_encoding_and_a_wrong_delimiter_are_said_to_be_wrong(tmp_path):
    path = tmp_path / "data.csv"
    path.write_text("Tag;Müdigkeit\n1;3\n", encoding="utf-8")
    with pytest.raises(DataError, match="not written in ascii"):
        read_table(path, encoding="ascii")
    with pytest.raises(DataError, match="no encoding called"):
        read_table(path, encoding="utf-9")
    with pytest.raises(DataError, match="no column “Müdigkeit”"):
        read_table(path, delimiter=",").column("Müdigkeit")


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("day;x\n1;3,5\n2;1.234,5\n", [3.5, 1234.5]),
        ('day,x\n1,"3,5"\n2,"4,25"\n', [3.5, 4.25]),
        ('day,x\n1,"1,234"\n2,"12,345.5"\n', [1234, 12345.5]),
        ("day;x\n1;1,250\n2;1,500\n", [1.25, 1.5]),
        ("day,x\n1,1e3\n2,-2\n", [1000, -2]),
    ],
)
def test_decimal_commas_and_thousands_are_told_apart(tmp_path, text, values):
    read, odd = numbers(table(tmp_path, text), "x")
    assert read.tolist() == values
    assert odd == []


def test_text_among_numbers_is_found_by_its_place(tmp_path):
    read, odd = numbers(table(tmp_path, "day,x\n1,3\n2,good\n3,NA\n4,\n5,-99\n6,inf\n"), "x", ["-99"])
    assert odd == [1, 5]
    assert np.isnan(read).tolist() == [False, True, True, True, True, True]


def test_a_missing_column_is_refused_with_those_that_are_there(tmp_path):
    with pytest.raises(DataError, match=r"no column “mood”\. Its columns are “day”, “x”"):
        table(tmp_path, "day,x\n1,2\n").column("mood")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "is empty"),
        (b"day,x\n", "no rows"),
        (b"day\n1\n2\n", "one column only"),
        (b"PK\x03\x04....", "spreadsheet"),
        (b"day,x\n1,\x00\n", "not a text file"),
        (b"day,x\n1,2,3\n1,2,3\n", "do not have as many values"),
        (b"day,x,x\n1,2,3\n", "two columns called"),
    ],
)
def test_a_file_that_is_no_table_is_refused_in_a_sentence(tmp_path, content, said):
    path = tmp_path / "data.csv"
    path.write_bytes(content)
    with pytest.raises(DataError, match=said):
        read_table(path).column("x")


def test_remarks_above_the_header_are_skipped_and_lines_still_counted(tmp_path):
    read = table(tmp_path, "# made by hand\n# twice\nday,x\n1,2\n2,3\n")
    assert read.header == ("day", "x")
    assert read.lines == [4, 5]


@pytest.mark.parametrize(
    "values",
    [
        ("2026-01-31", "2026-02-01"),
        ("31.01.2026", "01.02.2026"),
        ("31.1.26", "1.2.26"),
        ("31/01/2026", "01/02/2026"),
        ("01/31/2026", "02/01/2026"),
        ("Jan 31, 2026", "Feb 1, 2026"),
        ("31 January 2026", "1 February 2026"),
        ("20260131", "20260201"),
        ("2026-01-31T22:10:00", "2026-02-01 06:00"),
        ("2026-01-31T23:30:00-08:00", "2026-02-01T00:10:00-08:00"),
        ("31.01.2026", "2026-02-01"),
        ("1/31/26 10:15 PM", "2/1/26 6:00 AM"),
    ],
)
def test_dates_are_read_in_any_usual_format(tmp_path, values):
    assert dates(tmp_path, *values) == ["2026-01-31", "2026-02-01"]


def test_days_side_by_side_tell_day_and_month_apart(tmp_path):
    assert dates(tmp_path, "03/04/2026", "04/04/2026", "05/04/2026") == [
        "2026-04-03",
        "2026-04-04",
        "2026-04-05",
    ]
    assert dates(tmp_path, "03/04/2026", "03/05/2026", "03/06/2026") == [
        "2026-03-04",
        "2026-03-05",
        "2026-03-06",
    ]


def test_day_and_month_that_cannot_be_told_apart_are_asked_for(tmp_path):
    with pytest.raises(DataError, match="State date_format"):
        dates(tmp_path, "03/04/2026", "04/03/2026")
    assert dates(tmp_path, "03/04/2026", "04/03/2026", date_format="%d/%m/%Y") == ["2026-04-03", "2026-03-04"]
    with pytest.raises(DataError, match="mixes dates"):
        dates(tmp_path, "31/01/2026", "01/31/2026")


def test_what_is_no_date_is_refused_by_its_line(tmp_path):
    with pytest.raises(DataError, match=r"neither dates nor numbers \(line 3\)"):
        dates(tmp_path, "2026-01-31", "yesterday")


def test_seconds_since_1970_are_instants_and_small_numbers_are_numbers(tmp_path):
    read = parse_timestamps(table(tmp_path, "t,x\n1767225600,1\n1767226500,2\n"), "t")
    assert read.dated
    assert read.timed
    assert read.at[0] == np.datetime64("2026-01-01").astype(int)
    read = parse_timestamps(table(tmp_path, "t,x\n1,1\n2,2\n"), "t")
    assert not read.dated
    assert read.at.tolist() == [1, 2]
