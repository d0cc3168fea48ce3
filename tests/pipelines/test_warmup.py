"""What is compiled ahead is what is used, is compiled once, and only where it may be needed."""

import datetime as dt
import threading

import numpy as np

from pipelines.warmup import has_trial_to_analyse, precompile_models
from santorio.analyses.effects.kernel import compiled_density
from santorio.analyses.effects.marginal_likelihood import gather
from santorio.analyses.effects.model import EffectsModel
from santorio.analyses.run_store import Run, publish
from santorio.stats.design_matrix import background_columns
from santorio.stats.sampler import RegressionModel
from santorio.storage.event_log import Event, write_events

START = dt.datetime(2026, 3, 1, tzinfo=dt.UTC)


class Level(RegressionModel):
    """The least that can be compiled; counts how often it was."""

    built = 0

    @property
    def shape(self):
        return (1,)

    def build_model(self):
        import pymc as pm

        type(self).built += 1
        with pm.Model() as model:
            pm.Normal("level")
        return model


def test_a_model_that_two_threads_want_is_compiled_once():
    threads = [threading.Thread(target=lambda: Level().compile()) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert Level.built == 1


def test_a_fit_of_another_shape_finds_the_effects_density_compiled():
    precompile_models(trials=False).join()
    made = list(compiled_density().signatures)
    assert made
    days = np.arange(40)
    exposures = np.random.default_rng(1).normal(size=(40, 3))
    evidence = [gather(background_columns(days), exposures, np.sin(days)) for _ in range(2)]
    few = {"draws": 10, "tune": 10, "chains": 1, "cores": 1}
    EffectsModel(2, 3, sampler_config=few).fit(evidence)
    assert compiled_density().signatures == made


def test_what_cannot_be_compiled_ahead_stops_nothing_and_is_not_said_twice(monkeypatch):
    def broken():
        raise OSError("no place for what is compiled")

    monkeypatch.setattr("pipelines.warmup.compile_effects", broken)
    # pytest fails a test whose thread ends in an error.
    precompile_models(trials=True).join()


def test_a_trial_is_to_be_analysed_when_something_of_one_arrived_or_one_was_analysed_lately(database, person):
    def is_due():
        with database.connect() as connection:
            return has_trial_to_analyse(connection)

    def write(event_type):
        with database.connect() as connection:
            write_events(
                connection, [Event(person.user_id, START, None, event_type, "log", event_type, {}, {})]
            )

    assert not is_due()
    write("mood")
    assert not is_due()
    write("trial.started")
    assert is_due()
    with database.connect() as connection:
        connection.execute("delete from raw.change_queue")
    assert not is_due()
    publish(database, Run(person.user_id, "trial", "tea", "abc", START, [], {}, reason="not trustworthy"))
    assert is_due()
