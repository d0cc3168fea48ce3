"""A kept posterior is what was fitted, and says what it came from."""

import datetime as dt
import json

import numpy as np
import pytest

from santorio.analyses.effects.model import EffectsModel
from santorio.stats.design_matrix import TrialDesign
from santorio.stats.gaussian_model import TrialModel
from santorio.stats.posterior_store import Provenance, load_posterior, save_posterior
from santorio.stats.prior import Prior

AS_OF = dt.datetime(2026, 6, 1, 8, tzinfo=dt.UTC)


@pytest.fixture(scope="module")
def model():
    return TrialModel(32)


@pytest.fixture(scope="module")
def fit(model):
    rng = np.random.default_rng(1)
    arm = np.concatenate([rng.permutation(np.repeat([0, 1], 7)) for _ in range(3)])
    design = TrialDesign(np.arange(42) + 20000, arm, np.arange(42) // 14, rng.random(42) > 0.1, 2)
    return model.fit(design, rng.normal(size=int(design.observed.sum())))


def test_it_comes_back_as_it_was(model, fit, tmp_path):
    path = tmp_path / "posterior.zarr.zip"
    save_posterior(model, fit, path, Provenance("ab" * 32, AS_OF))
    again, attributes = load_posterior(TrialModel, path)
    assert set(again.draws) == set(fit.draws)
    for name, values in fit.draws.items():
        np.testing.assert_array_equal(again.draws[name], values)
    assert again.diagnostics == fit.diagnostics
    assert {name: dims for name, dims in again.dims.items() if dims} == {
        name: dims for name, dims in fit.dims.items() if dims
    }
    for name, values in fit.data.items():
        for variable, array in values.items():
            np.testing.assert_array_equal(again.data[name][variable], array)
    assert attributes["protocol_sha256"] == "ab" * 32
    assert dt.datetime.fromisoformat(attributes["as_of"]) == AS_OF
    assert {
        name: Prior.from_dict(prior) for name, prior in json.loads(attributes["model_config"]).items()
    } == model.model_config
    assert attributes["version_of_pymc"].startswith("6.")
    assert list(tmp_path.iterdir()) == [path]


def test_it_opens_in_arviz_with_names_for_every_axis(model, fit, tmp_path):
    import xarray as xr
    from arviz_stats import summary
    from zarr.storage import ZipStore

    path = tmp_path / "posterior.zarr.zip"
    save_posterior(model, fit, path, Provenance("", AS_OF))
    store = ZipStore(path, mode="r")
    tree = xr.open_datatree(store, engine="zarr", consolidated=False).load()
    store.close()
    posterior = tree["posterior"].dataset
    assert posterior["effect"].dims == ("chain", "draw", "arm")
    assert posterior["effect"].sizes["chain"] == fit.diagnostics.chains
    assert posterior["term"].values[:2].tolist() == ["level", "line"]
    level = posterior["coefficient"].sel(term="level").values
    assert level.ravel().tolist() == fit.draws["coefficient"][:, 0].tolist()
    assert not [dim for values in posterior.data_vars.values() for dim in values.dims if "_dim_" in str(dim)]
    table = summary(tree, var_names=["rho"])
    assert float(table.loc["rho", "mean"]) == pytest.approx(fit.draws["rho"].mean(), abs=0.01)


def test_another_models_file_is_refused(model, fit, tmp_path):
    path = tmp_path / "posterior.zarr.zip"
    save_posterior(model, fit, path, Provenance("", AS_OF))
    with pytest.raises(ValueError, match="TrialModel"):
        load_posterior(EffectsModel, path)
