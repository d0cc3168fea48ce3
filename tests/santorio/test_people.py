"""A person is found by name, and made once."""

import pytest

from santorio.errors import ConfigError, NotFound
from santorio.people import all_people, ensure_person, find_person
from santorio.storage.database.engine import Database


def test_a_person_is_made_once_and_keeps_their_zone(database: Database) -> None:
    with database.connect() as connection:
        first = ensure_person(connection, "ada", "Europe/London")
        again = ensure_person(connection, "ada", "Asia/Tokyo")
    assert again == first
    assert (first.name, first.timezone) == ("ada", "Europe/London")


def test_somebody_unknown_is_named_in_the_error(database: Database) -> None:
    with database.connect() as connection, pytest.raises(NotFound, match="nobody"):
        find_person(connection, "nobody")


def test_everyone_is_listed_in_the_order_they_came(database: Database) -> None:
    for name in ("zoe", "ada"):
        with database.connect() as connection:
            ensure_person(connection, name, "UTC")
    with database.connect() as connection:
        assert [person.name for person in all_people(connection)] == ["zoe", "ada"]


@pytest.mark.parametrize("name", ["", "../ada", "a\\b", ".ada", "a\nb", "a\x00b", " ada", "a" * 65])
def test_a_name_that_no_folder_can_have_is_refused(database: Database, name: str) -> None:
    with database.connect() as connection, pytest.raises(ConfigError, match="The person's name"):
        ensure_person(connection, name, "UTC")
    with database.connect() as connection:
        assert all_people(connection) == []


def test_a_name_of_any_script_is_a_name(database: Database) -> None:
    with database.connect() as connection:
        assert ensure_person(connection, "Zoë 李", "UTC").name == "Zoë 李"
