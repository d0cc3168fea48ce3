"""People who have each an association and a finished trial of one intervention, as runs of the models publish them."""

import datetime as dt
from dataclasses import dataclass, field

import pytest

from santorio.analyses.run_store import Run, publish
from santorio.people import Person, ensure_person
from santorio.population.estimates import read_shared_estimates
from santorio.population.pipeline import analyse_population
from santorio.privacy.consent import record_consent
from santorio.storage.database.engine import Database
from santorio.storage.event_log import UNDATED, Event, write_events
from santorio.trials.interventions.catalog import built_in_interventions
from santorio.trials.protocol import Protocol
from santorio.trials.protocol_design import DailyRandomization

AS_OF = dt.datetime(2026, 6, 1, tzinfo=dt.UTC)
INTERVENTION, METRIC = "screens", "sleep_minutes"


@dataclass
class Group:
    """Writes what people's runs published, and reads the pooled results that they see."""

    database: Database
    people: list[Person] = field(default_factory=list)

    def add(self, estimate: float, *, shares: bool = True, per_amount: float = 100.0) -> Person:
        """One more person: an association of this size per 100 mg, and a trial that found as much."""
        with self.database.connect() as connection:
            person = ensure_person(connection, f"person {len(self.people)}", "Europe/Berlin")
            record_consent(connection, person, shares=shares)
        self.people.append(person)
        self.associate(person, estimate, per_amount)
        self.tried(person, estimate)
        return person

    def associate(
        self,
        person: Person,
        estimate: float,
        per_amount: float = 100.0,
        exposure: str = "caffeine_mg",
        **stated,
    ) -> None:
        times = per_amount / 100
        row = {
            "outcome": METRIC, "exposure": exposure, "lag_days": 1, "exposure_unit": "mg", "outcome_unit": "min",
            "per_amount": per_amount, **dict.fromkeys(("lower_95", "lower_50"), -1.0),
            **dict.fromkeys(("upper_95", "upper_50"), 1.0), "estimate": estimate / 2, "sd": 1.0,
            "probability_positive": 0.5, "robustness_value": 0.1, "robustness_value_95": 0.0, "days": 90, "rank": 1,
            "prior_free_estimate": estimate * times, "prior_free_sd": 5.0 * times, "standard_effect": 30.0 * times,
            **stated,
        }  # fmt: skip
        self._publish(person, "effects", str(row["outcome"]) + exposure, [row], {})

    def tried(
        self, person: Person, estimate: float, name: str = "screens_sleep", *, ended: bool = True
    ) -> None:
        arms = next(
            intervention.arms
            for intervention in built_in_interventions()
            if intervention.name == INTERVENTION
        )
        protocol = Protocol(
            trial=name, question="Does it?", intervention=INTERVENTION, arms=arms, outcome=METRIC, smallest_effect=10,
            lag_days=1, start_day=dt.date(2026, 1, 5),
            randomization=DailyRandomization(cycle_days=2, longest_run=2), cycles=1, seed=1,
            assignment=arms,
        )  # fmt: skip
        event = Event(
            person.user_id, UNDATED, None, "trial.protocol", "trial", f"{name} protocol", protocol.document()
        )
        with self.database.connect() as connection:
            write_events(connection, [event])
        numbers = dict.fromkeys(
            ("mean_arm", "mean_reference", "raw_difference", "lower_95", "upper_95", "lower_50", "upper_50",
             "smallest_effect", "probability_above", "probability_within", "probability_below"), 0.0,
        )  # fmt: skip
        row = {
            "trial": name, "outcome": METRIC, "arm": arms[1], "reference_arm": arms[0], "unit": "min", **numbers,
            "days_arm": 20, "days_reference": 20, "estimate": estimate / 2, "sd": 4.0, "decision": "keep going",
            "cycles": 2, "probability_repeats": None, "randomisation_p": None, "is_primary": True,
            "prior_free_estimate": estimate, "prior_free_sd": 6.0, "standard_effect": 25.0,
        }  # fmt: skip
        self._publish(person, "trial", name, [row], {"ended": ended})

    def _publish(self, person, kind, target, rows, diagnostics) -> None:
        run = Run(person.user_id, kind, target, f"{rows}{diagnostics}", AS_OF, rows, diagnostics)
        publish(self.database, run)

    def study(self) -> None:
        """Run the analysis for every person, as the asset does."""
        with self.database.connect() as connection:
            shared = read_shared_estimates(connection)
        for person in self.people:
            analyse_population(self.database, person, shared)

    def results(self, person: Person) -> dict[str, dict[str, object]]:
        """A person's rows of the newest run, by their basis."""
        with self.database.connect() as connection:
            cursor = connection.execute(
                "select * from analysis.population where run_id = (select run_id from analysis.runs where "
                "kind = 'population' and user_id = %s order by created_at desc limit 1) order by basis",
                [person.user_id],
            )
            names = [column.name for column in cursor.description or ()]
            rows = [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
        return {str(row["basis"]): row for row in rows}


@pytest.fixture
def group(database: Database) -> Group:
    return Group(database)
