"""The project keeps its own rules: its tests pass, and everything in it is described."""

import json
from typing import Any

from santorio.storage.database.engine import Database
from santorio.warehouse import ensure_manifest


def test_the_whole_build_passes_with_its_data_tests_and_unit_tests(build: Any) -> None:
    result = build(command="build")
    kinds = {node["unique_id"].partition(".")[0] for node in result}
    assert kinds == {"model", "seed", "test", "unit_test"}


def test_every_column_is_described_and_every_described_column_is_there(built_database: Database) -> None:
    manifest = json.loads(ensure_manifest().read_text())
    with built_database.connect() as connection:
        there = connection.execute(
            "select table_schema || '.' || table_name, array_agg(column_name::text) "
            "from information_schema.columns "
            "where table_schema in ('reference', 'staging', 'intermediate', 'marts', 'api') group by 1"
        ).fetchall()
    models = [node for node in manifest["nodes"].values() if node["resource_type"] in {"model", "seed"}]
    described = {f"{node['schema']}.{node['alias']}": set(node["columns"]) for node in models}
    assert described == {name: set(columns) for name, columns in there}
    silent = [
        (node["name"], column["name"])
        for node in models
        for column in [*node["columns"].values(), {"name": "itself", "description": node["description"]}]
        if not column["description"]
    ]
    assert silent == []


def test_what_a_column_means_is_written_in_the_database(built_database: Database) -> None:
    manifest = json.loads(ensure_manifest().read_text())
    described = {
        (f"{node['schema']}.{node['alias']}", column["name"]): column["description"].strip()
        for node in manifest["nodes"].values()
        if node["resource_type"] in {"model", "seed"}
        for column in [*node["columns"].values(), {"name": None, "description": node["description"]}]
    }
    with built_database.connect() as connection:
        comments = connection.execute(
            """
            select objoid::regclass::text, attname::text, trim(e'\\n ' from description)
            from pg_description
            left join pg_attribute on attrelid = objoid and attnum = objsubid and objsubid > 0
            where classoid = 'pg_class'::regclass
              and objoid::regclass::text ~ '^(reference|staging|intermediate|marts|api)[.]'
            """
        ).fetchall()
    assert {(table, column): comment for table, column, comment in comments} == described


def test_the_log_is_one_source_and_names_the_assets_that_write_it() -> None:
    manifest = json.loads(ensure_manifest().read_text())
    keys = {(source["source_name"], source["name"]) for source in manifest["sources"].values()}
    assert keys == {
        ("raw", "events"),
        ("raw", "retained_rollups"),
        ("ops", "people"),
        ("ops", "coverage"),
        ("analysis", "runs"),
        ("analysis", "effects"),
        ("analysis", "trials"),
        ("analysis", "proposals"),
        ("analysis", "baselines"),
        ("analysis", "population"),
        ("training", "recordings"),
    }
    written_by = manifest["sources"]["source.santorio.raw.events"]["meta"]["written_by"]
    assert written_by == [
        ["garmin", "payloads"],
        ["inbox", "fit_files"],
        ["inbox", "logs"],
        ["inbox", "trials"],
    ]
