"""Tokens open one person's data for a time, and their key stays secret."""

import base64
import datetime as dt
import json
import threading
import uuid

import jwt
import pytest

from santorio.errors import ConfigError
from santorio.people import Person
from santorio.privacy.tokens import Claims, TokenError, TokenExpired, mint_token, signing_key, verify
from santorio.settings import Settings

KEY = b"a key of tests, long enough for HMAC with SHA-256"
ANNA = Person(uuid.UUID(int=7), "anna", "Europe/Berlin")


def claims(**changes: object) -> dict[str, object]:
    now = dt.datetime.now(dt.UTC)
    stated = {
        "sub": str(ANNA.user_id), "iss": "santorio", "aud": "santorio-api", "iat": now, "jti": "1",
        "exp": now + dt.timedelta(hours=1), "scope": "read",
    }  # fmt: skip
    return {name: value for name, value in (stated | changes).items() if value is not None}


def test_a_token_says_whose_data_it_opens_for_what_and_how_long(home):
    settings = Settings(home=home, jwt_secret=KEY.decode())
    before = dt.datetime.now(dt.UTC).replace(microsecond=0)
    said = verify(mint_token(settings, ANNA, days=3), KEY)
    assert (said.user_id, said.scopes) == (ANNA.user_id, frozenset({"read"}))
    assert dt.timedelta(0) <= said.expires_at - before - dt.timedelta(days=3) <= dt.timedelta(seconds=5)


def test_two_tokens_of_one_person_have_ids_of_their_own(home):
    settings = Settings(home=home, jwt_secret=KEY.decode())
    ids = {verify(mint_token(settings, ANNA), KEY).token_id for _ in range(2)}
    assert len(ids) == 2


def test_an_expired_token_is_called_that():
    token = jwt.encode(claims(exp=dt.datetime.now(dt.UTC) - dt.timedelta(seconds=1)), KEY, algorithm="HS256")
    with pytest.raises(TokenExpired, match="expired"):
        verify(token, KEY)


@pytest.mark.parametrize(
    "changes",
    [
        {"iss": "another"}, {"aud": "another"}, {"sub": "me"}, {"sub": None}, {"exp": None}, {"jti": None},
        {"iat": None}, {"iss": None}, {"aud": None}, {"exp": 10**30},
        {"iat": dt.datetime(2999, 1, 1, tzinfo=dt.UTC)},
    ],
    ids=str,
)  # fmt: skip
def test_a_token_with_a_claim_that_is_wrong_or_missing_opens_nothing(changes):
    with pytest.raises(TokenError):
        verify(jwt.encode(claims(**changes), KEY, algorithm="HS256"), KEY)


def test_only_our_key_and_our_algorithm_count():
    other = jwt.encode(claims(), b"another key, as long as it has to be, or longer", algorithm="HS256")
    longer = jwt.encode(claims(), KEY + KEY, algorithm="HS512")
    unsigned = jwt.encode(claims(), None, algorithm="none")
    for token in (
        other,
        longer,
        unsigned,
        "",
        "a.b.c",
        "é",
        jwt.encode(claims(), KEY + KEY, algorithm="HS384"),
    ):
        with pytest.raises(TokenError):
            verify(token, KEY)


def test_a_token_whose_content_was_changed_opens_nothing():
    head, _, signature = jwt.encode(claims(), KEY, algorithm="HS256").split(".")
    forged = json.dumps(claims(sub=str(uuid.UUID(int=8)), iat=0, exp=2**31)).encode()
    with pytest.raises(TokenError):
        verify(f"{head}.{base64.urlsafe_b64encode(forged).decode().rstrip('=')}.{signature}", KEY)


def test_a_secret_of_31_bytes_is_refused_and_not_repeated(home):
    with pytest.raises(ConfigError, match="shorter than 32 bytes") as refusal:
        signing_key(Settings(home=home, jwt_secret="s" * 31))
    assert "sss" not in str(refusal.value)
    assert signing_key(Settings(home=home, jwt_secret="s" * 32)) == b"s" * 32


def test_the_key_in_the_home_is_made_once_for_our_eyes_only(home):
    settings = Settings(home=home)
    found = []
    threads = [threading.Thread(target=lambda: found.append(signing_key(settings))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    path = home / "secrets" / "jwt.key"
    assert found == [path.read_bytes()] * 8
    assert len(found[0]) == 64
    assert [path.stat().st_mode & 0o777, path.parent.stat().st_mode & 0o777] == [0o600, 0o700]
    assert [entry.name for entry in path.parent.iterdir()] == ["jwt.key"]


def test_a_key_that_others_may_read_is_refused(home):
    settings = Settings(home=home)
    signing_key(settings)
    (home / "secrets" / "jwt.key").chmod(0o640)
    with pytest.raises(ConfigError, match="chmod 600"):
        signing_key(settings)


def test_a_key_file_cut_short_is_refused(home):
    settings = Settings(home=home)
    signing_key(settings)
    (home / "secrets" / "jwt.key").write_bytes(b"")
    with pytest.raises(ConfigError, match="shorter"):
        signing_key(settings)


def test_a_token_is_valid_for_a_day_at_least(home):
    with pytest.raises(ConfigError, match="at least one day"):
        mint_token(Settings(home=home), ANNA, days=0)


def test_claims_never_hold_the_token_itself():
    assert set(Claims.__dataclass_fields__) == {"user_id", "token_id", "scopes", "expires_at"}
