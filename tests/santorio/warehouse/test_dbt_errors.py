"""What dbt says of a failure reaches people without what the server quotes of rows."""

from santorio.warehouse.dbt_errors import failures, redact_values

SAID = """Database Error in model days (models/marts/days.sql)
  null value in column "as_of" of relation "days" violates not-null constraint
  DETAIL:  Failing row contains (0f78, 2026-03-29, 01:00:00, 9041, 40).
  CONTEXT:  COPY days, line 3
  compiled code at target/run/days.sql"""


def test_rows_are_left_out_and_names_stay() -> None:
    said = redact_values(SAID)
    assert "9041" not in said
    assert 'null value in column "as_of" of relation "days"' in said
    assert "compiled code at" in said


def test_a_value_that_is_no_number_is_left_out() -> None:
    assert "61" not in redact_values('invalid input syntax for type integer: "61 bpm"')


def test_a_number_that_is_too_large_is_left_out() -> None:
    for said in (
        'value "61000000000" is out of range for type integer',
        '"61e400" is out of range for type double precision',
    ):
        assert "61" not in redact_values(said)
        assert "out of range" in redact_values(said)


def test_failures_are_said_in_a_line_each() -> None:
    results = [
        {"unique_id": "model.santorio.nights", "status": "success", "message": "INSERT 0 1"},
        {"unique_id": "model.santorio.days", "status": "error", "message": SAID},
        {"unique_id": "test.santorio.row_key_days_.9f3a", "status": "fail", "message": "Got 2 results"},
    ]
    said = failures(results)
    assert [line.partition(":")[0] for line in said] == ["days", "row_key_days_"]
    assert "9041" not in said[0]
