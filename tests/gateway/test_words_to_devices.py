"""What the dispatcher says to a device arrives there, over a real broker."""

from __future__ import annotations

import orjson
import pytest

from community.storage import Store
from dispatcher.downlink import Downlink, MqttLine
from tests.conftest import NOW
from tests.gateway.test_line import Peer
from tests.servers import NO_MOSQUITTO, Mosquitto, program, until
from tests.town import Town

pytestmark = [pytest.mark.broker, pytest.mark.skipif(program("mosquitto") is None, reason=NO_MOSQUITTO)]


def test_a_button_hears_how_it_stands(store: Store, mosquitto: Mosquitto) -> None:
    town = Town(store, NOW)
    town.resident("王秀英", contacts=("李梅",))
    town.press("王秀英")
    line = MqttLine("127.0.0.1", mosquitto.port)
    button = Peer(mosquitto.port, topic="care/town/+/cmd")
    try:
        town.claim("王秀英")
        down = Downlink(store, line)
        assert until(lambda: down.turn(town) == 1)
        assert until(lambda: len(button.heard) == 1)
    finally:
        line.close()
        button.close()
    [(topic, said)] = button.heard
    assert (topic, orjson.loads(said)["say"]) == ("care/town/王秀英/cmd", "operator")
