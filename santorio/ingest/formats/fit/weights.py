"""Weigh-ins in the FIT file of a scale. It may hold those of several people, as the scale's own user numbers."""

import datetime as dt
from dataclasses import dataclass

from santorio.ingest.formats.fit.activities import first_number
from santorio.ingest.formats.fit.decoder import Decoded, Message, to_instant

# Our name (with its unit) and the profile's.
FIELDS = {
    "weight_kg": "weight",
    "body_fat_percent": "percent_fat",
    "body_water_percent": "percent_hydration",
    "muscle_mass_kg": "muscle_mass",
    "bone_mass_kg": "bone_mass",
    "visceral_fat_rating": "visceral_fat_rating",
    "basal_met_kcal": "basal_met",
}


@dataclass(frozen=True, slots=True)
class WeighIn:
    """One measurement. `scale_user` is the scale's own number of the person; None if it has no users."""

    at: dt.datetime
    scale_user: int | None
    data: dict[str, object]


def weigh_ins_of(decoded: Decoded) -> list[WeighIn]:
    """Return the weigh-ins in the order of the file; `scale_users` is the number of people in it."""
    weigh_ins: list[WeighIn] = []
    messages = decoded.all("weight_scale")
    users = {str(message.get("user_profile_index")) for message in messages}
    for message in messages:
        at, values = to_instant(message.get("timestamp")), _values(message)
        if at is not None and "weight_kg" in values:
            index = message.get("user_profile_index")
            user = index if isinstance(index, int) else None
            weigh_ins.append(WeighIn(at, user, {**values, "scale_user": user, "scale_users": len(users)}))
    return weigh_ins


def _values(message: Message) -> dict[str, float]:
    values: dict[str, float] = {}
    for name, field in FIELDS.items():
        value = first_number(message, (field,))
        if value is not None:
            values[name] = value
    return values
