"""`python -m benchmarks.export`: how long the account export of 1, 3 and 10 years takes, and how much memory.

Medians of three; and once a file of JSON that is too large to be held. The limit, measured in the same run:
unpacking the same zip and hashing every file, which any import has to do.
"""

import datetime as dt
import hashlib
import io
import json
import statistics
import sys
import tempfile
import time
import zipfile
from pathlib import Path

from benchmarks.harness import Measurement, machine, measure

ROOT = Path(__file__).resolve().parents[1]
RESULTS = ROOT / "benchmarks" / "results" / "export.json"
BAR_PEAK_MIB = 1024
RUNS = 3
LARGE_ENTRIES = 50_000


def unpack_seconds(path: Path) -> float:
    """Unpack everything once, inner zips too, and hash it."""
    started = time.monotonic()
    waiting = [zipfile.ZipFile(path)]
    while waiting:
        archive = waiting.pop()
        for name in archive.namelist():
            content = archive.read(name)
            hashlib.sha256(content).digest()
            if content[:4] == b"PK\x03\x04":
                waiting.append(zipfile.ZipFile(io.BytesIO(content)))
    return time.monotonic() - started


def measure_years(folder: Path, years: float) -> dict[str, object]:
    """Simulate, import, import again: three times, each into a home of its own."""
    path = folder / f"{years:g}.zip"
    command = [sys.executable, "-m", "santorio.cli.main"]
    done(measure([*command, "simulate", "export", str(path), "--years", str(years)], cwd=ROOT))
    firsts: list[Measurement] = []
    agains: list[Measurement] = []
    limits = []
    for run in range(RUNS):
        home = {"SANTORIO_HOME": str(folder / f"home-{years:g}-{run}")}
        for found in (firsts, agains):
            found.append(done(measure([*command, "import", str(path), "--json"], cwd=ROOT, environment=home)))
        limits.append(unpack_seconds(path))
    report = json.loads(firsts[0].output[firsts[0].output.index("{") :])
    seconds = statistics.median(one.seconds for one in firsts)
    return {
        "years": years,
        "megabytes": round(path.stat().st_size / 2**20, 1),
        "events": report["events_new"],
        "seconds_median": seconds,
        "events_a_second": round(report["events_new"] / seconds),
        "seconds_again_median": statistics.median(one.seconds for one in agains),
        "seconds_to_unpack_and_hash_alone": round(statistics.median(limits), 2),
        "peak_mib": max(one.peak_mib for one in firsts),
        "bar_peak_mib": BAR_PEAK_MIB,
    }


def measure_large_file(folder: Path) -> dict[str, object]:
    """Import one file of JSON that is far larger than what may be held."""
    path, home = folder / "large.zip", {"SANTORIO_HOME": str(folder / "home-large")}
    first = dt.date(2000, 1, 1)
    entries = (
        {"calendarDate": (first + dt.timedelta(days=number % 9000)).isoformat(), "timestamp": f"entry {number}",
         "heatAcclimationPercentage": number % 100, "told": "x" * 3000} for number in range(LARGE_ENTRIES)
    )  # fmt: skip
    content = b"[" + b",".join(json.dumps(entry).encode() for entry in entries) + b"]"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        # Packed as tightly as this it would be taken for a bomb.
        archive.writestr("DI_CONNECT/DI-Connect-Metrics/large.json", content, zipfile.ZIP_STORED)
    found = done(
        measure([sys.executable, "-m", "santorio.cli.main", "import", str(path)], cwd=ROOT, environment=home)
    )
    return {
        "file_megabytes": round(len(content) / 2**20, 1),
        "entries": LARGE_ENTRIES,
        "seconds": found.seconds,
        "peak_mib": found.peak_mib,
        "bar_peak_mib": BAR_PEAK_MIB,
    }


def done(found: Measurement) -> Measurement:
    """Give it back, unless it failed."""
    if found.returncode:
        sys.exit(found.output)
    return found


def main() -> None:
    """Measure, write, print."""
    years = [float(argument) for argument in sys.argv[1:]] or [1.0, 3.0, 10.0]
    with tempfile.TemporaryDirectory() as folder:
        figures = [measure_years(Path(folder), one) for one in years]
        large = measure_large_file(Path(folder))
    results = {
        "date": dt.datetime.now(dt.UTC).date().isoformat(),
        "machine": machine(),
        "command": "python -m benchmarks.export",
        "figures": figures,
        "one_large_file": large,
    }
    RESULTS.parent.mkdir(parents=True, exist_ok=True)
    RESULTS.write_text(json.dumps(results, indent=2) + "\n")
    print(json.dumps(results, indent=2))


if __name__ == "__main__":
    main()
