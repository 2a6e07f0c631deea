"""The words of dispatching, as frozen values: alarms, incidents, plans, offers, messages, the timeline."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import IntEnum, StrEnum
from math import inf
from typing import Protocol

from community.model import HomeRecord, Responder, ResponderKind, is_staff_of
from devices.signal import Kind, aware

LONGEST_DELAY = timedelta(hours=12)  # no wait in a plan is longer

# Every open case is looked at this often, whatever its plan says. So a due time further ahead than that was
# written before the clock was set back, and the case is due now: no memory is needed to notice it.
LOOK_AT_LEAST = timedelta(minutes=30)
TOO_FAR = LOOK_AT_LEAST + timedelta(minutes=1)


class Severity(IntEnum):
    """UL 2560's order: emergency before routine before trouble."""

    TROUBLE = 1
    ROUTINE = 2
    EMERGENCY = 3


class Stage(StrEnum):
    RAISED = "raised"
    CLAIMED = "claimed"
    COVERED = "covered"
    ON_SCENE = "on_scene"
    CLOSED = "closed"


class CloseCode(StrEnum):
    """Why a case ended. The false-alarm classes are told apart because each has another remedy."""

    HELPED = "helped"  # 已上门处理
    HOSPITAL = "hospital"  # 已送医
    FALSE_PRESS = "false_press"  # 误按
    DEVICE_FAULT = "device_fault"  # 设备故障
    TEST = "test"  # 测试或演练
    SELF_RESOLVED = "self_resolved"  # 已自行解决
    DUPLICATE = "duplicate"  # 重复


FALSE_ALARMS = frozenset({CloseCode.FALSE_PRESS, CloseCode.DEVICE_FAULT})  # a test is meant


@dataclass(frozen=True, slots=True)
class Alarm:
    """A kind of trouble in a household that is not over."""

    id: int
    incident_id: int
    kind: Kind
    severity: Severity
    raised_at: datetime
    last_at: datetime
    times: int
    device_key: str
    cleared_at: datetime | None = None  # the device says it is over; a human has still to look
    ended_at: datetime | None = None
    looked_at: datetime | None = None  # a human has looked at what is cleared


@dataclass(frozen=True, slots=True)
class Incident:
    """What operators handle: at most one open per subject.

    `subject` is `household:<id>`, `area:<id>` for what many homes of a cell have in common, or `device:<key>`
    while a device belongs to no household. `due_at` is when the engine must look again; an open incident
    always has one. `version` grows with every change.
    """

    id: int
    subject: str
    household_id: int | None
    kind: Kind
    severity: Severity
    stage: Stage
    opened_at: datetime
    due_at: datetime | None
    rung: int  # how many rungs have fired in all
    ladder_rung: int  # the value of `rung` when the present plan began
    ladder_at: datetime  # when the present plan began: rungs count their seconds from here
    version: int
    claimed_by: int | None = None
    claimed_at: datetime | None = None
    lease_until: datetime | None = None
    covered_at: datetime | None = None
    on_scene_at: datetime | None = None
    closed_at: datetime | None = None
    close_code: CloseCode | None = None
    close_note: str = ""

    def __post_init__(self) -> None:
        aware(self.opened_at, "opened_at")

    @property
    def is_open(self) -> bool:
        return self.stage is not Stage.CLOSED


# ---- the plan ----


class Whom(StrEnum):
    """Whom a rung tells."""

    RELATIVES = "relatives"  # contacts in order, `count` more of them; 0 means all that are left
    NEAREST = "nearest"  # the nearest `count` on duty of `kinds` and with `skill`, wherever they belong
    STAFF = "staff"  # the same, but only of the home's own cell and community; without `kinds` whoever goes
    DESK = "desk"  # the console alarm, again and louder


SENDS = frozenset({Whom.NEAREST, Whom.STAFF})
GO = tuple(kind for kind in ResponderKind if kind is not ResponderKind.SUPERVISOR)
MOST_TOLD = 20  # by one `Tell`: more than anybody needs, less than a street


