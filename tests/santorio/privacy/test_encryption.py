"""A ciphertext decrypts for its person and purpose, with its master key, undamaged; and in no other case."""

import stat
import uuid
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from santorio.errors import ConfigError
from santorio.privacy.encryption import (
    DecryptionError,
    MasterKey,
    MasterKeyMissing,
    active_master_key,
    available_master_keys,
    new_data_key,
    unwrap,
    wrap,
)
from santorio.settings import Settings

WHO, ANOTHER = uuid.UUID(int=1), uuid.UUID(int=2)
KEY, MASTER = new_data_key(WHO), MasterKey.of(b"m" * 32)
purposes = st.text(max_size=20)


@given(st.binary(), purposes)
def test_a_ciphertext_decrypts_and_never_repeats(plain: bytes, purpose: str) -> None:
    encrypted = KEY.encrypt(purpose, plain)
    assert KEY.decrypt(purpose, encrypted) == plain
    assert KEY.encrypt(purpose, plain) != encrypted
    assert len(encrypted) == len(plain) + 1 + 12 + 16


@given(st.binary(), purposes, purposes)
def test_a_seal_opens_for_no_other_purpose_or_person(plain: bytes, purpose: str, other: str) -> None:
    encrypted = KEY.encrypt(purpose, plain)
    if other != purpose:
        with pytest.raises(DecryptionError):
            KEY.decrypt(other, encrypted)
    with pytest.raises(DecryptionError):
        type(KEY)(ANOTHER, KEY.key).decrypt(purpose, encrypted)


@given(st.binary(), st.data())
def test_one_bit_changed_or_one_byte_lost_and_it_does_not_open(plain: bytes, data: st.DataObject) -> None:
    for encrypted, opened in (
        (KEY.encrypt("tokens", plain), lambda it: KEY.decrypt("tokens", it)),
        (wrap(MASTER, KEY), lambda it: unwrap([MASTER], WHO, it)),
    ):
        position = data.draw(st.integers(0, 8 * len(encrypted) - 1))
        changed = bytearray(encrypted)
        changed[position // 8] ^= 1 << position % 8
        shorter = encrypted[: data.draw(st.integers(0, len(encrypted) - 1))]
        for broken in (bytes(changed), shorter):
            # A changed name of the master key is a master key that is not there.
            with pytest.raises((DecryptionError, MasterKeyMissing)):
                opened(broken)


def test_a_wrapped_key_opens_under_its_master_key_for_its_person() -> None:
    assert unwrap([MasterKey.of(b"o" * 32), MASTER], WHO, wrap(MASTER, KEY)) == KEY
    with pytest.raises(DecryptionError):
        unwrap([MASTER], ANOTHER, wrap(MASTER, KEY))


def test_people_have_keys_of_their_own() -> None:
    assert new_data_key(WHO).key != new_data_key(WHO).key
    assert len(KEY.key) == 32


def test_under_a_wrong_master_key_the_error_tells_the_keys_apart_and_shows_neither() -> None:
    wrong = MasterKey.of(b"w" * 32)
    with pytest.raises(MasterKeyMissing, match="SANTORIO_MASTER_KEY") as caught:
        unwrap([wrong], WHO, wrap(MASTER, KEY))
    assert MASTER.key_id.hex() in str(caught.value)
    assert wrong.key_id.hex() in str(caught.value)
    for key in (MASTER.key, wrong.key, KEY.key):
        assert key.hex() not in str(caught.value)


def test_no_key_shows_in_a_representation() -> None:
    for key in (MASTER, KEY):
        assert repr(key.key) not in repr(key)
        assert key.key.hex() not in repr(key)


def test_the_key_file_is_made_on_first_use_for_our_eyes_only_and_stays(settings: Settings) -> None:
    assert available_master_keys(settings) == []
    key = active_master_key(settings)
    path = settings.home / "secrets" / "master.key"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert [file.name for file in path.parent.iterdir()] == ["master.key"]
    assert active_master_key(settings) == key
    assert available_master_keys(settings) == [key]


def test_looking_for_keys_makes_none(settings: Settings) -> None:
    assert available_master_keys(settings) == []
    assert not (settings.home / "secrets").exists()


def test_those_who_need_the_key_at_once_get_the_same(settings: Settings) -> None:
    together = Barrier(8)

    def key_id(_: int) -> bytes:
        together.wait()
        return active_master_key(settings).key_id

    with ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(key_id, range(8)))) == 1


def test_the_setting_goes_before_the_file(settings: Settings) -> None:
    in_file = active_master_key(settings)
    with_setting = settings.model_copy(update={"master_key": SecretStr("s" * 40)})
    assert active_master_key(with_setting) == MasterKey.of(b"s" * 40)
    assert available_master_keys(with_setting) == [MasterKey.of(b"s" * 40), in_file]


def test_a_key_that_others_may_read_is_refused(settings: Settings) -> None:
    active_master_key(settings)
    (settings.home / "secrets" / "master.key").chmod(0o640)
    for keys in (active_master_key, available_master_keys):
        with pytest.raises(ConfigError, match="chmod 600"):
            keys(settings)


def test_a_short_key_is_refused_and_not_shown(settings: Settings) -> None:
    with pytest.raises(ConfigError, match="SANTORIO_MASTER_KEY is shorter") as caught:
        active_master_key(settings.model_copy(update={"master_key": SecretStr("hunter2")}))
    assert "hunter2" not in str(caught.value)
