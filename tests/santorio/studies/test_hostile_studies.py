"""Study files and tables that are damaged at random end in an answer or in a sentence, never in anything else."""

import random
import re
from pathlib import Path

import numpy as np
import pytest

from santorio.errors import SantorioError
from santorio.studies.analysis import analyse_study

PAGE = (Path(__file__).resolve().parents[3] / "docs" / "studies.md").read_text(encoding="utf-8")
YAML = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)[0]
CSV = re.findall(r"```csv\n(.*?)```", PAGE, re.DOTALL)[0]
BITS = (
    "", "0", "-1", "1e308", "-1e308", "1e-300", "nan", "inf", "NA", "yes", "2026-02-30", "0001-01-01",
    "9999-12-31", "31/04/2026", "1.234,56", "'", '"', ",", ";", "\t", "\n", "\r", "\x00", "\ufeff", "ä", "{}", "[]",
    ": :", "- -", "null", "!!python/object:os.system", "&a *a", "%d", "day", "time", "dose", "case", "cycle",
    "binary", "count", "ordinal", "rating", "phases", "periods", "period: 3", "counterbalanced", "alternating",
    "randomised: true", "washout: 99999", "half_life: 1e9", "half_life: 1e-9", "max_run: 1", "block: 1000000",
    "smallest_effect: 1e-320", "schedule: lamp.csv",
)  # fmt: skip


def damaged(text: str, chance: random.Random) -> str:
    for _ in range(chance.choice([1, 1, 2, 5])):
        lines = text.split("\n")
        at = chance.randrange(len(lines))
        words = re.split(r"([,: \[\]{}]+)", lines[at])
        way = chance.randrange(5)
        if way == 0:
            words[chance.randrange(len(words))] = chance.choice(BITS)
            lines[at] = "".join(words)
        elif way == 1:
            lines.insert(at, chance.choice(lines))
        elif way == 2:
            del lines[at]
        elif way == 3:
            lines[at] += chance.choice(BITS)
        else:
            lines = lines[: at + 1]
        text = "\n".join(lines) or " "
    return text


@pytest.mark.parametrize("seed", range(3))
def test_damage_ends_in_an_answer_or_a_sentence(tmp_path, seed):
    chance = random.Random(seed)
    answered, sentences = 0, []
    for _ in range(12):
        both = chance.random()
        (tmp_path / "lamp.yaml").write_text(damaged(YAML, chance) if both < 0.6 else YAML, encoding="utf-8")
        (tmp_path / "lamp.csv").write_text(damaged(CSV, chance) if both > 0.4 else CSV, encoding="utf-8")
        try:
            answer = analyse_study(tmp_path / "lamp.yaml").answer
        except SantorioError as error:
            sentences.append(str(error))
            continue
        effect = answer.outcomes[0].comparisons[0].effect
        figures = [effect.estimate, effect.lower_95, effect.upper_95, effect.probability_within]
        assert np.isfinite(figures).all()
        assert effect.lower_95 <= effect.upper_95
        answered += 1
    assert answered + len(sentences) == 12
    assert all(10 < len(sentence) < 1500 for sentence in sentences)
