"""What the models publish: effects, trial results, proposals. A fit that did not converge publishes nothing."""

import dagster as dg

from assets.reporting import counts_table, picture
from santorio.database.engine import Database
from santorio.effects.analysis import analyse_effects
from santorio.people import all_people
from santorio.trials.analysis import analyse_trials
from santorio.trials.proposals import propose

MARTS = [["marts", "days"], ["marts", "outcomes"], ["marts", "exposures"]]
