"""Storing a posterior: an ArviZ DataTree in one file, with what it was computed from and by.

The file is a zipped zarr store: what ArviZ and xarray write with the libraries that the sampler brings anyway (netCDF
with groups would need one more), and one object for the object store.
"""

import datetime as dt
import json
import tempfile
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, replace
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np

from santorio.code_version import code_version
from santorio.stats.sampler import Diagnostics, Fit, RegressionModel
from santorio.storage.object_store import ObjectStore

LIBRARIES = ("arviz", "numpy", "nutpie", "pymc")
FILE_NAME = "posterior.zarr.zip"
# The sampler's own coordinates, padding among them: twice as large as all the rest, which holds the same.
NOT_STORED = frozenset({"standard", "standard_path"})


@dataclass(frozen=True)
class Provenance:
    """What a posterior was computed from.

    Attributes
    ----------
    protocol_sha256 : str
        Hash of the protocol's canonical JSON; empty for a study without one.
    as_of : datetime
        When the newest of the data became known.
    """

    protocol_sha256: str
    as_of: dt.datetime


def to_datatree(fit: Fit, attributes: Mapping[str, str]) -> Any:
    """A posterior as an ArviZ DataTree with named dims: groups `posterior`, `observed_data` and `constant_data`.

    Returns
    -------
    xarray.DataTree
    """
    from arviz_base import from_dict

    shape = (fit.diagnostics.chains, fit.diagnostics.draws)
    posterior = {name: values.reshape(*shape, *values.shape[1:]) for name, values in fit.draws.items()}
    groups = {"posterior": posterior, **{name: dict(values) for name, values in fit.data.items() if values}}
    return from_dict(
        groups,
        coords={name: list(values) for name, values in fit.coords.items()},
        dims={name: list(values) for name, values in fit.dims.items()},
        attrs={"/": dict(attributes)},
    )


def save_fit(fit: Fit, path: Path, attributes: Mapping[str, str]) -> None:
    """Write a posterior to one file, replacing what is there; the file is whole or not there at all."""
    partial = path.with_name(f"{path.name}.partial")
    attributes = {
        **attributes,
        "diagnostics": json.dumps(fit.diagnostics.as_json()),
        "code_version": code_version(),
        **{f"version_of_{name}": metadata.version(name) for name in LIBRARIES},
    }
    # Zarr rewrites the root's metadata, which a zip file cannot: first a folder, then the file.
    with tempfile.TemporaryDirectory(dir=path.parent) as folder:
        to_datatree(fit, attributes).to_zarr(folder, consolidated=False)
        with zipfile.ZipFile(partial, "w") as archive:
            for path_in_store in sorted(Path(folder).rglob("*")):
                if path_in_store.is_file():
                    archive.write(path_in_store, path_in_store.relative_to(folder))
    partial.replace(path)


def load_fit(path: Path) -> tuple[Fit, dict[str, str]]:
    """Read a posterior and its attributes from a file that `save_fit` wrote."""
    import xarray as xr
    from zarr.storage import ZipStore

    store = ZipStore(path, mode="r")
    try:
        tree = xr.open_datatree(store, engine="zarr", consolidated=False).load()
    finally:
        store.close()
    posterior = tree["posterior"].dataset
    draws = {
        str(name): np.asarray(values).reshape(-1, *values.shape[2:])
        for name, values in posterior.data_vars.items()
    }
    groups = {name: node.dataset for name, node in tree.children.items()}
    data = {
        name: {str(variable): np.asarray(values) for variable, values in group.data_vars.items()}
        for name, group in groups.items()
        if name != "posterior"
    }
    dims = {
        str(name): tuple(str(dim) for dim in values.dims if dim not in ("chain", "draw"))
        for group in groups.values()
        for name, values in group.data_vars.items()
    }
    coords = {
        str(name): values.values.tolist()
        for group in groups.values()
        for name, values in group.coords.items()
        if name not in ("chain", "draw")
    }
    attributes = {str(name): str(value) for name, value in tree.attrs.items()}
    diagnostics: dict[str, Any] = {
        name: float("nan") if value is None else value
        for name, value in json.loads(attributes["diagnostics"]).items()
    }
    return Fit(draws, Diagnostics(**diagnostics), dims, coords, data), attributes


def save_posterior(model: RegressionModel, fit: Fit, path: Path, provenance: Provenance) -> None:
    """Write a model's posterior to a file that ArviZ opens, with the model's configuration and its provenance."""
    model_config = {name: prior.to_dict() for name, prior in model.model_config.items()}
    attributes = {
        "model": type(model).__name__,
        "model_config": json.dumps(model_config, sort_keys=True),
        "sampler_config": json.dumps(model.sampler_config, sort_keys=True),
        "protocol_sha256": provenance.protocol_sha256,
        "as_of": provenance.as_of.isoformat(),
    }
    save_fit(fit, path, attributes)


def load_posterior(model_type: type[RegressionModel], path: Path) -> tuple[Fit, dict[str, str]]:
    """Read a posterior of this type of model, and the file's attributes.

    Raises
    ------
    ValueError
        If another model wrote the file.
    """
    fit, attributes = load_fit(path)
    if attributes["model"] != model_type.__name__:
        msg = f"this is a posterior of {attributes['model']}"
        raise ValueError(msg)
    return fit, attributes


def store_posterior(store: ObjectStore, model: RegressionModel, fit: Fit, provenance: Provenance) -> str:
    """Put a posterior into the object store, and return its hash: rows that refer to it may be written from then on."""
    draws = {name: values for name, values in fit.draws.items() if name not in NOT_STORED}
    with tempfile.TemporaryDirectory() as folder:  # for its owner alone
        path = Path(folder) / FILE_NAME
        save_posterior(model, replace(fit, draws=draws), path, provenance)
        return store.put_file(path)


def fetch_posterior(store: ObjectStore, sha256: str) -> tuple[Fit, dict[str, str]]:
    """Read a posterior and its attributes from the object store.

    Raises
    ------
    NotFound
        If it is not there.
    """
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / FILE_NAME
        path.write_bytes(store.get(sha256))
        return load_fit(path)
