"""FIT files as devices write them, made here message by message or by the official SDK's encoder."""

import datetime as dt
import struct
import uuid

from santorio.ingest.file_parser import parse_file
from santorio.ingest.formats.fit import decoder
from santorio.people import Person
from santorio.storage.event_log import Event
from santorio.storage.parse_result import ParseResult

PERSON = Person(uuid.UUID(int=1), "me", "Europe/Berlin")
NOW = dt.datetime(2026, 6, 1, 12, tzinfo=dt.UTC)
START = dt.datetime(2026, 3, 1, 7, tzinfo=dt.UTC)

# Base types of the FIT protocol: number, struct letter.
BASE = {
    "enum": (0x00, "B"),
    "uint8": (0x02, "B"),
    "uint16": (0x84, "H"),
    "uint32": (0x86, "I"),
    "uint32z": (0x8C, "I"),
}
# Global message number, and per field: its number and base type (Profile.xlsx of the FIT SDK).
PROFILE = {
    "file_id": (0, {"type": (0, "enum"), "manufacturer": (1, "uint16"), "serial": (3, "uint32z"),
                    "created": (4, "uint32")}),
    "session": (18, {"timestamp": (253, "uint32"), "start": (2, "uint32"), "sport": (5, "enum"),
                     "elapsed_ms": (7, "uint32"), "timer_ms": (8, "uint32"), "distance_cm": (9, "uint32"),
                     "heart_rate": (16, "uint8")}),
    "record": (20, {"timestamp": (253, "uint32"), "heart_rate": (3, "uint8"), "distance_cm": (5, "uint32"),
                    "undocumented": (201, "uint8")}),
    "activity": (34, {"timestamp": (253, "uint32"), "local": (5, "uint32")}),
}  # fmt: skip
ACTIVITY, SETTINGS, RUNNING = 4, 2, 1


def fit_time(moment: dt.datetime) -> int:
    return int(moment.timestamp()) - decoder.EPOCH_OF_FIT


def checksum(data: bytes) -> int:
    table = (0x0000, 0xCC01, 0xD801, 0x1400, 0xF001, 0x3C00, 0x2800, 0xE401,
             0xA001, 0x6C00, 0x7800, 0xB401, 0x5000, 0x9C01, 0x8801, 0x4400)  # fmt: skip
    crc = 0
    for byte in data:
        for nibble in (byte & 0xF, byte >> 4):
            crc = (crc >> 4) & 0x0FFF ^ table[crc & 0xF] ^ table[nibble]
    return crc


def message(name: str, **values: int) -> bytes:
    number, fields = PROFILE[name]
    chosen = {field: fields[field] for field in values}
    definition = struct.pack("<BBBHB", 0x40, 0, 0, number, len(chosen)) + b"".join(
        struct.pack("<BBB", field, struct.calcsize(BASE[kind][1]), BASE[kind][0])
        for field, kind in chosen.values()
    )
    letters = "".join(BASE[kind][1] for _, kind in chosen.values())
    return definition + b"\x00" + struct.pack(f"<{letters}", *values.values())


def fit_file(*messages: bytes) -> bytes:
    body = b"".join(messages)
    header = struct.pack("<BBHI4s", 14, 0x20, 2132, len(body), b".FIT")
    whole = header + struct.pack("<H", checksum(header)) + body
    return whole + struct.pack("<H", checksum(whole))


def file_id(kind: int = ACTIVITY, created: dt.datetime = START) -> bytes:
    return message("file_id", type=kind, manufacturer=1, serial=4711, created=fit_time(created))


def session(start: dt.datetime = START, seconds: int = 1800) -> bytes:
    return message(
        "session",
        timestamp=fit_time(start) + seconds,
        start=fit_time(start),
        sport=RUNNING,
        elapsed_ms=seconds * 1000,
        timer_ms=seconds * 1000,
        distance_cm=500_000,
        heart_rate=150,
    )


