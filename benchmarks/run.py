"""`make bench`: the first run of a newcomer, and every run after. Results go to `benchmarks/results`."""

import datetime as dt
import json
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks.harness import Measurement, machine, measure

ROOT = Path(__file__).resolve().parents[1]
RESULTS = ROOT / "benchmarks" / "results" / "first-run.json"
BARS = {
    "make demo, fresh clone, packages not yet downloaded": 300,
    "make demo, installed, new home": 60,
    "santorio run, nothing new": 20,
    "import pipelines.definitions": 5,
}
PEAK_MIB = 2048


def fresh_clone(folder: Path) -> Path:
    """Clone what is committed."""
    clone = folder / "santorio"
    subprocess.run(["git", "clone", "--quiet", str(ROOT), str(clone)], check=True)
    return clone


def run(command: list[str], cwd: Path, **environment: Path) -> Measurement:
    """Measure a command that must succeed; one that does not ends the benchmark with its output."""
    measured = measure(command, cwd=cwd, environment={name: str(path) for name, path in environment.items()})
    if measured.returncode:
        sys.exit(f"FAILED: {' '.join(command)}\n{measured.output}")
    return measured


def measure_all(folder: Path) -> dict[str, list[Measurement]]:
    """Measure a newcomer's first run once, the repeatable rest three times."""
    clone = fresh_clone(folder)
    names = list(BARS)
    demo = ["make", "demo"]
    found = {names[0]: [run(demo, clone, UV_CACHE_DIR=folder / "cache", SANTORIO_HOME=folder / "home-cold")]}
    found[names[1]] = [run(demo, clone, SANTORIO_HOME=folder / f"home-{number}") for number in range(3)]
    python = str(clone / ".venv" / "bin" / "python")
    again = [python, "-m", "santorio.cli.main", "run"]
    found[names[2]] = [run(again, clone, SANTORIO_HOME=folder / "home-0") for _ in range(3)]
    load = [python, "-c", "import pipelines.definitions"]
    found[names[3]] = [run(load, clone) for _ in range(3)]
    return found


def document(found: dict[str, list[Measurement]]) -> dict[str, object]:
    """Medians beside their bars, and what the demo said of its steps."""
    demo = found["make demo, installed, new home"][-1]
    return {
        "date": dt.datetime.now(dt.UTC).date().isoformat(),
        "machine": machine(),
        "command": "make bench",
        "figures": [
            {
                "what": name,
                "seconds_median": statistics.median(one.seconds for one in runs),
                "seconds_all": [one.seconds for one in runs],
                "bar_seconds": BARS[name],
                "peak_mib": max(one.peak_mib for one in runs),
                "bar_peak_mib": PEAK_MIB,
            }
            for name, runs in found.items()
        ],
        "where_the_time_goes": [line.strip() for line in demo.output.splitlines() if "✓" in line],
    }


def main() -> None:
    """Measure, write, print; exit with 1 when a command failed (not when a bar was missed)."""
    with tempfile.TemporaryDirectory() as folder:
        found = measure_all(Path(folder))
    results = document(found)
    RESULTS.parent.mkdir(parents=True, exist_ok=True)
    RESULTS.write_text(json.dumps(results, indent=2, ensure_ascii=False) + "\n")
    print(json.dumps(results, indent=2, ensure_ascii=False))


if __name__ == "__main__":
    main()
