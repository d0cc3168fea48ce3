"""`python -m benchmarks.export`: how long the account export of 1, 3 and 10 years takes, and how much memory.

The limit, measured in the same run: unpacking the same zip and hashing every file, which any import has to do.
"""

import datetime as dt
import hashlib
import io
import json
import sys
import tempfile
import time
import zipfile
from pathlib import Path

from benchmarks.measuring import machine, measure

ROOT = Path(__file__).resolve().parents[1]
RESULTS = ROOT / "benchmarks" / "results" / "export.json"
BAR_PEAK_MIB = 1024


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
    """Simulate, import, import again."""
    path = folder / f"{years:g}.zip"
    command = [sys.executable, "-m", "santorio.cli.main"]
    home = {"SANTORIO_HOME": str(folder / f"home-{years:g}")}
    made = measure(
        [*command, "simulate", "export", str(path), "--years", str(years)], cwd=ROOT, environment=home
    )
    first, again = (
        measure([*command, "import", str(path), "--json"], cwd=ROOT, environment=home) for _ in range(2)
    )
    for one in (made, first, again):
        if one.returncode:
            sys.exit(one.output)
    report = json.loads(first.output[first.output.index("{") :])
    return {
        "years": years,
        "megabytes": round(path.stat().st_size / 2**20, 1),
        "events": report["events_new"],
        "seconds": first.seconds,
        "events_a_second": round(report["events_new"] / first.seconds),
        "seconds_again": again.seconds,
        "seconds_to_unpack_and_hash_alone": round(unpack_seconds(path), 2),
        "peak_mib": first.peak_mib,
        "bar_peak_mib": BAR_PEAK_MIB,
    }


def main() -> None:
    """Measure, write, print."""
    years = [float(argument) for argument in sys.argv[1:]] or [1.0, 3.0, 10.0]
    with tempfile.TemporaryDirectory() as folder:
        figures = [measure_years(Path(folder), one) for one in years]
    results = {
        "date": dt.datetime.now(dt.UTC).date().isoformat(),
        "machine": machine(),
        "command": "python -m benchmarks.export",
        "figures": figures,
    }
    RESULTS.parent.mkdir(parents=True, exist_ok=True)
    RESULTS.write_text(json.dumps(results, indent=2) + "\n")
    print(json.dumps(results, indent=2))


if __name__ == "__main__":
    main()
