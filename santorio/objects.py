"""The object store: originals under the hash of their content, in a folder or on S3."""

import contextlib
import errno
import hashlib
import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from santorio.errors import ConfigError, DiskFull, NotFound, NotWritable, StorageError
from santorio.settings import Settings

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


class ObjectStore(Protocol):
    """Keeps bytes under their SHA-256 (64 hexadecimal digits); the same bytes are kept once."""

    def put(self, data: bytes) -> str:
        """Keep the bytes and return their hash; durable when it returns."""

    def get(self, sha256: str) -> bytes:
        """Return the bytes; raises NotFound where there are none, StorageError where they are damaged."""

    def exists(self, sha256: str) -> bool:
        """Whether bytes of this hash are kept."""


def _verified(data: bytes, sha256: str) -> bytes:
    if hashlib.sha256(data).hexdigest() != sha256:
        raise StorageError(
            f"The original {sha256[:12]}… is damaged.", hint="Restore it from a backup, or import the file again."
        )
    return data


def _missing(sha256: str) -> NotFound:
    return NotFound(f"The original {sha256[:12]}… is not in the object store.", hint="Restore it from a backup.")


class FolderStore:
    """A folder; objects lie in 256 subfolders, readable by their owner alone."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def put(self, data: bytes) -> str:
        """Write beside, flush to disk, then rename: a crash leaves the whole object or none."""
        sha256 = hashlib.sha256(data).hexdigest()
        path = self._path(sha256)
        if path.exists():
            return sha256
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._write(path, data)
        except OSError as error:
            raise _folder_error(error, self.folder) from error
        return sha256

    def _write(self, path: Path, data: bytes) -> None:
        descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=".part-")  # mode 0600
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            Path(name).replace(path)
        except BaseException:
            with contextlib.suppress(FileNotFoundError):
                Path(name).unlink()
            raise
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)

    def get(self, sha256: str) -> bytes:
        """Read and verify."""
        try:
            return _verified(self._path(sha256).read_bytes(), sha256)
        except FileNotFoundError:
            raise _missing(sha256) from None

    def exists(self, sha256: str) -> bool:
        """Whether the file is there."""
        return self._path(sha256).exists()

    def _path(self, sha256: str) -> Path:
        return self.folder / sha256[:2] / sha256


def _folder_error(error: OSError, folder: Path) -> StorageError:
    if error.errno in {errno.ENOSPC, errno.EDQUOT}:
        return DiskFull(f"There is no space left for {folder}.", hint="Free some space and run it again.")
    return NotWritable(f"{folder} may not be written.", hint="Give yourself the right to, or set SANTORIO_HOME.")


class S3Store:
    """A bucket of any S3; credentials come from the environment, as boto3 reads them."""

    def __init__(self, bucket: str, prefix: str = "", endpoint_url: str | None = None) -> None:
        self.bucket = bucket
        self.prefix = prefix.strip("/")
        self.endpoint_url = endpoint_url
        self._client: S3Client | None = None

    @property
    def client(self) -> "S3Client":
        """The client, made when it is first needed: boto3 is slow to import."""
        if self._client is None:
            import boto3

            self._client = boto3.client("s3", endpoint_url=self.endpoint_url)
        return self._client

    def put(self, data: bytes) -> str:
        """Upload unless it is there."""
        sha256 = hashlib.sha256(data).hexdigest()
        if not self.exists(sha256):
            self.client.put_object(Bucket=self.bucket, Key=self._key(sha256), Body=data)
        return sha256

    def get(self, sha256: str) -> bytes:
        """Download and verify."""
        try:
            answer = self.client.get_object(Bucket=self.bucket, Key=self._key(sha256))
        except self.client.exceptions.NoSuchKey:
            raise _missing(sha256) from None
        return _verified(answer["Body"].read(), sha256)

    def exists(self, sha256: str) -> bool:
        """Ask for the head alone."""
        from botocore.exceptions import ClientError

        try:
            self.client.head_object(Bucket=self.bucket, Key=self._key(sha256))
        except ClientError as error:
            if error.response.get("ResponseMetadata", {}).get("HTTPStatusCode") == 404:
                return False
            code = error.response.get("Error", {}).get("Code", "unknown")
            raise StorageError(
                f"S3 refused: {code}.", hint="Check the bucket's name and the credentials in the environment."
            ) from None
        return True

    def _key(self, sha256: str) -> str:
        return "/".join(filter(None, (self.prefix, sha256[:2], sha256)))


def open_object_store(settings: Settings) -> ObjectStore:
    """Open the store that the settings name.

    Raises
    ------
    ConfigError
        If the address is not of the form s3://bucket/prefix.
    """
    if settings.object_store is None:
        return FolderStore(settings.objects_path)
    scheme, _, rest = settings.object_store.partition("://")
    bucket, _, prefix = rest.partition("/")
    if scheme != "s3" or not bucket:
        raise ConfigError("SANTORIO_OBJECT_STORE is not an S3 address.", hint="Write it as s3://bucket/prefix.")
    return S3Store(bucket, prefix, settings.s3_endpoint_url)
