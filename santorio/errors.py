"""One hierarchy of errors: each has a stable code and a sentence that says what the person can do.

No message carries a secret or a health value.
"""

import errno
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path


class SantorioError(Exception):
    """Anything that Santorio refuses or cannot do.

    Parameters
    ----------
    message
        What went wrong, in a sentence.
    hint
        What the person can do about it.
    details
        Plain data for programs; never a secret, never a health value.
    """

    code = "santorio_error"

    def __init__(self, message: str, *, hint: str = "", details: Mapping[str, object] | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.details = dict(details or {})

    def __str__(self) -> str:
        return f"{self.message} {self.hint}".strip()


class SourceError(SantorioError):
    """A source outside could not be read."""

    code = "source_error"


class GarminAuthError(SourceError):
    """Garmin refused the login."""

    code = "garmin_auth"


class GarminRateLimited(SourceError):
    """Garmin asked us to slow down."""

    code = "garmin_rate_limited"


class GarminUnavailable(SourceError):
    """Garmin did not answer."""

    code = "garmin_unavailable"


class DataError(SantorioError):
    """The data itself does not allow it."""

    code = "data_error"


class RejectedRecord(DataError):
    """A record does not parse; it is kept aside, never dropped."""

    code = "rejected_record"


class NotEnoughData(DataError):
    """There is too little data for an answer; a state, not a fault."""

    code = "not_enough_data"


class NotFound(DataError):
    """What was asked for does not exist."""

    code = "not_found"


class StorageError(SantorioError):
    """The database or the object store failed."""

    code = "storage_error"


class DatabaseBusy(StorageError):
    """Another program holds the data folder."""

    code = "database_busy"


class DatabaseUnavailable(StorageError):
    """The database does not answer."""

    code = "database_unavailable"


class DiskFull(StorageError):
    """No space is left."""

    code = "disk_full"


class NewerSchema(StorageError):
    """The data folder was written by a newer Santorio."""

    code = "newer_schema"


class NotWritable(StorageError):
    """The data folder may not be written."""

    code = "not_writable"


class ConfigError(SantorioError):
    """A setting is missing or wrong."""

    code = "config_error"


def disk_full(place: Path) -> DiskFull:
    """Say that no space is left where a file or folder should be written."""
    return DiskFull(
        f"The disk that holds {place} is full.", hint="Free some space and run it again: nothing is lost."
    )


@contextmanager
def file_errors(place: Path) -> Iterator[None]:
    """Turn what the operating system refuses around a file or folder into what a person can do."""
    try:
        yield
    except OSError as error:
        if error.errno in {errno.ENOSPC, errno.EDQUOT}:
            raise disk_full(place) from error
        if error.errno in {errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOTDIR, errno.EEXIST}:
            raise NotWritable(
                f"{place} may not be written.",
                hint="Give yourself the right to, or set SANTORIO_HOME to another folder.",
            ) from error
        raise


@contextmanager
def output_errors(place: Path) -> Iterator[None]:
    """Turn what the operating system refuses around a file that the person named into what they can do."""
    try:
        with file_errors(place):
            yield
    except FileNotFoundError as error:
        raise NotWritable(
            f"{place} cannot be written: its folder is not there.", hint="Make the folder, or name another."
        ) from error
    except IsADirectoryError as error:
        raise NotWritable(f"{place} is a folder.", hint="Name a file in it.") from error
