"""Who may come in, and until when."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from sqlalchemy import text

from community import passwords
from community.errors import Conflict, Invalid, NotFound
from community.model import Account, AccountRole
from community.storage import Store, accounts
from community.storage.accounts import token_hash

MEI = Account(0, "mei", "梅", AccountRole.OPERATOR)


@pytest.fixture
def mei(store: Store) -> Account:
    with store.write() as connection:
        return accounts.create_account(connection, MEI, "the hash")


def test_a_login_finds_the_account_and_its_hash(store: Store, mei: Account) -> None:
    with store.read() as connection:
        found = accounts.account_for_login(connection, "mei")
        assert accounts.account_for_login(connection, "Mei") is None
        assert accounts.accounts(connection) == (mei,)
    assert found is not None
    assert (found.account, found.password_hash) == (mei, "the hash")
    assert "the hash" not in repr(found)


@pytest.mark.usefixtures("mei")
def test_a_login_is_given_once(store: Store) -> None:
    with pytest.raises(Conflict, match="choose another"), store.write() as connection:
        accounts.create_account(connection, replace(MEI, name="另一个梅"), "x")


@pytest.mark.parametrize("login", ["", " mei", "mei\n", "m" * 65])
def test_a_login_must_be_one_that_can_be_typed(store: Store, login: str) -> None:
    with pytest.raises(Invalid, match="no login"), store.write() as connection:
        accounts.create_account(connection, replace(MEI, login=login), "x")


def test_an_account_that_left_cannot_log_in_and_is_logged_out(
    store: Store, mei: Account, now: datetime
) -> None:
    with store.write() as connection:
        accounts.open_session(connection, mei.id, "token", "csrf", now, now + timedelta(hours=12))
        accounts.create_api_key(connection, mei.id, "pbx", "key", now)
        accounts.update_account(connection, replace(mei, active=False))
        assert accounts.account_for_login(connection, "mei") is None
        assert accounts.account_for_key(connection, token_hash("key")) is None
        accounts.update_account(connection, mei)
        assert accounts.session_account(connection, token_hash("token"), now) is None, (
            "back, but must log in again"
        )
        assert accounts.account_for_key(connection, token_hash("key")) == mei


def test_a_session_lasts_until_it_expires(store: Store, mei: Account, now: datetime) -> None:
    end = now + timedelta(hours=12)
    with store.write() as connection:
        opened = accounts.open_session(connection, mei.id, "token", "csrf", now, end)
        assert (
            accounts.session_account(connection, token_hash("token"), end - timedelta(microseconds=1))
            == opened
        )
        assert accounts.session_account(connection, token_hash("token"), end) is None
        assert accounts.session_account(connection, token_hash("another"), now) is None
        accounts.extend_session(connection, token_hash("token"), end + timedelta(hours=1))
        assert accounts.session_account(connection, token_hash("token"), end) == replace(
            opened, expires_at=end + timedelta(hours=1)
        )
    assert (opened.account, opened.csrf_token) == (mei, "csrf")


def test_logging_out_ends_one_session_and_a_new_password_ends_all(
    store: Store, mei: Account, now: datetime
) -> None:
    end = now + timedelta(hours=12)
    with store.write() as connection:
        for token in ("one", "two", "three"):
            accounts.open_session(connection, mei.id, token, "csrf", now, end)
        accounts.close_session(connection, token_hash("one"))
        accounts.close_session(connection, token_hash("one"))
        assert accounts.session_account(connection, token_hash("one"), now) is None
        assert accounts.session_account(connection, token_hash("two"), now) is not None
        accounts.set_password(connection, mei.id, "new")
        assert accounts.session_account(connection, token_hash("two"), now) is None


def test_sessions_that_are_over_are_swept_out_when_the_next_one_opens(
    store: Store, mei: Account, now: datetime
) -> None:
    with store.write() as connection:
        accounts.open_session(connection, mei.id, "old", "csrf", now, now + timedelta(hours=1))
        later = now + timedelta(hours=1)
        accounts.open_session(connection, mei.id, "new", "csrf", later, later + timedelta(hours=1))
        kept = connection.execute(text("SELECT count(*) FROM login_session")).scalar_one()
    assert kept == 1


def test_a_copied_database_logs_nobody_in(store: Store, mei: Account, now: datetime) -> None:
    with store.write() as connection:
        accounts.open_session(connection, mei.id, "a-secret-token", "csrf", now, now + timedelta(hours=1))
        accounts.create_api_key(connection, mei.id, "pbx", "a-secret-key", now)
        stored = [
            connection.execute(text(f"SELECT token_hash FROM {table}")).scalar_one()
            for table in ("login_session", "api_key")
        ]
        assert accounts.session_account(connection, token_hash(stored[0]), now) is None
        assert accounts.account_for_key(connection, token_hash(stored[1])) is None
    assert not {"a-secret-token", "a-secret-key"} & set(stored)


def test_a_key_works_until_it_is_revoked(store: Store, mei: Account, now: datetime) -> None:
    later = now + timedelta(days=1)
    with store.write() as connection:
        key = accounts.create_api_key(connection, mei.id, "pbx", "key", now)
        assert accounts.account_for_key(connection, token_hash("key")) == mei
        accounts.revoke_api_key(connection, key.id, now)
        accounts.revoke_api_key(connection, key.id, later)
        assert accounts.account_for_key(connection, token_hash("key")) is None
        assert accounts.api_keys(connection) == (replace(key, revoked_at=now),)


def test_who_is_not_there_cannot_be_changed(store: Store, now: datetime) -> None:
    with store.write() as connection:
        with pytest.raises(NotFound, match="no account 9"):
            accounts.update_account(connection, replace(MEI, id=9))
        with pytest.raises(NotFound, match="no account 9"):
            accounts.set_password(connection, 9, "x")
        with pytest.raises(NotFound, match="no account 9"):
            accounts.create_api_key(connection, 9, "pbx", "key", now)
        with pytest.raises(NotFound, match="no API key 9"):
            accounts.revoke_api_key(connection, 9, now)


def test_a_password_is_checked_against_its_hash() -> None:
    kept = passwords.hashed("correct horse battery")
    assert passwords.verify("correct horse battery", kept)
    assert not passwords.verify("correct horse batterY", kept)
    assert not passwords.verify("correct horse battery", None)
    assert kept.startswith("$argon2")


def test_a_short_password_is_refused() -> None:
    with pytest.raises(Invalid, match="at least 10"):
        passwords.hashed("123456789")


def test_invented_passwords_differ_and_are_long_enough() -> None:
    invented = {passwords.invented() for _ in range(20)}
    assert len(invented) == 20
    assert all(passwords.verify(each, passwords.hashed(each)) for each in list(invented)[:1])
