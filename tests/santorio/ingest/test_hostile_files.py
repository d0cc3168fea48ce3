"""Files made to do harm, given to `santorio import`: each is refused with a reason, and the good ones are taken in."""

import io
import json
import os
import struct
import subprocess
import sys
import zipfile
from pathlib import Path

from support.fit_files import RUN

NIGHT = json.dumps(
    [
        {
            "calendarDate": "2026-03-01",
            "sleepStartTimestampGMT": "2026-02-28T22:00:00.0",
            "deepSleepSeconds": 5400,
        }
    ]
).encode()
ENTITIES = (
    b'<?xml version="1.0"?><!DOCTYPE gpx [<!ENTITY a "aaaaaaaaaa">'
    + b"".join(f'<!ENTITY {chr(98 + n)} "{f"&{chr(97 + n)};" * 10}">'.encode() for n in range(9))
    + b"]><gpx><name>&j;</name></gpx>"
)
LARGE = 2 * 2**30
MAX_MIB = 1024
# The kernel's own account of this process: what `resource` tells began with the memory of the tests' process.
IMPORT = """
import sys
from pathlib import Path
from santorio.cli.main import main
try:
    main()
finally:
    print(Path("/proc/self/status").read_text(), file=sys.stderr)
"""


def packed(members: dict[str, bytes]) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return file.getvalue()


def sparse(path: Path, head: bytes) -> None:
    with path.open("wb") as file:
        file.write(head)
        file.truncate(LARGE)


def fit_of_millions() -> bytes:
    """Three million messages without a field, each one byte long."""
    body = struct.pack("<BBBHB", 0x40, 0, 0, 20, 0) + b"\x00" * 3_000_000
    return struct.pack("<BBHI4s", 12, 0x20, 2132, len(body), b".FIT") + body + b"\x00\x00"


def hostile(folder: Path) -> None:
    outside = {f"{'../' * depth}outside{depth}.json": NIGHT for depth in range(1, 9)}
    flat = packed({"zeros": b"\x00" * 300_000_000})
    files = {
        "bomb.zip": packed({"bomb.json": b"0" * 300_000_000, "night.json": NIGHT}),
        "nested.zip": packed({"1.zip": packed({"2.zip": flat})}),
        "outside.zip": packed({**outside, "/etc/outside.json": NIGHT, "C:\\outside.json": NIGHT}),
        "deep.json": b"[" * 50_000_000,
        "deep_entry.json": b'[{"a":' * 6_000_000,
        "entities.gpx": ENTITIES,
        "millions.fit": fit_of_millions(),
        "run.fit": RUN,
    }
    folder.mkdir()
    for name, content in files.items():
        (folder / name).write_bytes(content)
    for name, head in (
        ("large.bin", b""),
        ("large.json", b'[{"calendarDate": "2026-03-01"},'),
        ("large.fit", RUN),
    ):
        sparse(folder / name, head)


def test_each_is_refused_with_a_reason_in_little_memory_and_nothing_is_written_elsewhere(
    database, home: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "files"
    hostile(folder)
    before = set(tmp_path.rglob("*"))
    environment = {**os.environ, "SANTORIO_HOME": str(home), "SANTORIO_DATABASE_URL": database.url}
    done = subprocess.run(
        [sys.executable, "-c", IMPORT, "import", str(folder), "--json"],
        env=environment,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert "Traceback" not in done.stderr
    with database.connect() as connection:
        rows = connection.execute("select source_name, code, reason from ops.rejected_records").fetchall()
        events = connection.execute("select event_type from raw.events order by 1").fetchall()
    refused: dict[str, set[str]] = {}
    for name, code, reason in rows:
        refused.setdefault(name, set()).add(code)
        assert reason.endswith(".")
    assert refused == {
        "bomb.zip": {"too_large"},
        "nested.zip": {"too_large"},
        "outside.zip": {"unsafe_name"},
        "deep.json": {"too_large"},
        "deep_entry.json": {"too_large"},
        "entities.gpx": {"unsafe_xml"},
        "millions.fit": {"too_large"},
        "large.bin": {"too_large"},
        "large.json": {"too_large"},
        "large.fit": {"too_large"},
    }
    # The night beside the bomb, and the run.
    assert events == [("fit.activity",), ("garmin.sleep_summary",)]
    assert set(tmp_path.rglob("*")) == before
    [peak_kib] = [int(line.split()[1]) for line in done.stderr.splitlines() if line.startswith("VmHWM")]
    assert peak_kib / 1024 < MAX_MIB
