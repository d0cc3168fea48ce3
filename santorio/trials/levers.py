"""What a person can change about their days, and how one would test it. Data, no computation.

Nothing here touches medication, fasting or a diagnosed condition, and nothing asks for more alcohol, caffeine or load
than a person already has: such levers only take away, and are offered only to who has the habit.
"""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Lever:
    """One thing to change.

    Attributes
    ----------
    slug : str
        Name that stays; a trial whose name has it among its words has answered it.
    change : str
        What changes, as in “does … raise my sleep?”.
    arms : tuple[str, str]
        What a day is told to do: as usual first.
    outcomes : tuple[str, ...]
        Metrics it may move, the most plausible first.
    exposure : str or None
        The habit that it removes: its observed association is the prior, and who has no such habit is not asked.
    onset_days : float
        Days until it acts fully.
    half_life_days : float
        How fast it wears off.
    design : {"daily", "periods"}
        Randomised by day where it acts within the day, by periods where it needs days.
    period_days : int
        Days of a period; 1 for a daily design.
    adherence : str
        Where one sees whether it was done.
    burden : float
        What a day of the trial costs, 1 for a real effort every day.
    not_for : str
        Who must not try it.
    """

    slug: str
    change: str
    arms: tuple[str, str]
    outcomes: tuple[str, ...]
    exposure: str | None
    onset_days: float
    half_life_days: float
    design: Literal["daily", "periods"]
    period_days: int
    adherence: str
    burden: float
    not_for: str


LEVERS = (
    Lever(
        "late-caffeine",
        "leaving out caffeine after 15:00",
        ("caffeine as usual", "no caffeine after 15:00"),
        ("sleep_minutes", "sleep_score", "deep_sleep_minutes"),
        "caffeine_after_15_mg",
        0.0,
        0.25,
        "daily",
        1,
        "caffeine log",
        0.4,
        "nobody",
    ),
    Lever(
        "alcohol",
        "leaving out alcohol",
        ("alcohol as usual", "no alcohol"),
        ("hrv_rmssd_ms", "resting_hr_bpm", "sleep_score"),
        "alcohol_g",
        0.0,
        0.5,
        "daily",
        1,
        "alcohol log",
        0.5,
        "who depends on alcohol: stopping at once can be dangerous, a doctor should be asked",
    ),
    Lever(
        "easy-days",
        "training only easily",
        ("training as usual", "easy training only"),
        ("resting_hr_bpm", "hrv_rmssd_ms"),
        "training_load",
        1.0,
        2.0,
        "periods",
        4,
        "training load from the watch",
        0.6,
        "nobody",
    ),
    Lever(
        "morning-light",
        "spending twenty minutes outdoors after waking",
        ("mornings as usual", "20 minutes outdoors after waking"),
        ("sleep_minutes", "mood", "sleep_score"),
        None,
        2.0,
        2.0,
        "periods",
        7,
        "steps of the first hour",
        0.5,
        "who was told to avoid the sun, or has bipolar disorder: ask a doctor first",
    ),
    Lever(
        "evening-walk",
        "walking for twenty minutes after dinner",
        ("evenings as usual", "20 minutes of walking after dinner"),
        ("sleep_score", "stress_avg", "resting_hr_bpm"),
        None,
        0.0,
        0.5,
        "daily",
        1,
        "steps of the evening",
        0.5,
        "who cannot walk safely in the dark",
    ),
    Lever(
        "screens",
        "leaving screens off in the last hour",
        ("last hour as usual", "no screens in the last hour"),
        ("sleep_minutes", "sleep_score"),
        None,
        0.0,
        0.5,
        "daily",
        1,
        "asked each morning",
        0.6,
        "nobody",
    ),
    Lever(
        "slow-breathing",
        "breathing slowly for ten minutes in bed",
        ("to bed as usual", "10 minutes of slow breathing in bed"),
        ("hrv_rmssd_ms", "stress_avg"),
        None,
        0.0,
        0.5,
        "daily",
        1,
        "asked each morning",
        0.4,
        "who gets dizzy or anxious from it",
    ),
    Lever(
        "earlier-bedtime",
        "turning the lights out half an hour earlier",
        ("bedtime as usual", "lights out 30 minutes earlier"),
        ("sleep_minutes", "hrv_rmssd_ms", "mood"),
        None,
        1.0,
        1.0,
        "periods",
        3,
        "bedtime from the watch",
        0.6,
        "who is treated for insomnia",
    ),
)
