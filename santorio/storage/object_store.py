"""The object store: original files by the hash of their content, in a folder or on S3."""

import contextlib
import functools
import hashlib
import io
import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO, TYPE_CHECKING, Protocol

from santorio.errors import NotFound, StorageError, file_errors
from santorio.settings import Settings

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_SHA256 = re.compile("[0-9a-f]{64}")
CHUNK_BYTES = 2**20


class ObjectStore(Protocol):
    """Stores bytes by their SHA-256 (64 hexadecimal digits); the same bytes are stored once."""

    def put(self, data: bytes) -> str:
        """Store the bytes and return their hash; durable when it returns."""

    def put_file(self, path: Path) -> str:
        """Store a file of any size, without reading it into memory, and return its hash."""

    def get(self, sha256: str) -> bytes:
        """Return the bytes.

        Raises
        ------
        NotFound
            If there are no bytes with this hash.
        StorageError
            If they are damaged.
        """

    def exists(self, sha256: str) -> bool:
        """Whether bytes with this hash are stored."""


def file_sha256(path: Path) -> str:
    """Hash a file without reading it into memory."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _verified(data: bytes, sha256: str) -> bytes:
    if hashlib.sha256(data).hexdigest() != sha256:
        raise StorageError(
            f"The original {sha256[:12]}… is damaged.",
            hint="Restore it from a backup, or import the file again.",
        )
    return data


def _missing(sha256: str) -> NotFound:
    return NotFound(
        f"The original {sha256[:12]}… is not in the object store.", hint="Restore it from a backup."
    )


class FolderStore:
    """A folder with the objects in 256 subfolders, readable by their owner alone."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def put(self, data: bytes) -> str:
        """Write to a temporary file, flush to disk, then rename: a crash leaves the complete object or none.

        An object that is damaged on the disk is replaced.
        """
        sha256 = hashlib.sha256(data).hexdigest()
        path = self._path(sha256)
        with file_errors(self.folder):
            if path.exists() and path.read_bytes() == data:
                return sha256
            for folder in (self.folder, path.parent):
                # Only the last folder that `mkdir` makes gets the mode.
                folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._write(path, io.BytesIO(data))
        return sha256

    def put_file(self, path: Path) -> str:
        """Copy to a temporary file, flush to disk, then rename. A file that is stored already is only read."""
        sha256 = file_sha256(path)
        stored = self._path(sha256)
        with file_errors(self.folder):
            if stored.exists() and stored.stat().st_size == path.stat().st_size:
                return sha256
            for folder in (self.folder, stored.parent):
                folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            with path.open("rb") as source:
                self._write(stored, source)
        # The file may have changed between hashing and copying.
        if file_sha256(stored) != sha256:
            stored.unlink()
            raise StorageError(f"{path.name} changed while it was stored.", hint="Import it again.")
        return sha256

    def _write(self, path: Path, source: IO[bytes]) -> None:
        descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=".part-")  # mode 0600
        try:
            with os.fdopen(descriptor, "wb") as file:
                shutil.copyfileobj(source, file, CHUNK_BYTES)
                file.flush()
                os.fsync(file.fileno())
            Path(name).replace(path)
        except BaseException:
            with contextlib.suppress(FileNotFoundError):
                Path(name).unlink()
            raise
        # A rename is durable once the folder is flushed; the name of a new subfolder is in the folder above it.
        _flush_names(path.parent)
        _flush_names(self.folder)

    def get(self, sha256: str) -> bytes:
        """Read and verify."""
        try:
            with file_errors(self.folder):
                return _verified(self._path(sha256).read_bytes(), sha256)
        except FileNotFoundError:
            raise _missing(sha256) from None

    def exists(self, sha256: str) -> bool:
        """Whether the file is there."""
        return self._path(sha256).exists()

    def _path(self, sha256: str) -> Path:
        _check_is_hash(sha256)
        return self.folder / sha256[:2] / sha256


def _check_is_hash(sha256: str) -> None:
    """Check a hash before it becomes a path or a key: any other text could lead out of the folder."""
    if _SHA256.fullmatch(sha256) is None:
        raise _missing(sha256)


def _flush_names(folder: Path) -> None:
    """Flush the entries of a folder to disk."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


class S3Store:
    """A bucket of any S3; credentials come from the environment, as boto3 reads them."""

    def __init__(self, bucket: str, prefix: str = "", endpoint_url: str | None = None) -> None:
        self.bucket = bucket
        self.prefix = prefix.strip("/")
        self.endpoint_url = endpoint_url

    @functools.cached_property
    def client(self) -> "S3Client":
        """The client, created on first use: boto3 is slow to import."""
        import boto3
        from botocore.config import Config

        # Not all stores other than AWS's support the checksums that botocore has added since 1.36. An object's name is
        # its checksum anyway.
        config = Config(
            request_checksum_calculation="when_required",
            response_checksum_validation="when_required",
            retries={"mode": "standard"},
        )
        return boto3.client("s3", endpoint_url=self.endpoint_url, config=config)

    def put(self, data: bytes) -> str:
        """Upload the bytes unless they are there."""
        sha256 = hashlib.sha256(data).hexdigest()
        if not self.exists(sha256):
            with self._errors(sha256):
                self.client.put_object(Bucket=self.bucket, Key=self._key(sha256), Body=data)
        return sha256

    def put_file(self, path: Path) -> str:
        """Upload the file in parts unless it is there."""
        sha256 = file_sha256(path)
        if not self.exists(sha256):
            with self._errors(sha256), path.open("rb") as source:
                self.client.upload_fileobj(source, self.bucket, self._key(sha256))
        return sha256

    def get(self, sha256: str) -> bytes:
        """Download and verify."""
        with self._errors(sha256):
            response = self.client.get_object(Bucket=self.bucket, Key=self._key(sha256))
            return _verified(response["Body"].read(), sha256)

    def exists(self, sha256: str) -> bool:
        """Whether the object is there; requests its head only."""
        try:
            with self._errors(sha256):
                self.client.head_object(Bucket=self.bucket, Key=self._key(sha256))
        except NotFound:
            return False
        return True

    @contextlib.contextmanager
    def _errors(self, sha256: str) -> Iterator[None]:
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            yield
        except ClientError as error:
            code = error.response.get("Error", {}).get("Code", "unknown")
            if code in {"404", "NoSuchKey", "NotFound"}:
                raise _missing(sha256) from None
            raise StorageError(
                f"S3 refused: {code}.", hint="Check the bucket's name and the credentials in the environment."
            ) from None
        except BotoCoreError as error:
            raise StorageError(
                f"S3 cannot be used: {type(error).__name__}.",
                hint="Check SANTORIO_S3_ENDPOINT_URL and the credentials in the environment.",
            ) from None

    def _key(self, sha256: str) -> str:
        _check_is_hash(sha256)
        return "/".join(filter(None, (self.prefix, sha256[:2], sha256)))


def open_object_store(settings: Settings) -> ObjectStore:
    """Open the object store that the settings name."""
    if settings.object_store is None:
        return FolderStore(settings.objects_path)
    bucket, _, prefix = settings.object_store.removeprefix("s3://").partition("/")
    return S3Store(bucket, prefix, settings.s3_endpoint_url)
