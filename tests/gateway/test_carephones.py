"""Debian's sipp speaks SCAIP, as a carephone does, to a gateway as it runs in a centre."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from community.storage import Store
from tests.gateway.conftest import Centre, url_of
from tests.gateway.test_from_the_wire import give_back, take_away
from tests.servers import Mosquitto, Part, free_port, program, until

pytestmark = pytest.mark.broker

SCENARIOS = Path(__file__).parent / "sipp"
NO_SIPP = "no sipp: apt-get install sip-tester"
CALLS = "SELECT count(*) FROM signal WHERE device_key = :key"


class Phones(Centre):
    """A centre with a door for carephones, and carephones."""

    def __init__(self, store: Store, mosquitto: Mosquitto, folder: Path) -> None:
        super().__init__(store, mosquitto, folder)
        self.port = free_port()
        self.folder = folder
        settings = {
            "ANXIN_SCAIP_PORT": str(self.port),
            "ANXIN_SOCKET_HOST": "127.0.0.1",
            "ANXIN_SCAIP_ANSWERS": '{"900001":"message"}',
        }
        self.gateway = Part("gateway", folder, url_of(store), mosquitto.port, **settings)
        self.enrol("scaip:123456")
        self.gateway.start()

    @contextmanager
    def calls(
        self, scenario: str, cid: str = "123456", ref: str = "1", transport: str = "u1"
    ) -> Iterator[Phone]:
        """sipp plays a scenario once; it is ended when the block is left."""
        sipp = program("sipp")
        assert sipp is not None
        log = self.folder / f"sipp-{ref}.log"
        words = [sipp, f"127.0.0.1:{self.port}", "-sf", str(SCENARIOS / f"{scenario}.xml"), "-m", "1"]
        words += ["-i", "127.0.0.1", "-p", str(free_port()), "-t", transport, "-nostdin"]
        words += ["-oocsf", str(SCENARIOS / "answer.xml")] if scenario == "request" else []
        words += [
            "-max_non_invite_retrans",
            "200",
            "-timeout",
            "100",
            "-trace_msg",
            "-message_file",
            str(log),
        ]
        words += ["-key", "cid", cid, "-key", "ref", ref]
        process = subprocess.Popen(
            words, cwd=self.folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        try:
            yield Phone(process, log)
        finally:
            process.kill()
            process.wait()


class Phone:
    """One carephone in the middle of a call."""

    def __init__(self, process: subprocess.Popen[bytes], log: Path) -> None:
        self._process = process
        self._log = log

    def said_and_heard(self) -> str:
        return self._log.read_text(encoding="utf-8", errors="replace") if self._log.exists() else ""

    def has_heard(self, words: str) -> bool:
        return until(lambda: words in self.said_and_heard(), within_s=60)

    def ends_well(self) -> bool:
        """Whether its scenario came to its end as it is written."""
        return self._process.wait(100) == 0


@pytest.fixture
def phones(store: Store, mosquitto: Mosquitto, tmp_path: Path) -> Iterator[Phones]:
    if program("sipp") is None:
        pytest.skip(NO_SIPP)
    made = Phones(store, mosquitto, tmp_path)
    yield made
    made.gateway.kill()


@pytest.mark.parametrize("transport", ["u1", "t1"], ids=["udp", "tcp"])
def test_a_carephone_that_calls_for_help_is_answered_by_a_message_of_ours(
    phones: Phones, transport: str
) -> None:
    with phones.calls("request", transport=transport) as phone:
        assert phone.has_heard("<mrs><ref>1</ref><snu>0</snu></mrs>"), phone.said_and_heard()
        assert phones.count(CALLS + " AND kind = 'sos'", key="scaip:123456") == 1
        assert phones.kinds() == ["sos"]
        assert phone.has_heard(";tag=taken")


def test_a_carephone_of_the_other_form_is_answered_in_the_response(phones: Phones) -> None:
    with phones.calls("in_response") as phone:
        assert phone.ends_well(), phone.said_and_heard()
    assert phones.kinds() == ["fall"]


def test_a_unit_is_answered_as_it_was_set_up(phones: Phones) -> None:
    with phones.calls("in_response", cid="900001", ref="2") as phone:
        assert not phone.ends_well(), "it is told by a MESSAGE instead"


def test_while_the_database_is_away_no_answer_leaves_and_what_was_repeated_is_stored_once(
    phones: Phones,
) -> None:
    take_away(phones)
    with phones.calls("request") as phone:
        assert until(lambda: phone.said_and_heard().count("MESSAGE sip:centre") >= 3), "it repeats"
        assert "SIP/2.0 200" not in phone.said_and_heard()
        give_back(phones)
        assert phone.has_heard("<snu>0</snu>"), phone.said_and_heard()
    assert phones.count(CALLS, key="scaip:123456") == 1
    assert phones.count("SELECT times FROM alarm WHERE kind = 'sos'") == 1


@pytest.mark.fault
def test_a_gateway_killed_between_hearing_and_storing_hears_it_again_and_stores_it_once(
    phones: Phones,
) -> None:
    take_away(phones)
    with phones.calls("request") as phone:
        assert until(lambda: phone.said_and_heard().count("MESSAGE sip:centre") >= 2), "it repeats"
        phones.gateway.kill()
        give_back(phones)
        phones.gateway.start()
        assert phone.has_heard("<snu>0</snu>"), phone.said_and_heard()
    assert phones.count(CALLS, key="scaip:123456") == 1
    assert phones.kinds() == ["sos"]