@dataclass(frozen=True, slots=True)
class Tell:
    """One line of a rung. ValueError when it cannot be meant."""

    whom: Whom
    count: int = 1
    kinds: tuple[ResponderKind, ...] = ()
    skill: str = ""  # 急救: as the register names it

    def __post_init__(self) -> None:
        sends = self.whom in SENDS
        least = 1 if sends else 0
        if type(self.count) is not int or not least <= self.count <= MOST_TOLD:
            raise ValueError(
                f"{self.whom} with count {self.count}: give at least {least} and at most {MOST_TOLD}"
            )
        if self.whom is Whom.NEAREST and not (self.kinds or self.skill):
            raise ValueError(
                f"请勾选通知哪些人 {self.whom} tells nobody: name the `kinds` of responders, or a `skill`"
            )
        if not sends and (self.kinds or self.skill):
            raise ValueError(f"{self.whom} are no responders: leave `kinds` and `skill` out")

    def fits(self, responder: Responder, home: HomeRecord) -> bool:
        """Whether `responder` is one of those who are meant when there is trouble in `home`."""
        return (
            responder.kind in (self.kinds or GO)
            and (not self.skill or self.skill in responder.skills)
            and (self.whom is not Whom.STAFF or is_staff_of(responder, home))
        )


@dataclass(frozen=True, slots=True)
class Rung:
    """What happens `after_s` seconds from the opening of the incident, while nobody has taken it over."""

    after_s: int
    tell: tuple[Tell, ...]


@dataclass(frozen=True, slots=True)
class RungAhead:
    """A rung that is still to come, `at` the latest: where one finds nobody, the next follows at once."""

    number: int
    at: datetime
    tell: tuple[Tell, ...]
    repeat_s: int = 0  # it is the last one come again, and comes again each so many seconds, for ever


CRIES = frozenset({Kind.SOS, Kind.FALL})  # a person calls for help, or cannot


@dataclass(frozen=True, slots=True)
class Threshold:
    """From how many homes of one cell, within how many seconds, their trouble is one of the area.

    With `street_homes` as many homes of the whole street, wherever they are, are one of the street; 0: never.
    """

    homes: int
    within_s: int
    street_homes: int = 0

    def __post_init__(self) -> None:
        if any(type(number) is not int for number in (self.homes, self.within_s, self.street_homes)):
            raise ValueError("a threshold is made of whole numbers")
        if self.homes < 2 or not 0 < self.within_s <= MOST_WITHIN_S:
            raise ValueError(
                f"至少2户,时间1到{MOST_WITHIN_S}秒 an area's trouble is that of two homes or more, within "
                f"1 to {MOST_WITHIN_S} s"
            )
        if self.street_homes and self.street_homes < self.homes:
            raise ValueError("全街道的户数不能少于一个网格的 a street takes as many homes as a cell, or more")

    @property
    def within(self) -> timedelta:
        return timedelta(seconds=self.within_s)


MOST_WITHIN_S = 3600  # what lies further apart has no common cause that one case could help


@dataclass(frozen=True, slots=True)
class Plan:
    """The escalation ladder for some kinds of trouble, frozen into the incident; its last rung repeats.

    With a `threshold` it is for an area: when so many of its homes have trouble of `kinds`, which count
    together, that becomes one case of the area, which runs on this ladder.

    ValueError when it cannot be meant.
    """

    name: str
    rungs: tuple[Rung, ...]
    repeat_s: int = 300
    offer_s: int = 60  # an asked responder has this long to answer
    arrive_grace_s: int = 300  # how long past the ETA before others are asked
    relative_s: int = 900  # a relative who says "coming" leaves the others in peace for so long
    check_in_s: int = 1800  # on scene: how long without a word before the responder is asked after
    title: str = ""  # 紧急: as the page calls it
    kinds: tuple[Kind, ...] = ()
    severity: Severity | None = None  # only for trouble of `kinds` that is as severe; None: however severe
    version: int = 0  # how often it was edited; 0 as shipped
    threshold: Threshold | None = None  # only of a plan for an area

    def __post_init__(self) -> None:
        self._fits_an_area()
        if not self.rungs:
            raise ValueError("there is no rung: give it at least one, or nobody is ever told")
        if not any(tell.whom is Whom.DESK for tell in self.rungs[-1].tell):
            raise ValueError(
                '最后一级要有值班台响铃 the last rung repeats, and must ring the desk: add { whom = "desk" }'
            )
        delays = [rung.after_s for rung in self.rungs]
        if any(type(seconds) is not int for seconds in (*delays, *self._waits)):
            raise ValueError("every wait is a whole number of seconds")
        if delays != sorted(delays) or delays[0] < 0:
            raise ValueError(f"各级时间要一级比一级晚 rung delays must not be negative or fall: {delays}")
        if min(self._waits) <= 0 or max(*self._waits, delays[-1]) >= LONGEST_DELAY.total_seconds():
            raise ValueError(f"every wait lies between 1 s and {LONGEST_DELAY}")

    def __hash__(self) -> int:
        return hash((self.name, self.version))  # equal plans have both; each press looks its plan up

    def _fits_an_area(self) -> None:
        if self.threshold is None:
            return
        if self.severity is not None:
            raise ValueError("区域预案不分轻重 a plan for an area is for trouble however severe")
        if any(tell.whom is Whom.RELATIVES for tell in self.tells):
            raise ValueError(
                "区域预案没有联系人 an area has no relatives: tell staff, the nearest or the desk"
            )
        cries = CRIES & set(self.kinds)
        if cries and cries != set(self.kinds):
            raise ValueError("呼救要单独成一个区域预案 calls for help have a plan for areas of their own")
        if self.threshold.street_homes and set(self.kinds) - CRIES:
            raise ValueError("只有呼救按全街道计 only calls for help are counted in a whole street")

    @property
    def tells(self) -> tuple[Tell, ...]:
        """Every line of every rung, in order."""
        return tuple(tell for rung in self.rungs for tell in rung.tell)

    @property
    def _waits(self) -> tuple[int, ...]:
        return (
            self.repeat_s,
            self.offer_s,
            self.arrive_grace_s,
            self.relative_s,
            self.check_in_s,
        )


