"""What is sealed opens for its person and purpose, under its master key, whole; and in no other case."""

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
    MasterKey,
    MasterKeyMissing,
    SealBroken,
    known_keys,
    new_data_key,
    unwrap,
    wrap,
    writing_key,
)
from santorio.settings import Settings

WHO, ANOTHER = uuid.UUID(int=1), uuid.UUID(int=2)
KEY, MASTER = new_data_key(WHO), MasterKey.of(b"m" * 32)
purposes = st.text(max_size=20)


@given(st.binary(), purposes)
def test_what_is_sealed_opens_again_and_never_looks_the_same(plain: bytes, purpose: str) -> None:
    sealed = KEY.seal(purpose, plain)
    assert KEY.unseal(purpose, sealed) == plain
    assert KEY.seal(purpose, plain) != sealed
    assert len(sealed) == len(plain) + 1 + 12 + 16


@given(st.binary(), purposes, purposes)
def test_a_seal_opens_for_no_other_purpose_or_person(plain: bytes, purpose: str, other: str) -> None:
    sealed = KEY.seal(purpose, plain)
    if other != purpose:
        with pytest.raises(SealBroken):
            KEY.unseal(other, sealed)
    with pytest.raises(SealBroken):
        type(KEY)(ANOTHER, KEY.key).unseal(purpose, sealed)


@given(st.binary(), st.data())
def test_one_bit_changed_or_one_byte_lost_and_it_does_not_open(plain: bytes, data: st.DataObject) -> None:
    for sealed, opened in (
        (KEY.seal("tokens", plain), lambda it: KEY.unseal("tokens", it)),
        (wrap(MASTER, KEY), lambda it: unwrap([MASTER], WHO, it)),
    ):
        position = data.draw(st.integers(0, 8 * len(sealed) - 1))
        changed = bytearray(sealed)
        changed[position // 8] ^= 1 << position % 8
        shorter = sealed[: data.draw(st.integers(0, len(sealed) - 1))]
        for broken in (bytes(changed), shorter):
            # A changed name of the master key is a master key that is not there.
            with pytest.raises((SealBroken, MasterKeyMissing)):
                opened(broken)


def test_a_wrapped_key_opens_under_its_master_key_for_its_person() -> None:
    assert unwrap([MasterKey.of(b"o" * 32), MASTER], WHO, wrap(MASTER, KEY)) == KEY
    with pytest.raises(SealBroken):
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
    assert known_keys(settings) == []
    key = writing_key(settings)
    path = settings.home / "secrets" / "master.key"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert [file.name for file in path.parent.iterdir()] == ["master.key"]
    assert writing_key(settings) == key
    assert known_keys(settings) == [key]


def test_looking_for_keys_makes_none(settings: Settings) -> None:
    assert known_keys(settings) == []
    assert not (settings.home / "secrets").exists()


def test_those_who_need_the_key_at_once_get_the_same(settings: Settings) -> None:
    together = Barrier(8)

    def key_id(_: int) -> bytes:
        together.wait()
        return writing_key(settings).key_id

    with ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(key_id, range(8)))) == 1


def test_the_setting_goes_before_the_file(settings: Settings) -> None:
    in_file = writing_key(settings)
    with_setting = settings.model_copy(update={"master_key": SecretStr("s" * 40)})
    assert writing_key(with_setting) == MasterKey.of(b"s" * 40)
    assert known_keys(with_setting) == [MasterKey.of(b"s" * 40), in_file]


def test_a_key_that_others_may_read_is_refused(settings: Settings) -> None:
    writing_key(settings)
    (settings.home / "secrets" / "master.key").chmod(0o640)
    for keys in (writing_key, known_keys):
        with pytest.raises(ConfigError, match="chmod 600"):
            keys(settings)


def test_a_short_key_is_refused_and_not_shown(settings: Settings) -> None:
    with pytest.raises(ConfigError, match="SANTORIO_MASTER_KEY is shorter") as caught:
        writing_key(settings.model_copy(update={"master_key": SecretStr("hunter2")}))
    assert "hunter2" not in str(caught.value)
