"""What a run depended on, as one hash: its inputs, the code that computes, the libraries, the configuration."""

import functools
import hashlib
import json
from importlib import metadata
from pathlib import Path

import numpy as np

PACKAGE = Path(__file__).resolve().parents[1]
COMPUTING = (
    "trials",
    "stats",
    "analyses/effects",
    "analyses/cache_key.py",
    "analyses/run_store.py",
    "analyses/series.py",
    "metrics.py",
)
LIBRARIES = ("numpy", "scipy", "pymc", "nutpie", "arviz")


@functools.cache
def models_version(code: tuple[str, ...] = COMPUTING, libraries: tuple[str, ...] = LIBRARIES) -> str:
    """Hash of the sources that compute analyses and of the libraries' versions; an edited API changes nothing."""
    digest = hashlib.sha256()
    for part in code:
        root = PACKAGE / part
        for path in [root] if root.is_file() else sorted(root.rglob("*.py")):
            digest.update(str(path.relative_to(PACKAGE)).encode())
            digest.update(hashlib.sha256(path.read_bytes()).digest())
    for library in libraries:
        digest.update(f"{library}={metadata.version(library)}".encode())
    return digest.hexdigest()


def fingerprint(
    *inputs: object, code: tuple[str, ...] = COMPUTING, libraries: tuple[str, ...] = LIBRARIES
) -> str:
    """Sha256 of the inputs and of the code. Arrays count by shape and bytes, everything else by canonical JSON.

    Parameters
    ----------
    code, libraries
        Sources, below the package, and libraries that the result depends on; by default those of the fitted models.
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
