"""Who may come in: accounts, login sessions, API keys.

A new token is handed in whole and only its SHA-256 is kept, so that a copied database logs nobody in; later
it is known by its `token_hash`.
Password hashes are opaque here (`community.passwords` makes and checks them).
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from community.errors import Conflict, Invalid, NotFound
from community.model import Account, AccountRole, ApiKey, LoginSession
from community.storage import tables as t
from community.storage.rows import update_row


@dataclass(frozen=True, slots=True)
class Credentials:
    """An account with its password hash: for the login alone, and never to be shown."""

    account: Account
    password_hash: str

    def __repr__(self) -> str:
        return f"Credentials({self.account.login!r})"


def token_hash(token: str) -> str:
    """What is kept of a token: its SHA-256 in hexadecimal. Tokens are random, so no salt is needed."""
    return hashlib.sha256(token.encode()).hexdigest()


# ---- accounts ----


def create_account(connection: Connection, account: Account, password_hash: str) -> Account:
    """Keep a new account (`id` is ignored). Conflict when the login is taken."""
    login = account.login.strip()
    if not login or login != account.login or not login.isprintable() or len(login) > 64:
        raise Invalid(
            "bad_login", f"{account.login!r} is no login: write 1 to 64 characters without spaces around"
        )
    try:
        key = connection.execute(
            insert(t.account).values(
                login=login,
                name=account.name,
                role=account.role,
                password_hash=password_hash,
                active=account.active,
            )
        ).inserted_primary_key
    except IntegrityError as error:
        raise Conflict("login_taken", f"the login {login} is taken: choose another one") from error
    assert key is not None, "a single-row insert has a primary key"
    return replace(account, id=key[0])


def account_for_login(connection: Connection, login: str) -> Credentials | None:
    """The active account with this login and the hash to check the password against; None otherwise."""
    row = connection.execute(select(t.account).where(t.account.c.login == login, t.account.c.active)).first()
    return Credentials(_account(row), row.password_hash) if row else None


def accounts(connection: Connection) -> tuple[Account, ...]:
    """Everybody who ever could log in, by login."""
    return tuple(_account(row) for row in connection.execute(select(t.account).order_by(t.account.c.login)))


def account_by_id(connection: Connection, account_id: int) -> Account:
    """One account, active or not. NotFound when there is none."""
    row = connection.execute(select(t.account).where(t.account.c.id == account_id)).first()
    if row is None:
        raise NotFound("no_such_account", f"there is no account {account_id}: choose one from the list")
    return _account(row)


def update_account(connection: Connection, account: Account) -> Account:
    """Change name, role and whether it is active (the login stays). One made inactive is logged out."""
    update_row(
        connection,
        t.account,
        account.id,
        {"name": account.name, "role": account.role, "active": account.active},
    )
    if not account.active:
        connection.execute(delete(t.login_session).where(t.login_session.c.account_id == account.id))
    return account


def set_password(connection: Connection, account_id: int, password_hash: str) -> None:
    """Keep a new password hash and end every session that was opened with the old password."""
    update_row(connection, t.account, account_id, {"password_hash": password_hash})
    connection.execute(delete(t.login_session).where(t.login_session.c.account_id == account_id))


# ---- sessions ----


def open_session(
    connection: Connection, account_id: int, token: str, csrf_token: str, now: datetime, expires_at: datetime
) -> LoginSession:
    """Keep a session under the hash of `token`, and sweep out those that are over."""
    purge_sessions(connection, now)
    connection.execute(
        insert(t.login_session).values(
            token_hash=token_hash(token),
            account_id=account_id,
            csrf_token=csrf_token,
            created_at=now,
            expires_at=expires_at,
        )
    )
    return LoginSession(account_by_id(connection, account_id), csrf_token, now, expires_at)


def session_account(connection: Connection, hashed: str, now: datetime) -> LoginSession | None:
    """The session with this `token_hash` while it has not expired and its account is active."""
    row = connection.execute(
        select(
            t.account,
            t.login_session.c.csrf_token,
            t.login_session.c.created_at,
            t.login_session.c.expires_at,
        )
        .join_from(t.login_session, t.account)
        .where(
            t.login_session.c.token_hash == hashed,
            t.login_session.c.expires_at > now,
            t.account.c.active,
        )
    ).first()
    return LoginSession(_account(row), row.csrf_token, row.created_at, row.expires_at) if row else None


def extend_session(connection: Connection, hashed: str, expires_at: datetime) -> None:
    """Let a session that is in use last longer."""
    connection.execute(
        update(t.login_session).where(t.login_session.c.token_hash == hashed).values(expires_at=expires_at)
    )


def close_session(connection: Connection, hashed: str) -> None:
    """Log out. Harmless to repeat."""
    connection.execute(delete(t.login_session).where(t.login_session.c.token_hash == hashed))


def purge_sessions(connection: Connection, now: datetime) -> int:
    """Forget sessions that have expired by `now`; returns how many."""
    return connection.execute(delete(t.login_session).where(t.login_session.c.expires_at <= now)).rowcount


# ---- API keys ----


def create_api_key(connection: Connection, account_id: int, label: str, token: str, now: datetime) -> ApiKey:
    """Keep a key for a machine under the hash of `token`; it may do what its account may."""
    account_by_id(connection, account_id)
    key = connection.execute(
        insert(t.api_key).values(
            token_hash=token_hash(token), label=label, account_id=account_id, created_at=now
        )
    ).inserted_primary_key
    assert key is not None, "a single-row insert has a primary key"
    return ApiKey(key[0], label, account_id, now, None)


def account_for_key(connection: Connection, hashed: str) -> Account | None:
    """The active account behind the key with this `token_hash`, unless it was revoked."""
    row = connection.execute(
        select(t.account)
        .join_from(t.api_key, t.account)
        .where(t.api_key.c.token_hash == hashed, t.api_key.c.revoked_at.is_(None), t.account.c.active)
    ).first()
    return _account(row) if row else None


def api_keys(connection: Connection) -> tuple[ApiKey, ...]:
    """Every key, revoked ones too, oldest first."""
    return tuple(
        ApiKey(row.id, row.label, row.account_id, row.created_at, row.revoked_at)
        for row in connection.execute(select(t.api_key).order_by(t.api_key.c.id))
    )


def revoke_api_key(connection: Connection, key_id: int, now: datetime) -> None:
    """Make a key useless; the moment of its first revocation stays. NotFound when there is none."""
    known = connection.execute(select(t.api_key.c.id).where(t.api_key.c.id == key_id)).first()
    if known is None:
        raise NotFound("no_such_key", f"there is no API key {key_id}: choose one from the list")
    connection.execute(
        update(t.api_key)
        .where(t.api_key.c.id == key_id, t.api_key.c.revoked_at.is_(None))
        .values(revoked_at=now)
    )


def _account(row: Row[Any]) -> Account:
    return Account(id=row.id, login=row.login, name=row.name, role=AccountRole(row.role), active=row.active)
