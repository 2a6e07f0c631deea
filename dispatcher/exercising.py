"""The shift leader begins a drill; from there on it goes the way of every case."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.exc import IntegrityError

from community.errors import Conflict, Invalid
from community.model import Account
from community.storage import Store, register
from devices.signal import Kind
from dispatcher import exercise, intake
from dispatcher.model import Entry, Fact, Incident, Severity
from dispatcher.plans import Plans
from dispatcher.storage.casebook import Casebook
from dispatcher.triage import SEVERITY
from dispatcher.wording import KIND_WORD


def begin(
    store: Store, household_id: int, kind: Kind, account: Account, plans: Plans, now: datetime
) -> Incident:
    """Open a drill of `kind` at a home. NotFound; Invalid: no emergency; Conflict: one is open there.

    Also while the home has a real case: that one goes on as if nothing were.
    """
    if SEVERITY.get(kind) is not Severity.EMERGENCY:
        raise Invalid(
            "not_an_emergency", "只演练紧急警情 only emergencies are drilled: sos, fall, smoke, gas, co"
        )
    subject, actor = exercise.subject_of(household_id), f"account:{account.id}"
    text = f"{account.name}发起演练:{KIND_WORD[kind][0]},不是真的警情 a drill, begun by hand"
    fact = Fact(Entry.SIGNAL, text, actor, {"kind": kind.value, "status": "Exercise"})
    try:
        with store.write() as connection:
            register.household_by_id(connection, household_id)
            book = Casebook(connection)
            book.load_subjects({subject})
            if book.open_for(subject) is not None:
                raise _runs()
            incident_id = intake.bring(connection, None, kind, actor, fact, plans, now, subject=subject)
            begun = Casebook(connection)
            begun.load_ids([incident_id])
            return begun.incident(incident_id)
    except IntegrityError as taken:  # a colleague has begun one at this very moment
        raise _runs() from taken


def _runs() -> Conflict:
    return Conflict("exercise_runs", "这户正在演练,请先结案 a drill is open at this home: close it first")
