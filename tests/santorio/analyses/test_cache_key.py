"""What a cache key covers: inputs, and the sources that compute from them, no others."""

from pathlib import Path

import numpy as np
import pytest

from santorio.analyses import cache_key as module
from santorio.analyses.baselines.pipeline import CODE as OF_BASELINES
from santorio.analyses.baselines.pipeline import LIBRARIES
from santorio.analyses.cache_key import CODE_PATHS, cache_key, models_version


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A package of the same parts, one file each."""
    for part in {*CODE_PATHS, *OF_BASELINES}:
        path = tmp_path / part if Path(part).suffix else tmp_path / part / "model.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("A = 1\n")
    monkeypatch.setattr(module, "ROOT", tmp_path)
    return tmp_path


def both() -> tuple[str, str]:
    """Cache keys of a trial's or an association's run and of a baseline's, of the same inputs."""
    models_version.cache_clear()
    inputs = ("steps", np.arange(3.0))
    return cache_key(*inputs), cache_key(*inputs, code=OF_BASELINES, libraries=LIBRARIES)


@pytest.fixture(autouse=True)
def _forget() -> object:
    yield
    models_version.cache_clear()


@pytest.mark.parametrize(
    ("edited", "differs"),
    [
        ("santorio/analyses/baselines/model.py", (False, True)),
        ("santorio/trials/model.py", (True, False)),
        ("santorio/metrics.py", (True, True)),
        ("dbt_project/seeds/metrics.csv", (True, True)),
    ],
)
def test_edited_sources_count_for_what_they_compute(
    package: Path, edited: str, differs: tuple[bool, bool]
) -> None:
    before = both()
    (package / edited).write_text("A = 2\n")
    assert tuple(one != other for one, other in zip(before, both(), strict=True)) == differs


def test_an_input_that_differs_in_one_value_or_in_shape_is_another_one() -> None:
    days = np.arange(6.0)
    assert cache_key("steps", days) == cache_key("steps", days.copy())
    other = [("steps", days + (days == 3)), ("steps", days.reshape(2, 3)), ("mood", days), ("steps", days)]
    assert len({cache_key(*inputs) for inputs in other}) == 4


def test_a_source_that_is_not_there_is_an_error_and_not_an_empty_hash(package: Path) -> None:
    with pytest.raises(FileNotFoundError, match="santorio/renamed"):
        cache_key("steps", code=("santorio/renamed",))
