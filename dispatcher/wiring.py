"""Which channels there are, and the switchboard of those that the settings name, in their order."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from zoneinfo import ZoneInfo

import structlog
from sqlalchemy.exc import SQLAlchemyError

from community.errors import NotFound
from community.storage import Store, register
from community.storage import wishes as wanted
from dispatcher import responses
from dispatcher.channels import Channel
from dispatcher.channels.aliyun import AliyunSettings, AliyunSms
from dispatcher.channels.apprise import ApprisePush, AppriseSettings
from dispatcher.channels.gammu import GammuSettings, GammuSms
from dispatcher.channels.phones import Phones, RingingPhones
from dispatcher.channels.smpp import SmppSettings, SmppSms
from dispatcher.channels.tencent import TencentSettings, TencentSms
from dispatcher.channels.twilio import TwilioSms, TwilioVoice
from dispatcher.clock import Clock
from dispatcher.health import WorkerKind
from dispatcher.model import Message, MessageState
from dispatcher.settings import SIMULATED, DispatcherSettings
from dispatcher.storage import handsets, vitals
from dispatcher.switchboard import PerNumber, Switchboard, Wishes

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Parts:
    """What a channel may be made of. It is also where a channel that hears by itself hands in what it heard:
    nobody is woken for that, the dispatcher looks within a second.
    """

    settings: DispatcherSettings
    store: Store
    clock: Clock

    def reply(self, phone: str, body: str, dedupe_key: str) -> None:
        responses.reply(self.store, phone, body, dedupe_key, self.clock.now())

    def receipt(self, provider_id: str, state: MessageState, error: str) -> bool:
        return responses.receipt(self.store, provider_id, state, error, self.clock.now())


def _phones(parts: Parts) -> Channel:
    def receive(message: Message) -> str | None:
        with parts.store.write() as connection:
            return handsets.receive(connection, message, parts.clock.now())

    def received(message: Message) -> str | None:
        with parts.store.read() as connection:
            return handsets.received(connection, message)

    return Phones(receive, received)


def _ringing_phones(parts: Parts) -> Channel:
    def ring(message: Message) -> str:
        with parts.store.write() as connection:
            return handsets.ring(connection, message, parts.clock.now())

    def rung(message: Message) -> str | None:
        with parts.store.read() as connection:
            return handsets.rung(connection, message)

    def line(message: Message) -> str | None:
        with parts.store.read() as connection:
            return handsets.line(connection, message, parts.clock.now())

    return RingingPhones(ring, rung, line)


def _twilio(settings: DispatcherSettings, callback: str) -> tuple[str, str, str, str, str]:
    """What both of Twilio's channels are made with; `callback` is the path of theirs."""
    if not (settings.twilio_account_sid and settings.twilio_auth_token.get_secret_value()):
        raise ValueError("Twilio needs ANXIN_TWILIO_ACCOUNT_SID, ANXIN_TWILIO_AUTH_TOKEN, ANXIN_TWILIO_FROM")
    return (
        settings.twilio_account_sid,
        settings.twilio_auth_token.get_secret_value(),
        settings.twilio_from,
        f"{settings.public_url.rstrip('/')}/callbacks/twilio/{callback}",
        settings.twilio_base_url,
    )


# A new channel is a module in `channels/` and a line here; docs/channels.md says what each needs.
CHANNELS: Mapping[str, Callable[[Parts], Channel]] = {
    "phones": _phones,
    "phones-voice": _ringing_phones,
    "twilio": lambda parts: TwilioSms(
        *_twilio(parts.settings, "status"), rate_per_s=parts.settings.twilio_rate_per_s
    ),
    "twilio-voice": lambda parts: TwilioVoice(
        *_twilio(parts.settings, "voice"), rate_per_s=parts.settings.twilio_voice_rate_per_s
    ),
    "aliyun": lambda parts: AliyunSms(AliyunSettings(), parts.clock),  # type: ignore[call-arg]
    "tencent": lambda parts: TencentSms(TencentSettings(), parts.clock),  # type: ignore[call-arg]
    "smpp": lambda parts: SmppSms(SmppSettings(), parts),  # type: ignore[call-arg]
    "gammu": lambda parts: GammuSms(GammuSettings(), parts),  # type: ignore[call-arg]
    "apprise": lambda _: ApprisePush(AppriseSettings()),
}


def channels(parts: Parts) -> list[Channel]:
    """The channels that the settings name. ValueError, or a ValidationError, for what is missing."""
    names = parts.settings.channels
    unknown = [name for name in names if name not in CHANNELS]
    if unknown:
        raise ValueError(f"ANXIN_CHANNELS: there is no {unknown[0]!r}: choose from {', '.join(CHANNELS)}")
    return [CHANNELS[name](parts) for name in names]


def switchboard(parts: Parts) -> Switchboard:
    """The channels that the settings name, as one. ValueError, or a ValidationError, for what is missing."""
    settings = parts.settings
    with parts.store.read() as connection:
        areas = register.areas(connection, with_polygons=False)
    refuse_made_up_people(settings, made_up=any(area.synthetic for area in areas))
    return Switchboard(
        channels(parts),
        parts.clock,
        wishes=lambda known: read_wishes(parts.store, known, parts.clock.now()),
        per_number=PerNumber(settings.number_per_minute / 60, settings.number_burst),
        public_url=settings.public_url,
    )


def read_wishes(store: Store, known: Wishes, now: datetime) -> Wishes:
    """What people want, and what is known `now` of providers and other couriers.

    `known` while the database is away for a moment.
    """
    try:
        with store.read() as connection:
            asked = vitals.channels(connection).values()
            sick = frozenset(one.name for one in asked if one.is_sick)
            alive = sum(
                one.kind is WorkerKind.COURIER and not one.is_stale(now) for one in vitals.workers(connection)
            )
            known = replace(known, sick=sick, couriers=max(1, alive))
            revision = wanted.current_revision(connection)
            if revision == known.revision:
                return known
            by_who = wanted.of_everybody(connection)
            site = register.site(connection)
    except (SQLAlchemyError, NotFound) as away:
        log.warning("wishes cannot be read", kind=type(away).__name__)
        return known
    return replace(
        known,
        revision=revision,
        by_who=by_who,
        zone=ZoneInfo(site.timezone),
        hotline=site.hotline,
        secret=site.secret,
    )


def refuse_made_up_people(settings: DispatcherSettings, *, made_up: bool) -> None:
    """ValueError where real texts would go to a seeded street: its numbers may belong to strangers."""
    stand_ins = SIMULATED | ({"twilio", "twilio-voice"} if settings.twilio_base_url else set())
    if made_up and not stand_ins.issuperset(settings.channels):
        raise ValueError(
            "this database holds a made-up street, and its numbers may belong to strangers: "
            "use ANXIN_CHANNELS=phones, or a database of your own"
        )
