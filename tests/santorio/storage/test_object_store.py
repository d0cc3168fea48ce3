"""Originals come back as they were, from a folder and from a real S3 over HTTP."""

import hashlib
import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from santorio.errors import NotFound, NotWritable, StorageError
from santorio.settings import Settings
from santorio.storage.object_store import FolderStore, ObjectStore, S3Store, open_object_store

DATA = b"\x0e\x10 a FIT file, say"
SHA256 = hashlib.sha256(DATA).hexdigest()


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def bucket(endpoint: str, monkeypatch: pytest.MonkeyPatch) -> S3Store:
    for name, value in (("ACCESS_KEY_ID", "x"), ("SECRET_ACCESS_KEY", "x"), ("DEFAULT_REGION", "us-east-1")):
        monkeypatch.setenv(f"AWS_{name}", value)
    store = open_object_store(Settings(object_store="s3://originals/of/me", s3_endpoint_url=endpoint))
    assert isinstance(store, S3Store)
    store.client.create_bucket(Bucket="originals")
    return store


@pytest.fixture
def folder(home: Path) -> FolderStore:
    store = open_object_store(Settings(home=home))
    assert isinstance(store, FolderStore)
    return store


@pytest.fixture(params=["folder", "bucket"])
def either(request: pytest.FixtureRequest) -> ObjectStore:
    store: ObjectStore = request.getfixturevalue(request.param)
    return store


def test_bytes_come_back_under_their_hash(either: ObjectStore) -> None:
    assert either.put(DATA) == SHA256
    assert either.get(SHA256) == DATA
    assert either.exists(SHA256)


def test_an_empty_object_is_kept_too(either: ObjectStore) -> None:
    assert either.get(either.put(b"")) == b""


def test_what_is_not_there_is_not_found(either: ObjectStore) -> None:
    absent = "0" * 64
    assert not either.exists(absent)
    with pytest.raises(NotFound):
        either.get(absent)


@pytest.mark.parametrize("name", ["../../etc/passwd", SHA256.upper(), "", f"{SHA256}/.."])
def test_only_a_hash_is_a_name(either: ObjectStore, name: str) -> None:
    with pytest.raises(NotFound):
        either.get(name)


def test_the_same_bytes_are_kept_once(folder: FolderStore) -> None:
    folder.put(DATA)
    before = files(folder)
    folder.put(DATA)
    assert files(folder) == before
    assert len(before) == 1


def files(store: FolderStore) -> list[tuple[Path, int]]:
    return [(path, path.stat().st_ino) for path in store.folder.rglob("*") if path.is_file()]


def test_nobody_else_can_read_the_folder(folder: FolderStore) -> None:
    folder.put(DATA)
    modes = {
        (path.is_dir(), stat.S_IMODE(path.stat().st_mode))
        for path in (folder.folder, *folder.folder.rglob("*"))
    }
    assert modes == {(True, 0o700), (False, 0o600)}


def test_damage_is_noticed_and_mended_by_keeping_the_bytes_again(folder: FolderStore) -> None:
    folder.put(DATA)
    path, _ = files(folder)[0]
    path.write_bytes(DATA[:5])
    with pytest.raises(StorageError, match="damaged"):
        folder.get(SHA256)
    folder.put(DATA)
    assert folder.get(SHA256) == DATA


def test_a_file_in_the_folders_place_is_said_to_be_not_writable(home: Path) -> None:
    (home / "objects").write_text("")
    with pytest.raises(NotWritable, match="objects"):
        FolderStore(home / "objects").put(DATA)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_that_may_not_be_written_is_said_to_be_so(home: Path) -> None:
    home.chmod(0o500)
    with pytest.raises(NotWritable):
        FolderStore(home / "objects").put(DATA)


def test_a_bucket_keeps_the_same_bytes_once_below_its_prefix(bucket: S3Store) -> None:
    for _ in range(2):
        bucket.put(DATA)
    keys = [item["Key"] for item in bucket.client.list_objects_v2(Bucket="originals")["Contents"]]
    assert keys.count(f"of/me/{SHA256[:2]}/{SHA256}") == 1


def test_a_bucket_that_does_not_exist_is_an_error_that_names_no_secret(bucket: S3Store) -> None:
    with pytest.raises(StorageError, match="NoSuchBucket"):
        S3Store("nowhere", endpoint_url=bucket.endpoint_url).put(DATA)


def test_an_endpoint_that_does_not_answer_is_a_storage_error(
    bucket: S3Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    with pytest.raises(StorageError, match="SANTORIO_S3_ENDPOINT_URL"):
        S3Store("originals", endpoint_url="http://127.0.0.1:1").put(DATA)
