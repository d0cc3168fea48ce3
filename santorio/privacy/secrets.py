"""Secrets of the installation: from a setting, otherwise from a file in the data directory, created on first use."""

import os
import secrets
import stat
import uuid
from contextlib import suppress
from pathlib import Path

from pydantic import SecretStr

from santorio.errors import ConfigError, file_errors

# 256 bits: the minimum for HS256 (RFC 7518, section 3.2), and the key size of AES-256.
SECRET_BYTES = 32


def load_secret(setting: SecretStr, name: str) -> bytes:
    """Return the secret in a setting.

    Raises
    ------
    ConfigError
        If it is shorter than 32 bytes.
    """
    return _long_enough(setting.get_secret_value().encode(), name)


def read_secret_file(path: Path, *, if_exposed: str) -> bytes:
    """Return the secret in a file that only its owner can read.

    Parameters
    ----------
    path
        The file; it must exist.
    if_exposed
        What to do if others may have read it.

    Raises
    ------
    ConfigError
        If the secret is shorter than 32 bytes, or other accounts of the machine have access to its file.
    """
    with file_errors(path):
        if path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
            raise ConfigError(
                f"Other accounts of this machine have access to the key {path}.",
                hint=f"Type `chmod 600 {path}`; if others may have read it, {if_exposed}.",
            )
        return _long_enough(path.read_bytes().strip(), str(path))


def create_secret(path: Path) -> None:
    """Create a file with a random secret, atomically; if two processes do so at once, the first one wins."""
    with file_errors(path):
        if not path.exists():
            _write(path)


def _write(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    draft = path.with_name(f".{path.name}.{uuid.uuid4().hex}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "w") as file:
            file.write(secrets.token_urlsafe(48))
            file.flush()
            os.fsync(file.fileno())
        # Unlike a rename, a link fails if another process has created the file.
        with suppress(FileExistsError):
            path.hardlink_to(draft)
        fsync_directory(path.parent)
    finally:
        draft.unlink()


def fsync_directory(folder: Path) -> None:
    """Make the entries of a folder durable: they survive a power failure."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _long_enough(key: bytes, name: str) -> bytes:
    if len(key) < SECRET_BYTES:
        raise ConfigError(
            f"{name} is shorter than {SECRET_BYTES} bytes.",
            hint="`openssl rand -base64 48` prints a good one.",
        )
    return key
