"""The folder tree explains the architecture; this holds it to its word."""

import re
import subprocess
import sys
from pathlib import Path

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


def test_every_lock_has_a_number_of_its_own() -> None:
    told = [
        number
        for path in (ROOT / "santorio").rglob("*.py")
        for number in re.findall(r"^LOCK = ([\d_]+)$", path.read_text(), re.MULTILINE)
    ]
    assert len(told) > 2
    assert len(set(told)) == len(told)
