"""Compiles the models while something else is waited for: a study spends most of its first minute in compilers.

Nothing of a person is read or written here. What is compiled is what the study uses: in this process the models
themselves, and on disk what Numba keeps.
"""

import threading
from contextlib import suppress

import numpy as np
import psycopg

# Trials of five to twelve weeks have 17 to 32 columns, and share one compilation.
COLUMNS = 32


def has_trial_to_analyse(connection: psycopg.Connection) -> bool:
    """Tell whether a trial may be analysed next: something of one waits to be made into days, or one was lately."""
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


def start_compiling(*, trials: bool) -> threading.Thread:
    """Compile in a thread what is sampled of everyone, and with `trials` what is sampled of a trial.

    Who needs a model that is being compiled waits for it, and for no other.
    """
    thread = threading.Thread(target=_compile, kwargs={"trials": trials}, name="compiling")
    thread.start()
    return thread


def _compile(*, trials: bool) -> None:
    # What goes wrong here goes wrong again where it is needed, and is said there.
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
    # As a fit does it: Numba compiles for the types that it is called with. What is drawn is thrown away.
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
