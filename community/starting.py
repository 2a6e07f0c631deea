"""How a process begins: what keeps it from starting, in words for who starts it, and that it is ready."""

from __future__ import annotations

import gc
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from pydantic import ValidationError
from pydantic_core import ErrorDetails
from sqlalchemy.exc import ArgumentError, OperationalError

from community.settings import StoreSettings
from community.storage import Store
from community.storage.schema import SchemaOutOfDate

# Python's own 700 are those of a handful of presses; a group has thousands, and none of them in a circle.
_OBJECTS_BETWEEN_COLLECTIONS = 10_000


class CannotStart(Exception):
    """A process cannot run as it was set up; the message says which setting to look at."""


@contextmanager
def starting() -> Iterator[None]:
    """Turn what a wrong setting or an absent database raises inside the block into CannotStart."""
    try:
        yield
    except ValidationError as error:
        raise CannotStart("\n".join(map(_setting, error.errors()))) from error
    except ArgumentError as error:
        raise CannotStart(
            "ANXIN_DATABASE_URL: write sqlite:///path/to/anxin.db or postgresql+psycopg://user@host/name"
        ) from error
    except OperationalError as error:
        raise CannotStart(f"ANXIN_DATABASE_URL: the database does not answer: {error.orig}") from error
    except (ValueError, OSError, SchemaOutOfDate) as error:
        raise CannotStart(str(error)) from error


@contextmanager
def opened() -> Iterator[Store]:
    """The store that the environment names, for one command."""
    store = Store(StoreSettings().database_url.get_secret_value())
    try:
        yield store
    finally:
        store.close()


def ready(what: str) -> None:
    """Say that `what` serves from now on.

    What is loaded by now stays. The garbage collector need not walk through it again and again: it takes a
    tenth of a second, in which somebody's press would wait.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(_OBJECTS_BETWEEN_COLLECTIONS)
    sys.stdout.write(f"ready {what}\n")
    sys.stdout.flush()


def _setting(wrong: ErrorDetails) -> str:
    """One wrong setting by the name a person gave it. Never its value: that may be a secret."""
    where = "_".join(str(part) for part in wrong["loc"])
    return f"ANXIN_{where.upper()}: {wrong['msg']}" if where else str(wrong["msg"])
