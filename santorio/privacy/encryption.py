"""Envelope encryption of what opens a person's accounts elsewhere.

Every person has a data key of their own, made at random. It seals the person's secrets, and is itself kept only
sealed ("wrapped") under the master key, which never enters the database: a copy of the database opens nothing,
and without its data key a person's secrets are gone for good. Both layers are AES-256-GCM (NIST SP 800-38D) with
a random nonce of 96 bits. The person and the purpose are bound in as associated data: what was sealed for one
person or purpose opens for no other.

The master key comes from `SANTORIO_MASTER_KEY`, else from a file in the home that is made on first use.
"""

import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Self
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from santorio.errors import ConfigError, StorageError
from santorio.privacy.secrets import make_secret, secret_in, secret_of
from santorio.settings import Settings

KEY_BYTES, NONCE_BYTES, KEY_ID_BYTES = 32, 12, 8
FORMAT = b"\x01"
ONCE_READ = "type `santorio rotate-key`, and change the passwords of the accounts connected"


class MasterKeyMissing(ConfigError):
    """Something is sealed under a master key that is not to be found."""

    code = "master_key_missing"


class SealBroken(StorageError):
    """What was sealed is damaged, or was sealed for another person or purpose."""

    code = "seal_broken"


@dataclass(frozen=True, slots=True)
class MasterKey:
    """The key that wraps data keys."""

    key: bytes = field(repr=False)

    @classmethod
    def of(cls, secret: bytes) -> Self:
        """Derive the key from a secret text of any length (HKDF-SHA256, RFC 5869)."""
        derivation = HKDF(algorithm=SHA256(), length=KEY_BYTES, salt=None, info=b"santorio master key 1")
        return cls(derivation.derive(secret))

    @property
    def key_id(self) -> bytes:
        """A name that tells keys apart and says nothing about them."""
        return sha256(b"santorio master key id" + self.key).digest()[:KEY_ID_BYTES]


@dataclass(frozen=True, slots=True)
class DataKey:
    """A person's own key, open."""

    user_id: UUID
    key: bytes = field(repr=False)

    def seal(self, purpose: str, plain: bytes) -> bytes:
        """Encrypt and authenticate, for this person and this purpose."""
        return FORMAT + _encrypt(self.key, plain, _bound(self.user_id, purpose))

    def unseal(self, purpose: str, sealed: bytes) -> bytes:
        """Decrypt what `seal` made.

        Raises
        ------
        SealBroken
            If it is not whole, or was sealed for another person or purpose.
        """
        if sealed[:1] != FORMAT:
            raise _broken()
        return _decrypt(self.key, sealed[1:], _bound(self.user_id, purpose))


def new_data_key(user_id: UUID) -> DataKey:
    """Make a data key at random."""
    return DataKey(user_id, AESGCM.generate_key(bit_length=8 * KEY_BYTES))


def wrap(master: MasterKey, data_key: DataKey) -> bytes:
    """Seal a data key under the master key."""
    bound = _bound(data_key.user_id, "data key") + master.key_id
    return FORMAT + master.key_id + _encrypt(master.key, data_key.key, bound)


def unwrap(masters: Sequence[MasterKey], user_id: UUID, wrapped: bytes) -> DataKey:
    """Open a wrapped data key with whichever master key sealed it.

    Raises
    ------
    MasterKeyMissing
        If none of them did.
    SealBroken
        If it is not whole, or another person's.
    """
    key_id, sealed = wrapped[1 : 1 + KEY_ID_BYTES], wrapped[1 + KEY_ID_BYTES :]
    if wrapped[:1] != FORMAT or len(key_id) < KEY_ID_BYTES:
        raise _broken()
    master = next((master for master in masters if master.key_id == key_id), None)
    if master is None:
        raise _missing(key_id, masters)
    return DataKey(user_id, _decrypt(master.key, sealed, _bound(user_id, "data key") + key_id))


def writing_key(settings: Settings) -> MasterKey:
    """Return the master key that seals what is new: the setting's, else the file's, made where there is none.

    Raises
    ------
    ConfigError
        If it is too short, or others may read its file.
    """
    if settings.master_key is not None:
        return MasterKey.of(secret_of(settings.master_key, "SANTORIO_MASTER_KEY"))
    make_secret(settings.master_key_path)
    return MasterKey.of(secret_in(settings.master_key_path, once_read=ONCE_READ))


def known_keys(settings: Settings) -> list[MasterKey]:
    """Return every master key there is, the writing one first. Makes none: a key made now opens nothing.

    Raises
    ------
    ConfigError
        If one is too short, or others may read its file.
    """
    named = (
        ("SANTORIO_MASTER_KEY", settings.master_key),
        ("SANTORIO_PREVIOUS_MASTER_KEY", settings.previous_master_key),
    )
    secrets = [secret_of(setting, name) for name, setting in named if setting is not None]
    # The next key's file is there only where a rotation was interrupted: some data keys may be under it already.
    files = [settings.master_key_path, settings.next_master_key_path]
    secrets += [secret_in(path, once_read=ONCE_READ) for path in files if path.exists()]
    return [MasterKey.of(secret) for secret in secrets]


def _encrypt(key: bytes, plain: bytes, bound: bytes) -> bytes:
    nonce = os.urandom(NONCE_BYTES)
    return nonce + AESGCM(key).encrypt(nonce, plain, bound)


def _decrypt(key: bytes, sealed: bytes, bound: bytes) -> bytes:
    try:
        return AESGCM(key).decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], bound)
    except (InvalidTag, ValueError):  # ValueError: shorter than a nonce
        raise _broken() from None


def _bound(user_id: UUID, purpose: str) -> bytes:
    return b"santorio 1 " + user_id.bytes + purpose.encode()


def _broken() -> SealBroken:
    return SealBroken(
        "A secret in the database is damaged, or was moved from elsewhere.",
        hint="Restore the database from a backup, or type `santorio connect garmin` to log in again.",
    )


def _missing(key_id: bytes, masters: Sequence[MasterKey]) -> MasterKeyMissing:
    there = ", ".join(master.key_id.hex() for master in masters)
    return MasterKeyMissing(
        f"A secret was sealed under the master key {key_id.hex()}, "
        + (f"and only {there} is there." if there else "and no master key is there."),
        hint=(
            "Bring back secrets/master.key from a backup of the home, or set SANTORIO_MASTER_KEY (or, after a "
            "change, SANTORIO_PREVIOUS_MASTER_KEY) to what it was. Without it, type `santorio disconnect garmin` "
            "and log in again."
        ),
    )
