"""Messages that wait on disk come back as they went."""

from __future__ import annotations

from datetime import UTC, datetime

from devices.signal import Frame
from gateway.spool import Spool

AT = datetime(2026, 11, 21, 6, 5, 0, 123456, tzinfo=UTC)


def frame(payload: bytes, topic: str = "zigbee2mqtt/客厅/烟感", *, old: bool = False) -> Frame:
    return Frame(topic, payload, AT, retained=old, redelivered=old)


def test_they_come_back_byte_for_byte_and_in_their_order() -> None:
    said = [frame(b""), frame(b"\xff\x00{}" * 1000, old=True), frame(b"x", topic="half \ud800 of a pair")]
    spool = Spool()
    assert all(spool.put(one) for one in said)
    assert len(spool) == 3
    assert spool.take(2) == said[:2]
    assert spool.put(said[0])
    assert spool.take(100) == [said[2], said[0]]
    assert spool.take(100) == []
    spool.close()


def test_there_is_an_end_to_it_and_room_again_when_it_is_empty() -> None:
    spool = Spool(most_bytes=1000)
    kept = [spool.put(frame(b"x" * 300)) for _ in range(4)]
    assert kept == [True, True, False, False]
    assert len(spool.take(2)) == 2
    assert spool.put(frame(b"x" * 300))
    spool.close()
