"""What the long part of the calibration finds: kept in a JSON file, shown in `benchmarks/calibration.md`."""

import datetime as dt
import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from matplotlib.figure import Figure

BENCHMARKS = Path(__file__).resolve().parents[2] / "benchmarks"
RESULTS = BENCHMARKS / "results" / "calibration.json"
PAGE = BENCHMARKS / "calibration.md"
# Of the Kolmogorov-Smirnov distribution, times √n.
KOLMOGOROV_95 = 1.358
OPENING = """# Calibration

What `make calibrate` found, written by it. Each row is one case of a promise, its bar, and whether it was met; the
models are in [docs/method.md](../docs/method.md).
"""


class Figures:
    """Rows of one session. A later session replaces its own cases and leaves the others."""

    def __init__(self, results: Path = RESULTS, page: Path = PAGE) -> None:
        self.results, self.page = results, page
        self.rows: dict[str, dict[str, object]] = {}
        self.plots: dict[str, Figure] = {}

    def add(self, claim: str, case: str, value: float, bar: str, *, met: bool) -> None:
        """Record a figure, met or not."""
        self.rows[f"{claim}: {case}"] = {
            "claim": claim,
            "case": case,
            "value": round(float(value), 4),
            "bar": bar,
            "met": bool(met),
            "date": dt.datetime.now(dt.UTC).date().isoformat(),
        }

    def plot(self, name: str, ranks: Mapping[str, np.ndarray]) -> None:
        """Draw how far the ranks' distribution is from uniform, within the band that holds 95 % of uniform ones."""
        from matplotlib import rc_context
        from matplotlib.figure import Figure

        with rc_context({"svg.hashsalt": "santorio", "svg.fonttype": "none"}):
            figure = Figure(figsize=(2.6 * len(ranks), 2.4), layout="constrained")
            panels = figure.subplots(1, len(ranks), sharey=True, squeeze=False)[0]
            for panel, (parameter, values) in zip(panels, ranks.items(), strict=True):
                at = np.linspace(0, 1, 201)
                below = np.searchsorted(np.sort(values), at, side="right") / len(values)
                band = KOLMOGOROV_95 / np.sqrt(len(values))
                panel.fill_between([0, 1], -band, band, color="0.85")
                panel.plot(at, below - at, color="#0072b2")
                panel.set(title=parameter, xlabel="rank", xlim=(0, 1))
            panels[0].set_ylabel("share below, less rank")
            self.plots[name] = figure

    def write(self) -> None:
        """Write both files."""
        if not self.rows:
            return
        known = json.loads(self.results.read_text()) if self.results.exists() else {}
        known = dict(sorted({**known, **self.rows}.items()))
        self.results.write_text(json.dumps(known, indent=2, ensure_ascii=False) + "\n")
        folder = self.page.with_suffix("")
        for name, figure in self.plots.items():
            folder.mkdir(exist_ok=True)
            figure.savefig(folder / f"{name}.svg", metadata={"Date": None})
        lines = [OPENING]
        for claim in dict.fromkeys(row["claim"] for row in known.values()):
            lines += [f"\n## {claim}\n", "| case | found | bar | met | date |", "|---|---|---|---|---|"]
            lines += [
                f"| {row['case']} | {row['value']:.4g} | {row['bar']} | {'yes' if row['met'] else '**no**'} "
                f"| {row['date']} |"
                for row in known.values()
                if row["claim"] == claim
            ]
        if folder.exists():
            lines += [
                "\n## Ranks of the truth\n",
                "Less what uniform ranks would be; grey holds 95 % of such curves.",
            ]
            lines += [
                f"\n### {one.stem}\n\n![{one.stem}]({folder.name}/{one.name})"
                for one in sorted(folder.glob("*.svg"))
            ]
        self.page.write_text("\n".join(lines) + "\n")
