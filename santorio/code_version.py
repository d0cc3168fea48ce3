"""Which code produced a number: the package's version and a hash of the sources that compute."""

import functools
import hashlib
from importlib import metadata
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
COMPUTING = ("santorio", "assets", "dbt_project/models", "dbt_project/macros", "dbt_project/seeds")


@functools.cache
def code_version() -> str:
    """Version and short source hash, such as `0.1.0+3f2a91c0`: equal exactly when the code is equal."""
    digest = hashlib.sha256()
    for folder in COMPUTING:
        for path in sorted((ROOT / folder).rglob("*")):
            if path.suffix in {".py", ".sql", ".csv", ".yaml"}:
                digest.update(str(path.relative_to(ROOT)).encode())
                digest.update(hashlib.sha256(path.read_bytes()).digest())
    return f"{metadata.version('santorio')}+{digest.hexdigest()[:8]}"
