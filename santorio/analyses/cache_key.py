"""The cache key of a run: one hash of its inputs, the code that computes, the library versions, the configuration."""

import functools
import hashlib
import json
from importlib import metadata
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[2]
# Sources that every analysis depends on: reading of days, storage of results, the registry of metrics.
SHARED = (
    "santorio/analyses/cache_key.py",
    "santorio/analyses/run_store.py",
    "santorio/analyses/series.py",
    "santorio/metrics.py",
    "dbt_project/seeds/metrics.csv",
)
CODE_PATHS = (*SHARED, "santorio/trials", "santorio/stats", "santorio/analyses/effects")
LIBRARIES = ("numpy", "scipy", "pymc", "nutpie", "arviz")


@functools.cache
def models_version(code: tuple[str, ...] = CODE_PATHS, libraries: tuple[str, ...] = LIBRARIES) -> str:
    """Hash of the sources that compute analyses and of the library versions; editing the API changes nothing."""
    digest = hashlib.sha256()
    for part in code:
        for path in _sources(part):
            digest.update(str(path.relative_to(ROOT)).encode())
            digest.update(hashlib.sha256(path.read_bytes()).digest())
    for library in libraries:
        digest.update(f"{library}={metadata.version(library)}".encode())
    return digest.hexdigest()


def _sources(part: str) -> list[Path]:
    """The source files at a path below the repository's root: a file, or all modules of a folder."""
    root = ROOT / part
    if root.is_file():
        return [root]
    paths = sorted(root.rglob("*.py"))
    if not paths:
        msg = f"no source at {part}: results would not depend on it"
        raise FileNotFoundError(msg)
    return paths


def cache_key(
    *inputs: object, code: tuple[str, ...] = CODE_PATHS, libraries: tuple[str, ...] = LIBRARIES
) -> str:
    """Sha256 of the inputs and of the code. Arrays count by shape and bytes, everything else by canonical JSON.

    Parameters
    ----------
    code, libraries
        Sources, below the repository's root, and libraries that the result depends on; by default those of the fitted
        models.
    """
    digest = hashlib.sha256(models_version(code, libraries).encode())
    for value in inputs:
        if isinstance(value, np.ndarray):
            digest.update(f"{value.dtype}{value.shape}".encode())
            digest.update(np.ascontiguousarray(value).tobytes())
        else:
            digest.update(json.dumps(value, sort_keys=True, default=str).encode())
        digest.update(b"\0")
    return digest.hexdigest()
