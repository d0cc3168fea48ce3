"""A coverage-guided fuzzer on the FIT reader: `python -m support.fit_fuzzer CORPUS [libFuzzer options]`.

Half of what it makes is given true lengths and checksums, as only then the fast decoder reads on.
"""

import datetime as dt
import random
import struct
import sys
import uuid

import atheris

with atheris.instrument_imports(
    include=["santorio.ingest.formats.fit", "garmin_fit_sdk.decoder", "garmin_fit_sdk.stream"]
):
    from santorio.ingest.file_parser import parse_file
    from santorio.ingest.formats.fit.layout import as_file
    from santorio.people import Person
    from santorio.storage.activity_records import _table

PERSON = Person(uuid.UUID(int=1), "me", "Europe/Berlin")
NOW = dt.datetime(2026, 6, 1, 12, tzinfo=dt.UTC)


def try_one(data: bytes) -> None:
    found = parse_file(data, PERSON, NOW)
    assert found.events or found.rejections
    assert "reader_failed" not in {one.code for one in found.rejections}
    assert all(event.content_hash for event in found.events)
    for recording in found.recordings:
        lengths = {len(column) for column in _table(recording).values()}
        assert lengths <= {len(recording.times)}


def mutate(data: bytes, most: int, seed: int) -> bytes:
    changed = atheris.Mutate(data, most)
    if random.Random(seed).random() < 0.5 or len(changed) < 16:
        return changed
    whole = as_file(changed[14:-2])
    return whole[:most] if len(whole) > most else whole


def seeds() -> dict[str, bytes]:
    from support.fit_files import DAY, RIDE, RUN

    big_endian = struct.pack(">BBBHB", 0x40, 0, 1, 20, 1) + struct.pack("BBB", 253, 4, 0x86)
    return {"run": RUN, "ride": RIDE, "day": DAY, "chain": RUN + DAY, "cut": RIDE[:-30],
            "big_endian": as_file(big_endian + b"\x00" + struct.pack(">I", 1_141_000_000))}  # fmt: skip


if __name__ == "__main__":
    atheris.Setup(sys.argv, try_one, custom_mutator=mutate)
    atheris.Fuzz()
