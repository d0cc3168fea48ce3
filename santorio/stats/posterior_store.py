"""Storing a posterior: an ArviZ DataTree in one file, with its provenance.

The file is a zipped zarr store: ArviZ and xarray write it with the libraries that the sampler needs anyway (netCDF with
groups would need one more), and it is one object for the object store.
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
from numpy.typing import NDArray

from santorio.arrays import FloatArray
from santorio.code_version import code_version
from santorio.stats.sampler import Diagnostics, Fit, RegressionModel
from santorio.storage.object_store import ObjectStore

LIBRARIES = ("arviz", "numpy", "nutpie", "pymc")
FILE_NAME = "posterior.zarr.zip"
# ArviZ's axes of every variable of a posterior.
SAMPLE_DIMS = frozenset({"chain", "draw"})
# The sampler's own coordinates, with padding: twice as large as all other variables, which are computed from them.
NOT_STORED = frozenset({"standard", "standard_path"})


@dataclass(frozen=True)
class Provenance:
    """The data and the protocol that a posterior was computed from.

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
    # ArviZ has an axis for chains and one for draws; `Fit` has the chains one after the other.
    posterior = {name: values.reshape(*shape, *values.shape[1:]) for name, values in fit.draws.items()}
    groups = {"posterior": posterior}
    for name, variables in fit.data.items():
        if variables:
            groups[name] = dict(variables)
    return from_dict(
        groups,
        coords={name: list(labels) for name, labels in fit.coords.items()},
        dims={name: list(axes) for name, axes in fit.dims.items()},
        attrs={"/": dict(attributes)},
    )


def save_fit(fit: Fit, path: Path, attributes: Mapping[str, str]) -> None:
    """Write a posterior to one file, replacing an older one; the file is complete or does not exist."""
    partial = path.with_name(f"{path.name}.partial")
    attributes = {
        **attributes,
        "diagnostics": json.dumps(fit.diagnostics.as_json()),
        "code_version": code_version(),
    }
    for name in LIBRARIES:
        attributes[f"version_of_{name}"] = metadata.version(name)
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
    draws: dict[str, FloatArray] = {}
    data: dict[str, dict[str, NDArray[Any]]] = {}
    dims: dict[str, tuple[str, ...]] = {}
    coords: dict[str, list[str | int]] = {}
    for group, node in tree.children.items():
        for name, values in node.dataset.data_vars.items():
            dims[name] = tuple(dim for dim in values.dims if dim not in SAMPLE_DIMS)
            if group == "posterior":
                draws[name] = np.asarray(values).reshape(-1, *values.shape[2:])
            else:
                data.setdefault(group, {})[name] = np.asarray(values)
        for name, labels in node.dataset.coords.items():
            if name not in SAMPLE_DIMS:
                coords[name] = labels.values.tolist()
    attributes = {str(name): str(value) for name, value in tree.attrs.items()}
    return Fit(draws, _parse_diagnostics(attributes["diagnostics"]), dims, coords, data), attributes


def _parse_diagnostics(text: str) -> Diagnostics:
    """Diagnostics from JSON, which has null where a number was not finite."""
    numbers = json.loads(text)
    for name, number in numbers.items():
        if number is None:
            numbers[name] = float("nan")
    return Diagnostics(**numbers)


def save_posterior(model: RegressionModel, fit: Fit, path: Path, provenance: Provenance) -> None:
    """Write a model's posterior to a file that ArviZ opens, with the model's configuration and its provenance.

    `load_posterior` reads it, and so does ``xarray.open_datatree(zarr.storage.ZipStore(path), engine="zarr")``.
    """
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
    with tempfile.TemporaryDirectory() as folder:  # which only its owner can read
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
