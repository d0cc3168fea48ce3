"""The warehouse: dbt as a program, and which rows a build of it makes again."""

from santorio.warehouse.build import Build, build_session, finish_build, invalidate_builds, plan_build
from santorio.warehouse.dbt import (
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
    "build_session",
    "dbt_environment",
    "dbt_variables",
    "ensure_manifest",
    "finish_build",
    "invalidate_builds",
    "plan_build",
    "project_fingerprint",
    "start_parsing",
]
