"""Five hundred histories, arriving in any order over several builds: each warehouse equals one made anew."""

from pathlib import Path

import pytest

from support.databases import database_of_its_own
from support.event_histories import histories
from support.warehouse import Warehouse, differences

WAREHOUSES, PEOPLE, BUILDS = 5, 100, 3
FIRST_ACTS, ACTS = 50, 14


@pytest.mark.slow
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("seed", range(1, WAREHOUSES + 1))
def test_what_arrives_in_any_order_gives_what_a_full_refresh_gives_for_five_hundred_people(
    server_url: str, tmp_path: Path, seed: int
) -> None:
    with database_of_its_own(server_url) as database:
        warehouse = Warehouse(database, tmp_path / "dbt")
        with database.connect() as connection:
            people = histories(connection, seed=seed, people=PEOPLE)
            for one in people:
                one.next_batch(connection, one.draw.randint(1, FIRST_ACTS))
        assert set(warehouse.build().modes.values()) == {"full"}
        for _ in range(BUILDS):
            with database.connect() as connection:
                for one in people:
                    if one.draw.random() < 0.7:
                        one.next_batch(connection, one.draw.randint(1, ACTS))
            assert set(warehouse.build().modes.values()) == {"incremental"}
        assert differences(warehouse.rows(), warehouse.made_anew(server_url)) == {}
