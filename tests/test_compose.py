"""No Docker engine runs in the tests: the compose file is held to its word by reading it."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from santorio.settings import Settings

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="module")
def compose():
    return yaml.safe_load((ROOT / "docker-compose.yml").read_text())


def test_the_services_are_the_database_the_api_the_ui_the_daemon_and_the_builder(compose):
    assert set(compose["services"]) == {"database", "api", "ui", "daemon", "builder"}
    assert compose["services"]["database"]["image"].startswith("timescale/timescaledb-ha:pg18")


def test_every_service_says_whether_it_is_well_and_waits_for_the_database(compose):
    for name, service in compose["services"].items():
        assert service["healthcheck"]["test"], name
        if name != "database":
            assert service["depends_on"] == {"database": {"condition": "service_healthy"}}


def test_no_secret_has_a_default(compose):
    for service in compose["services"].values():
        for name, value in service["environment"].items():
            if re.search("PASSWORD|SECRET|URL", name):
                assert re.search(r"\$\{\w+:\?", value), name
                assert not re.search(r"\$\{\w+:-", value), name


def test_the_api_knows_the_database_only_as_the_role_that_reads_its_views(compose):
    given = compose["services"]["api"]["environment"]
    assert {name for name in given if name.endswith("DATABASE_URL")} == {"SANTORIO_API_DATABASE_URL"}
    assert given["SANTORIO_API_DATABASE_URL"].startswith("postgresql://santorio_api:")


def test_ports_are_shown_to_the_host_alone(compose):
    ports = [port for service in compose["services"].values() for port in service.get("ports", [])]
    assert sorted(ports) == ["127.0.0.1:3000:3000", "127.0.0.1:8000:8000"]


def test_every_setting_it_gives_is_one_that_we_read(compose):
    known = {f"SANTORIO_{name.upper()}" for name in Settings.model_fields}
    given = {name for service in compose["services"].values() for name in service["environment"]
             if name.startswith("SANTORIO_")}  # fmt: skip
    # The database's own script reads this one.
    assert given - known == {"SANTORIO_API_DATABASE_PASSWORD"}


def test_its_commands_are_ours(compose):
    assert compose["services"]["api"]["command"] == ["python", "-m", "santorio.api.server"]
    for name in ("ui", "daemon", "builder"):
        assert compose["services"][name]["command"] == ["santorio", "serve", "--only", name]
    help_text = subprocess.run(
        [sys.executable, "-m", "pipelines.services", "--help"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert "--only {api,ui,daemon,builder}" in help_text


def test_what_it_mounts_is_there_and_its_volumes_are_named(compose):
    named = set(compose["volumes"])
    for service in compose["services"].values():
        for mount in service["volumes"]:
            source = mount.partition(":")[0]
            assert source in named or (ROOT / source).is_dir(), mount
    script = ROOT / "deploy" / "database" / "10-api-role.sh"
    assert script.stat().st_mode & 0o111
    assert subprocess.run(["sh", "-n", str(script)], check=False).returncode == 0


def test_the_image_installs_what_is_locked_and_runs_as_nobody_special():
    dockerfile = (ROOT / "Dockerfile").read_text()
    assert "uv sync --frozen" in dockerfile
    assert re.search(r"^USER santorio$", dockerfile, re.MULTILINE)
