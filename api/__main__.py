"""Start the API and console: `python -m api` (settings in the environment, see `api/settings.py`)."""

from __future__ import annotations

import signal
import sys
from types import FrameType

import structlog

from api.app import create_app
from api.parts import Parts
from api.server import serve
from api.settings import Settings
from community import logs
from community.doorkeeper import Doorkeeper, MosquittoDoor
from community.settings import BrokerSettings
from community.starting import CannotStart, ready, starting
from community.storage import Store
from community.storage.schema import require_newest
from dispatcher import plans, presets
from dispatcher.bell import LocalBell, MqttBell
from dispatcher.clock import SystemClock
from dispatcher.downlink import MqttLine
from dispatcher.storage.planbook import Planbook
from hotline.exchange import Asterisk


def main() -> int:
    """Serve until asked to stop; 2 when it cannot start, with the reason and the remedy on stderr."""
    logs.configure()
    try:
        with starting():
            settings = Settings.model_validate({})
            broker = BrokerSettings()
            structlog.get_logger(__name__).info("settings", **settings.model_dump(mode="json"))
            store = Store(settings.database_url.get_secret_value())
            require_newest(store)
            known = presets.from_file(settings.presets_file)
    except CannotStart as wrong:
        print(wrong, file=sys.stderr)
        return 2
    bell, line, exchange = _bell(settings), _line(settings), _exchange(settings)
    app = create_app(
        Parts(
            store=store,
            clock=SystemClock(),
            bell=bell,
            plans=Planbook(plans.shipped()),
            settings=settings,
            presets=known,
            door=_door(broker),
            line=line,
            exchange=exchange,
        )
    )
    # uvicorn raises the signal again when it has ended; then it is our turn to tidy up.
    signal.signal(signal.SIGTERM, _end)
    server = serve(app, settings, lambda: ready(settings.base_url))
    try:
        server.run()
    except KeyboardInterrupt:
        return 0
    finally:
        if isinstance(bell, MqttBell):
            bell.close()
        if line is not None:
            line.close()
        if exchange is not None:
            exchange.close()
        store.close()
    return 0


def _end(_signal: int, _frame: FrameType | None) -> None:
    sys.exit(0)


def _door(broker: BrokerSettings) -> Doorkeeper | None:
    password = broker.admin_password.get_secret_value()
    return MosquittoDoor(broker.host, broker.port, broker.admin, password) if broker.admin else None


def _line(settings: Settings) -> MqttLine | None:
    """For devices that are simulated: never where real people are told."""
    if not settings.mqtt_host or not settings.simulated_phones:
        return None
    password = settings.mqtt_password.get_secret_value()
    return MqttLine(settings.mqtt_host, settings.mqtt_port, settings.mqtt_username, password)


def _exchange(settings: Settings) -> Asterisk | None:
    if not settings.exchange_url:
        return None
    password = settings.exchange_password.get_secret_value()
    return Asterisk(
        settings.exchange_url,
        settings.exchange_user,
        password,
        settings.exchange_endpoint,
        settings.exchange_context,
    )


def _bell(settings: Settings) -> LocalBell:
    if not settings.mqtt_host:
        return LocalBell()
    password = settings.mqtt_password.get_secret_value()
    return MqttBell(settings.mqtt_host, settings.mqtt_port, settings.mqtt_username, password)


if __name__ == "__main__":
    sys.exit(main())
