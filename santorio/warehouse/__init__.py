"""The warehouse: dbt as a program, and which rows a build of it makes again."""

from santorio.warehouse.building import Build, building, finish_build, forget_what_was_made, plan_build
from santorio.warehouse.project import (
    DBT,
    PROJECT,
    dbt_environment,
    dbt_variables,
    ensure_manifest,
    project_fingerprint,
    start_parsing,
)

__all__ = [
    "DBT",
    "PROJECT",
    "Build",
    "building",
    "dbt_environment",
    "dbt_variables",
    "ensure_manifest",
    "finish_build",
    "forget_what_was_made",
    "plan_build",
    "project_fingerprint",
    "start_parsing",
]
