"""The folder tree explains the architecture; this holds it to its word."""

import subprocess
import sys
from pathlib import Path

from santorio.storage.database.locks import Lock, PersonLock

ROOT = Path(__file__).resolve().parents[1]


def test_imports_go_one_way_and_the_library_knows_no_orchestrator():
    done = subprocess.run(
        [Path(sys.executable).parent / "lint-imports", "--no-cache"],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr


def test_importing_the_definitions_imports_no_heavy_library():
    code = "import sys, pipelines.definitions; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    loaded = set(done.stdout.split())
    assert not loaded & {
        "pymc",
        "nutpie",
        "arviz",
        "great_expectations",
        "matplotlib",
        "boto3",
        "numba",
        "scipy",
    }


def test_every_advisory_lock_is_taken_in_one_module_under_a_number_of_its_own() -> None:
    locks = ROOT / "santorio" / "storage" / "database" / "locks.py"
    elsewhere = [
        str(path)
        for folder in ("santorio", "assets", "sensors", "pipelines")
        for path in (ROOT / folder).rglob("*.py")
        if "advisory" in path.read_text() and path != locks and "versions" not in path.parts
    ]
    assert elsewhere == []
    for kind in (Lock, PersonLock):
        assert len(set(kind)) == len(kind.__members__)
