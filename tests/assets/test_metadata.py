"""What an asset tells a person."""

from dagster import TableMetadataValue

from assets.metadata import counts_table


def test_people_with_and_without_a_watch_share_one_table():
    table = counts_table([{"person": 1}, {"person": 2, "final": 170, "provisional": 3}])

    assert isinstance(table, TableMetadataValue)
    assert [record.data for record in table.records] == [
        {"person": 1, "final": 0, "provisional": 0},
        {"person": 2, "final": 170, "provisional": 3},
    ]