# ---- offers ----


class OfferState(StrEnum):
    ASKED = "asked"
    ACCEPTED = "accepted"
    ON_THE_WAY = "on_the_way"
    ARRIVED = "arrived"
    DONE = "done"
    DECLINED = "declined"
    EXPIRED = "expired"
    WITHDRAWN = "withdrawn"  # the case was closed, or somebody else covers it


OPEN_OFFERS = frozenset({OfferState.ASKED, OfferState.ACCEPTED, OfferState.ON_THE_WAY, OfferState.ARRIVED})
COVERING = frozenset({OfferState.ACCEPTED, OfferState.ON_THE_WAY, OfferState.ARRIVED})


@dataclass(frozen=True, slots=True)
class Offer:
    """One responder is asked to come. `why` says why this one, in words an operator can repeat.

    Who comes says when, or is given a time of arrival. A supervisor who accepts without one sees to it that
    somebody goes, and does not set out: nobody waits for her at the door.
    """

    id: int
    incident_id: int
    responder_id: int
    state: OfferState
    why: str
    asked_at: datetime
    expires_at: datetime
    distance_m: float | None = None
    eta_at: datetime | None = None
    changed_at: datetime | None = None
    eta_min: int | None = None  # as it was reckoned when she was asked

    @property
    def oversees(self) -> bool:
        return self.state is OfferState.ACCEPTED and self.eta_at is None

    @property
    def covers(self) -> bool:
        """Whether somebody is on the way, or there."""
        return self.state in COVERING and not self.oversees


@dataclass(frozen=True, slots=True)
class Candidate:
    """Somebody who could be sent, best first, with the reason. `eta_min` in whole minutes.

    Where the site has its roads, `seconds` is what ranks her, and `by_road` whether it was found on them.
    """

    responder: Responder
    why: str
    distance_m: float | None = None  # in a straight line
    eta_min: int | None = None
    seconds: float | None = None
    by_road: bool = False

    @property
    def order(self) -> float:
        """What ranks her among all who could go to one home: the lower the better."""
        if self.seconds is not None:
            return self.seconds
        return inf if self.distance_m is None else self.distance_m

    @property
    def road_min(self) -> int | None:
        """Minutes on the road, where those are known."""
        return self.eta_min if self.by_road else None


class Candidates(Protocol):
    """Who is on duty, as one home sees them."""

    def fitting(self, tell: Tell) -> Iterable[Candidate]:
        """Those whom `tell` means, the nearest first whatever their kind; who has no distance comes last."""
        ...


# ---- messages ----


class MessageState(StrEnum):
    """Named for what we know, not for what we hope."""

    QUEUED = "queued"
    SENDING = "sending"
    SENT = "sent"  # the provider took it
    UNCONFIRMED = "unconfirmed"  # it took it a while ago, and cannot say that it arrived
    DELIVERED = "delivered"  # the handset has it
    FAILED = "failed"  # this attempt failed for good
    UNDELIVERABLE = "undeliverable"  # the provider says it cannot arrive
    CANCELLED = "cancelled"  # not needed any more, never sent


