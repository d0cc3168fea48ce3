"""Envelope encryption of the credentials of a person's external accounts.

Each person has a random data key, which encrypts their secrets. The data key is stored only encrypted ("wrapped") with
the master key, and the master key is never in the database. So a copy of the database decrypts nothing, and without
its data key a person's secrets are lost for good.

Both layers are AES-256-GCM (NIST SP 800-38D) with a random nonce of 96 bits. The person and the purpose are associated
data: a ciphertext of one person or purpose does not decrypt for another.

The master key comes from `SANTORIO_MASTER_KEY`, otherwise from a file in the data directory, created on first use.
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
from santorio.privacy.secrets import create_secret, load_secret, read_secret_file
from santorio.settings import Settings

KEY_BYTES, NONCE_BYTES, KEY_ID_BYTES = 32, 12, 8
# The first byte of every ciphertext: another algorithm would get another number.
FORMAT = b"\x01"
COMPROMISED_KEY_HINT = "type `santorio rotate-key`, and change the passwords of the connected accounts"


class MasterKeyMissing(ConfigError):
    """A secret is encrypted with a master key that is not available."""

    code = "master_key_missing"


class DecryptionError(StorageError):
    """A ciphertext is damaged, or belongs to another person or purpose."""

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
        """An identifier that reveals nothing about the key."""
        return sha256(b"santorio master key id" + self.key).digest()[:KEY_ID_BYTES]


@dataclass(frozen=True, slots=True)
class DataKey:
    """A person's data key, unwrapped."""

    user_id: UUID
    key: bytes = field(repr=False)

    def encrypt(self, purpose: str, plain: bytes) -> bytes:
        """Encrypt and authenticate for this person and one purpose."""
        return FORMAT + _encrypt(self.key, plain, _associated_data(self.user_id, purpose))

    def decrypt(self, purpose: str, encrypted: bytes) -> bytes:
        """Decrypt the output of `encrypt`.

        Raises
        ------
        DecryptionError
            If it is damaged, or belongs to another person or purpose.
        """
        if encrypted[:1] != FORMAT:
            raise _broken()
        return _decrypt(self.key, encrypted[1:], _associated_data(self.user_id, purpose))


def new_data_key(user_id: UUID) -> DataKey:
    """Create a random data key."""
    return DataKey(user_id, AESGCM.generate_key(bit_length=8 * KEY_BYTES))


def wrap(master: MasterKey, data_key: DataKey) -> bytes:
    """Encrypt a data key with the master key."""
    # The id of the master key is authenticated too: it cannot be exchanged for another.
    associated = _associated_data(data_key.user_id, "data key") + master.key_id
    return FORMAT + master.key_id + _encrypt(master.key, data_key.key, associated)


def unwrap(masters: Sequence[MasterKey], user_id: UUID, wrapped: bytes) -> DataKey:
    """Decrypt a data key with the master key that wrapped it.

    Raises
    ------
    MasterKeyMissing
        If that master key is not among them.
    DecryptionError
        If it is damaged, or belongs to another person.
    """
    key_id, encrypted = wrapped[1 : 1 + KEY_ID_BYTES], wrapped[1 + KEY_ID_BYTES :]
    if wrapped[:1] != FORMAT or len(key_id) < KEY_ID_BYTES:
        raise _broken()
    for master in masters:
        if master.key_id == key_id:
            associated = _associated_data(user_id, "data key") + key_id
            return DataKey(user_id, _decrypt(master.key, encrypted, associated))
    raise _missing(key_id, masters)


def active_master_key(settings: Settings) -> MasterKey:
    """Return the master key for new data keys: from the setting, otherwise from the file, which is created if missing.

    Raises
    ------
    ConfigError
        If it is too short, or other accounts of the machine can read its file.
    """
    if settings.master_key is not None:
        return MasterKey.of(load_secret(settings.master_key, "SANTORIO_MASTER_KEY"))
    create_secret(settings.master_key_path)
    return MasterKey.of(read_secret_file(settings.master_key_path, if_exposed=COMPROMISED_KEY_HINT))


def available_master_keys(settings: Settings) -> list[MasterKey]:
    """Return all master keys, the active one first; creates none, because a new key decrypts nothing.

    Raises
    ------
    ConfigError
        If one is too short, or other accounts of the machine can read its file.
    """
    secrets: list[bytes] = []
    if settings.master_key is not None:
        secrets.append(load_secret(settings.master_key, "SANTORIO_MASTER_KEY"))
    if settings.previous_master_key is not None:
        secrets.append(load_secret(settings.previous_master_key, "SANTORIO_PREVIOUS_MASTER_KEY"))
    # The next key's file exists only if a rotation was interrupted: it may have wrapped some data keys already.
    files = [settings.master_key_path, settings.next_master_key_path]
    secrets += [read_secret_file(path, if_exposed=COMPROMISED_KEY_HINT) for path in files if path.exists()]
    return [MasterKey.of(secret) for secret in secrets]


def _encrypt(key: bytes, plain: bytes, associated: bytes) -> bytes:
    nonce = os.urandom(NONCE_BYTES)
    return nonce + AESGCM(key).encrypt(nonce, plain, associated)


def _decrypt(key: bytes, encrypted: bytes, associated: bytes) -> bytes:
    try:
        return AESGCM(key).decrypt(encrypted[:NONCE_BYTES], encrypted[NONCE_BYTES:], associated)
    except (InvalidTag, ValueError):
        # ValueError: the ciphertext is shorter than a nonce.
        raise _broken() from None


def _associated_data(user_id: UUID, purpose: str) -> bytes:
    return b"santorio 1 " + user_id.bytes + purpose.encode()


def _broken() -> DecryptionError:
    return DecryptionError(
        "A secret in the database is damaged, or was copied from another row.",
        hint="Restore the database from a backup, or type `santorio connect garmin` to log in again.",
    )


def _missing(key_id: bytes, masters: Sequence[MasterKey]) -> MasterKeyMissing:
    available = ", ".join(master.key_id.hex() for master in masters)
    state = f"only {available} is available" if available else "no master key is available"
    return MasterKeyMissing(
        f"A secret was encrypted with the master key {key_id.hex()}, and {state}.",
        hint=(
            "Restore secrets/master.key from a backup of the data directory, or set SANTORIO_MASTER_KEY (after a key "
            "change, SANTORIO_PREVIOUS_MASTER_KEY) to its former value. Without it, type `santorio disconnect garmin` "
            "and log in again."
        ),
    )
