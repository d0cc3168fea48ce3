"""What a scale writes: the weights of everybody who stood on it, told apart by its own users."""

import datetime as dt
from dataclasses import dataclass

from santorio.ingest.formats.fit.activities import first_number
from santorio.ingest.formats.fit.decoder import Decoded, moment

FIGURES = {
    "weight_kg": "weight",
    "body_fat_percent": "percent_fat",
    "body_water_percent": "percent_hydration",
    "muscle_mass_kg": "muscle_mass",
    "bone_mass_kg": "bone_mass",
    "visceral_fat_rating": "visceral_fat_rating",
    "basal_met_kcal": "basal_met",
}


@dataclass(frozen=True, slots=True)
class Weighing:
    """One time that somebody stood on the scale. `scale_user` is the scale's own number of them, if it has any."""

    at: dt.datetime
    scale_user: int | None
    data: dict[str, object]


def weighings_of(decoded: Decoded) -> list[Weighing]:
    """Weights in the order of the file; `scale_users` says how many people the file is about."""
    found: list[Weighing] = []
    messages = decoded.all("weight_scale")
    people = {str(one.get("user_profile_index")) for one in messages}
    for message in messages:
        at, user = moment(message.get("timestamp")), message.get("user_profile_index")
        figures = {
            ours: number
            for ours, theirs in FIGURES.items()
            if (number := first_number(message, (theirs,))) is not None
        }
        if at is not None and "weight_kg" in figures:
            number = user if isinstance(user, int) else None
            found.append(Weighing(at, number, {**figures, "scale_user": number, "scale_users": len(people)}))
    return found