# Receipts come unordered, doubled and late: the higher rank wins, whatever came first.
RANK: Mapping[MessageState, int] = {
    MessageState.QUEUED: 0,
    MessageState.SENDING: 1,
    MessageState.SENT: 2,
    MessageState.UNCONFIRMED: 3,
    MessageState.FAILED: 4,
    MessageState.UNDELIVERABLE: 4,
    MessageState.DELIVERED: 5,
    MessageState.CANCELLED: 6,
}

# Nobody may count on such a message: the ladder moves on at once.
LOST = frozenset({MessageState.UNCONFIRMED, MessageState.FAILED, MessageState.UNDELIVERABLE})


class Purpose(StrEnum):
    RAISED = "raised"
    ASK = "ask"
    ACCEPTED = "accepted"
    NEWS = "news"  # to whoever is on the way, and to relatives: trouble has come to the trouble
    CALLED_OFF = "called_off"  # to relatives: who had accepted does not come after all
    ARRIVED = "arrived"
    LATE = "late"  # to a responder: have you arrived?
    CHECK_IN = "check_in"  # to a responder on scene: is all well?
    COVERED = "covered"  # to a responder: somebody else comes already
    STAND_DOWN = "stand_down"
    CLOSED = "closed"
    CHECK = "check"  # is she well? Asks for an answer, belongs to no case
    WELL = "well"  # to who was asked: she has moved
    BACK = "back"  # a trip or a stay has ended, watching goes on
    TROUBLE = "trouble"  # to a technician: the centre itself is not well
    PROBE = "probe"  # a synthetic press, to nobody
    DRILL = "drill"  # does a text reach this number? Belongs to no case
    CONSENT = "consent"  # no more texts to this number, or texts again; the weekly one, or not
    DEVICE = "device"  # to a contact: a battery is weak, a device is silent. Asks nobody to come
    WEEKLY = "weekly"  # what the week was like, to who wants it. Asks nothing, belongs to no case
    HELP = "help"  # an answer was not understood: how to answer


class Meaning(StrEnum):
    """What an answer means. What is unclear goes to an operator and is never guessed."""

    COMING = "coming"
    CANNOT = "cannot"
    FALSE_ALARM = "false_alarm"
    ARRIVED = "arrived"
    DONE = "done"
    WELL = "well"  # in answer to a welfare check
    HELP = "help"  # the same, but somebody must come
    STOP = "stop"
    START = "start"  # wants texts again
    WEEKLY = "weekly"  # wants the weekly summary
    NO_WEEKLY = "no_weekly"  # does not want it any more
    RECEIVED = "received"  # has read it, and does not say more
    UNCLEAR = "unclear"


# What stays said when the same phone then writes "谢谢" or asks something.
DEFINITE = frozenset(
    {
        Meaning.COMING,
        Meaning.CANNOT,
        Meaning.FALSE_ALARM,
        Meaning.ARRIVED,
        Meaning.DONE,
        Meaning.STOP,
        Meaning.START,
    }
)


class CallResult(StrEnum):
    """How a call went that an operator made by hand."""

    ANSWERED = "answered"
    NO_ANSWER = "no_answer"
    NO_SUCH_NUMBER = "no_such_number"  # the register is wrong, and nobody is reached by it


class Lane(IntEnum):
    """Who leaves first: a lower number. Stored, so no number is ever used again for something else."""

    FIRST = -1  # the first word of a person's alarm: one message of each home
    EARLY = 0  # the others of that home who are told and asked at once with it
    PERSON = 1  # what follows of a person's alarm: later rungs, repeats, news, its end
    ORDINARY = 2
    LAST = 3  # trouble of devices, tests of numbers

    @property
    def is_urgent(self) -> bool:
        """Whether nothing that was said before, and nothing ordinary, may delay it."""
        return self <= Lane.EARLY

    @property
    def is_persons(self) -> bool:
        return self <= Lane.PERSON


@dataclass(frozen=True, slots=True)
class Recipient:
    """Who gets a message: `who` is `contact:<id>` or `responder:<id>`."""

    who: str
    name: str
    phone: str
    url: str = field(default="", repr=False)  # where a push goes; filled in when it is sent


