"""Compile the models while the run waits for something else: a refresh spends most of its first minute in compilers.

No data of a person is read or written here. The models are compiled in this process, and Numba's part on disk.
"""

import threading
from contextlib import suppress

import numpy as np
import psycopg

# Trials of five to twelve weeks have 17 to 32 columns, and share one compilation.
COLUMNS = 32


def has_trial_to_analyse(connection: psycopg.Connection) -> bool:
    """Whether a trial may be analysed next: an event of one is in the change queue, or one was analysed lately."""
    row = connection.execute(
        """
        select
          exists (
            select from raw.change_queue inner join raw.events using (event_id)
            where events.event_type like 'trial.%'
          )
          or exists (
            select from analysis.runs where kind = 'trial' and created_at > clock_timestamp() - interval '2 days'
          )
        """
    ).fetchone()
    return row == (True,)


def precompile_models(*, trials: bool) -> threading.Thread:
    """Compile the effects model in a thread, and with `trials` the model of a trial.

    A caller that needs a model waits for that model alone.
    """
    thread = threading.Thread(target=_compile, kwargs={"trials": trials}, name="compiling")
    thread.start()
    return thread


def _compile(*, trials: bool) -> None:
    # An error here occurs again where the model is needed, and is reported there.
    with suppress(Exception):
        compile_effects()
        if trials:
            from santorio.stats.gaussian_model import TrialModel

            TrialModel(COLUMNS).compile()


def compile_effects() -> None:
    """Compile the density of the effects model: it serves every number of outcomes, exposures and days."""
    import nutpie

    from santorio.analyses.effects.marginal_likelihood import gather
    from santorio.analyses.effects.model import EffectsModel
    from santorio.stats.design_matrix import background_columns

    days = np.arange(8)
    evidence = gather(background_columns(days), np.cos(days)[:, None], np.sin(days))
    model = EffectsModel(1, 1).compile()
    made_up = {"splines": evidence.splines[None], "days": np.array([8.0]), "is_confounder": np.zeros(1)}
    # Sampled as a fit samples it: Numba compiles for the types that it is called with. The draws are discarded.
    nutpie.sample(
        model.with_data(**made_up),
        draws=2,
        tune=2,
        chains=1,
        cores=1,
        seed=1,
        progress_bar=False,
        save_warmup=False,
    )
