"""What a device reports over is over when a human has looked: until then it stays on every card."""

from __future__ import annotations

from datetime import datetime

from community.errors import Conflict, NotFound
from community.model import Account
from community.storage import Store
from dispatcher.model import Alarm, Entry, Fact
from dispatcher.storage import looks
from dispatcher.storage.casebook import Casebook
from dispatcher.wording import KIND_WORD


def look(store: Store, alarm_id: int, account: Account, now: datetime) -> Alarm:
    """An operator has looked at what a device reported over. Saying it twice is harmless.

    NotFound when there is no such alarm. Conflict while the device still says that there is trouble.
    """
    with store.write() as connection:
        alarm = looks.alarm_by_id(connection, alarm_id)
        if alarm is None:
            raise NotFound("no_such_alarm", f"没有警情{alarm_id} there is no alarm {alarm_id}")
        if alarm.cleared_at is None:
            raise Conflict("not_cleared", "设备还没有报告恢复 the device has not reported it over yet")
        book = Casebook(connection)
        book.load_ids([alarm.incident_id])
        if looks.keep(connection, alarm_id, account.id, now):
            text = f"{account.name}已查看:{KIND_WORD[alarm.kind][0]}(设备报告已恢复) has looked"
            fact = Fact(Entry.LOOKED, text, f"account:{account.id}", {"alarm": alarm_id})
            book.note(alarm.incident_id, now, fact)
            book.write()
        looked = looks.alarm_by_id(connection, alarm_id)
        assert looked is not None
        return looked