@dataclass(frozen=True, slots=True)
class Message:
    """One text or call to one person: an outbox row. `key` is unique and goes to the provider as its token.

    `variables` say the same as `body` in few short words, in order, for channels that only fill templates.
    `refused` names the channels that said it can never arrive by them.
    """

    id: int
    key: str
    incident_id: int | None
    to: Recipient
    purpose: Purpose
    body: str
    channel: str
    lane: Lane
    state: MessageState
    attempts: int
    created_at: datetime
    due_at: datetime
    provider_id: str = ""
    error: str = ""
    sent_at: datetime | None = None
    delivered_at: datetime | None = None
    variables: Mapping[str, str] = field(default_factory=dict)
    refused: tuple[str, ...] = ()
    is_call: bool = False  # to be said by telephone, whatever the person likes better
    leads_to: int | None = None  # the case whose page several requests in one text open: where to go first

    @property
    def is_bundle(self) -> bool:
        """Whether it holds several requests, each of another case: it belongs to none itself."""
        return self.purpose is Purpose.ASK and self.incident_id is None

    @property
    def is_spoken(self) -> bool:
        """Whether it rings a telephone: it had to, or its person likes that better at this hour."""
        return self.is_call or speaks(self.channel)


def speaks(channel: str) -> bool:
    """Whether a channel reads messages out on the telephone: its name says so."""
    return channel.endswith("-voice")


@dataclass(frozen=True, slots=True)
class Draft:
    """A message that a rule wants to be sent; the store gives it an id."""

    key: str
    to: Recipient
    purpose: Purpose
    rung: int
    body: str
    lane: Lane = Lane.PERSON
    variables: Mapping[str, str] = field(default_factory=dict)
    is_call: bool = False  # to be said by telephone, whatever the person likes better


@dataclass(frozen=True, slots=True)
class Ask:
    """A request that a rule wants to be made; becomes an offer and its message."""

    candidate: Candidate
    expires_at: datetime
    draft: Draft


# ---- the timeline ----


class Entry(StrEnum):
    """What can happen to an incident. Stored words: never renamed."""

    OPENED = "opened"
    SIGNAL = "signal"
    CLEARED = "cleared"
    LOOKED = "looked"
    CANCEL_ASKED = "cancel_asked"
    RUNG = "rung"
    SKIPPED = "skipped"
    DESK = "desk"
    CLAIMED = "claimed"
    LEASE_LOST = "lease_lost"
    ASKED = "asked"
    NEWS = "news"
    OFFER = "offer"
    MESSAGE = "message"
    REPLY = "reply"
    NOTE = "note"
    SCRIPT = "script"
    DIALLED = "dialled"
    CALLED = "called"
    STAGE = "stage"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class Fact:
    """Something to be written on the timeline. `actor` is `system`, `device:<key>`, `account:<id>`, …"""

    entry: Entry
    text: str
    actor: str = "system"
    detail: Mapping[str, object] = field(default_factory=dict)


def begins(fact: Fact, severity: Severity) -> Fact:
    """`fact` about trouble as severe as that, with which a ladder begins: so it stands on the timeline."""
    return replace(fact, detail={**fact.detail, "severity": int(severity)})


@dataclass(frozen=True, slots=True)
class TimelineEntry:
    """A written fact. `digest` chains it to the one before (hex SHA-256)."""

    id: int
    incident_id: int
    seq: int
    at: datetime
    entry: Entry
    actor: str
    text: str
    detail: Mapping[str, object]
    digest: str


# ---- what the rules are asked with ----


@dataclass(frozen=True, slots=True)
class Told:
    """Somebody has been told or asked, on which rung; `answer` is what they said, when they did."""

    who: str
    rung: int
    answer: Meaning | None = None
    unreachable: bool = False  # the text could not be delivered
    answered_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Case:
    """One open incident as the escalation rule sees it."""

    incident: Incident
    plan: Plan
    home: HomeRecord | None
    candidates: Candidates | None  # None without a home
    offers: tuple[Offer, ...]
    told: tuple[Told, ...]
    people: Mapping[int, Responder] = field(default_factory=dict)  # by id: whoever has an offer
    log: tuple[TimelineEntry, ...] = ()  # what is needed of the timeline (`news`), once somebody accepted
    rests: bool = False  # it is part of its area's trouble (`storms`): asks nobody while that is looked after


@dataclass(frozen=True, slots=True)
class Step:
    """What the escalation rule decided: to be written in one transaction, then said."""

    due_at: datetime
    rung: int
    ladder_rung: int
    ladder_at: datetime
    kind: Kind
    texts: tuple[Draft, ...] = ()
    asks: tuple[Ask, ...] = ()
    expired: tuple[int, ...] = ()  # offers nobody answered in time
    facts: tuple[Fact, ...] = ()
    lease_lost: bool = False