def record(second: int, heart_rate: int = 140) -> bytes:
    return message(
        "record", timestamp=fit_time(START) + second, heart_rate=heart_rate, distance_cm=second * 300
    )


RUN = fit_file(
    file_id(),
    record(0),
    record(1),
    session(),
    message("activity", timestamp=fit_time(START) + 1800, local=fit_time(START) + 1800 + 3600),
)


def parsed(data: bytes) -> ParseResult:
    return parse_file(data, PERSON, NOW)


def only(found: ParseResult) -> Event:
    (event,) = found.events
    return event


def flaws(found: ParseResult) -> list[tuple[str, str]]:
    return [(one.code, one.status) for one in found.rejections]


T = fit_time(START)
DESCRIPTIONS = {
    7: {
        "developer_data_id_mesg": {"developer_data_index": 0, "application_id": list(range(16))},
        "field_description_mesg": {
            "developer_data_index": 0, "field_definition_number": 1, "fit_base_type_id": 0x84,
            "field_name": "Form Power", "units": "Watts",
        },
    }
}  # fmt: skip


def encoded(*messages: tuple[str, dict[str, object]], own: bool = False) -> bytes:
    """Write messages, by name, as the official SDK does."""
    from garmin_fit_sdk import Encoder, Profile

    encoder = Encoder(DESCRIPTIONS if own else None)
    if own:
        for name in ("DEVELOPER_DATA_ID", "FIELD_DESCRIPTION"):
            stated = DESCRIPTIONS[7][f"{name.lower()}_mesg"]
            encoder.on_mesg(Profile["mesg_num"][name], {"mesg_num": Profile["mesg_num"][name], **stated})
    for name, fields in messages:
        number = Profile["mesg_num"][name]
        encoder.on_mesg(number, {"mesg_num": number, **fields})
    return bytes(encoder.close())


def about(kind: object = "activity") -> tuple[str, dict[str, object]]:
    return ("FILE_ID", {"type": kind, "manufacturer": "garmin", "serial_number": 4711, "time_created": T})


RIDE = encoded(
    about(),
    ("RECORD", {"timestamp": T, "position_lat": 2**30, "position_long": -(2**29), "distance": 1.25,
                "enhanced_altitude": 312.4, "altitude": 312.4, "enhanced_speed": 8.25, "heart_rate": 120, "cadence": 88,
                "fractional_cadence": 0.5, "power": 240, "temperature": -3, "calories": 7,
                "developer_fields": {7: 61}}),
    ("RECORD", {"timestamp": T, "heart_rate": 121, "altitude": 313.0}),
    ("RECORD", {"timestamp": T + 1, "developer_fields": {7: 62}}),
    ("HRV", {"time": [0.594, 0.588, 65.535, 65.535, 65.535]}),  # invalid is all bits set
    ("HRV", {"time": [0.602, 65.535, 65.535, 65.535, 65.535]}),
    ("LAP", {"timestamp": T + 1, "start_time": T, "total_elapsed_time": 1.0, "avg_heart_rate": 120}),
    ("SESSION", {"timestamp": T + 1, "start_time": T, "sport": "cycling", "total_elapsed_time": 1.0}),
    own=True,
)  # fmt: skip

DAY = encoded(
    about("monitoring_b"),
    ("MONITORING_INFO", {"timestamp": T, "local_timestamp": T + 3600}),
    ("MONITORING", {"timestamp_16": (T + 60) & 0xFFFF, "heart_rate": 51}),
    ("MONITORING", {"timestamp": T + 120, "activity_type": "walking", "cycles": 50.0, "distance": 80.0}),
    ("MONITORING", {"timestamp_16": (T + 120 + 60_000) & 0xFFFF, "heart_rate": 52}),
    ("MONITORING", {"timestamp_16": (T + 120 + 120_000) & 0xFFFF, "heart_rate": 53}),
    ("STRESS_LEVEL", {"stress_level_time": T, "stress_level_value": -1}),
    ("SPO2_DATA", {"timestamp": T, "reading_spo2": 95, "reading_confidence": 9}),
)
