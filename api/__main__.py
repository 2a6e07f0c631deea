"""Start the API and console: `python -m api` (settings in the environment, see `api/settings.py`)."""

from __future__ import annotations

import sys

import structlog
from pydantic import ValidationError

from api import logs
from api.app import create_app
from api.parts import Parts
from api.server import serve
from api.settings import Settings
from community.storage import Store
from community.storage.schema import SchemaOutOfDate, require_newest
from dispatcher import plans
from dispatcher.bell import Bell, MqttBell
from dispatcher.clock import SystemClock


def main() -> int:
    """Serve until asked to stop; 2 when it cannot start, with the reason and the remedy on stderr."""
    logs.configure()
    try:
        settings = Settings()
    except ValidationError as error:
        for wrong in error.errors():
            where = ".".join(str(part) for part in wrong["loc"]) or "public_url"
            print(f"ANXIN_{where.upper()}: {wrong['msg']}", file=sys.stderr)
        return 2
    structlog.get_logger(__name__).info("settings", **settings.model_dump(mode="json"))
    store = Store(settings.database_url.get_secret_value())
    try:
        require_newest(store)
    except SchemaOutOfDate as error:
        print(error, file=sys.stderr)
        return 2
    bell: Bell = MqttBell(settings.mqtt_host, settings.mqtt_port) if settings.mqtt_host else Bell()
    app = create_app(
        Parts(
            store=store,
            clock=SystemClock(),
            bell=bell,
            plans=plans.load(plans.SHIPPED.read_text(encoding="utf-8")),
            settings=settings,
        )
    )
    server = serve(app, settings, lambda: print(f"ready {settings.base_url}", flush=True))
    try:
        server.run()
    finally:
        store.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
