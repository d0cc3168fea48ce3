"""AutoETS of statsforecast over rolling origins: `python benchmarks/auto_ets.py INPUT.npz OUTPUT.npz`.

Runs in an environment of its own, for statsforecast needs an older pandas than Santorio; so it imports nothing of it.

The input holds `value`, series without gaps after one another, with `start` and `end` of the history of each origin
in it, and `horizon`, the days ahead. The output holds `mean` and `sd` of shape (origins, horizons), the model's name
for each origin, and the seconds of processor time it took. Every model that AutoETS chooses from by default has
normal intervals.
"""

import sys
import time

import numpy as np
from statsforecast.models import AutoETS

# Half of the central 95 % of a normal distribution.
HALF_WIDTH = 1.959963984540054


def main() -> None:
    given = np.load(sys.argv[1])
    horizon = given["horizon"]
    origins = len(given["start"])
    mean, sd = np.full((2, origins, len(horizon)), np.nan)
    names = []
    started = time.process_time()
    for i, (start, end) in enumerate(zip(given["start"], given["end"], strict=True)):
        model = AutoETS(season_length=7)
        model.fit(given["value"][start:end])
        told = model.predict(h=int(horizon.max()), level=[95])
        mean[i] = told["mean"][horizon - 1]
        sd[i] = (told["hi-95"] - told["lo-95"])[horizon - 1] / 2 / HALF_WIDTH
        names.append("".join(model.model_["components"][:4]))
    np.savez(sys.argv[2], mean=mean, sd=sd, name=np.array(names), seconds=time.process_time() - started)


if __name__ == "__main__":
    main()
