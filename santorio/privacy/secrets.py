"""Secrets of the installation: from a setting, else a file in the home that is made when it is first needed."""

import os
import secrets
import stat
import uuid
from contextlib import suppress
from pathlib import Path

from pydantic import SecretStr

from santorio.errors import ConfigError, file_errors

# RFC 7518, 3.2, for HS256, and what AES-256 takes: 256 bits.
SECRET_BYTES = 32


def secret_of(setting: SecretStr, name: str) -> bytes:
    """Return the secret that a setting holds.

    Raises
    ------
    ConfigError
        If it is shorter than 32 bytes.
    """
    return _long_enough(setting.get_secret_value().encode(), name)


def secret_in(path: Path, *, once_read: str) -> bytes:
    """Return the secret in a file that no other account of the machine may read.

    Parameters
    ----------
    path
        The file; it must be there.
    once_read
        What to do where others may have read it.

    Raises
    ------
    ConfigError
        If the secret is shorter than 32 bytes, or others may use its file.
    """
    with file_errors(path):
        if path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
            raise ConfigError(
                f"The key {path} may be used by others on this machine.",
                hint=f"Type `chmod 600 {path}`; if it may have been read, {once_read}.",
            )
        return _long_enough(path.read_bytes().strip(), str(path))


def make_secret(path: Path) -> None:
    """Write a random secret whole or not at all; of two processes that do it at once, the first one's stays."""
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
        with suppress(FileExistsError):
            path.hardlink_to(draft)
        keep_names(path.parent)
    finally:
        draft.unlink()


def keep_names(folder: Path) -> None:
    """Make the names in a folder survive a power cut."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _long_enough(key: bytes, name: str) -> bytes:
    if len(key) < SECRET_BYTES:
        raise ConfigError(
            f"{name} is shorter than {SECRET_BYTES} bytes.",
            hint="`openssl rand -base64 48` makes a good one.",
        )
    return key
