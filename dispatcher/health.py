"""Is the centre itself well? Pure: what was seen of its workers, queues and probes in, a judgement out.

A process that stands still looks alive from outside, so nothing here asks whether it runs: only when its loop
last turned, how long work has waited, and whether a synthetic press came through.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from devices.signal import aware

Pair = tuple[str, str]  # Chinese, English

STALE = timedelta(seconds=10)  # loops turn every second and say so every three
OVERDUE = timedelta(seconds=15)  # how long past its due time an incident, or a text, may be
UNSENT = timedelta(seconds=60)  # how long a person alarm's text may be on its way to the provider
TWO_MISSES = 2  # one may be chance
THREE_FAILURES = 3  # then a dispatcher, too, lets a channel rest
INAUDIBLE = timedelta(seconds=60)  # consoles say every 15 s whether they can be heard
SOUND = "sound"


class WorkerKind(StrEnum):
    GATEWAY = "gateway"
    DISPATCHER = "dispatcher"
    COURIER = "courier"
    ROUNDS = "rounds"
    PATROL = "patrol"
    DOWNLINK = "downlink"
    API = "api"
    WATCH = "watch"
    FALLBACK = "fallback"


WORKER_WORD: Mapping[WorkerKind, Pair] = {
    WorkerKind.GATEWAY: ("网关", "gateway"),
    WorkerKind.DISPATCHER: ("调度", "dispatcher"),
    WorkerKind.COURIER: ("发送", "courier"),
    WorkerKind.ROUNDS: ("查房", "rounds"),
    WorkerKind.PATROL: ("巡检", "patrol"),
    WorkerKind.DOWNLINK: ("回话", "downlink"),
    WorkerKind.API: ("控制台", "console"),
    WorkerKind.WATCH: ("看门", "watch"),
    WorkerKind.FALLBACK: ("后备", "fall-back"),
}

VITAL_WORD: Mapping[str, Pair] = {
    **{kind.value: word for kind, word in WORKER_WORD.items()},
    "database": ("数据库", "database"),
    "incidents": ("警情", "cases"),
    "messages": ("通知", "messages"),
    "alarms": ("报警", "alarms"),
    "pages": ("故障通知", "telling technicians"),
    "hearing": ("收听", "listening"),
    "probe": ("自检", "self-test"),
    SOUND: ("声音", "sound"),
}
"""What each check is called; one of a provider, `channel:<name>`, by the provider's own name."""

NEEDED = frozenset({WorkerKind.GATEWAY, WorkerKind.DISPATCHER, WorkerKind.COURIER, WorkerKind.API})
"""Without one of each of these nobody is helped."""


class Grade(StrEnum):
    """The words of the health check format for HTTP APIs (draft-inadarei-api-health-check)."""

    PASS = "pass"
    WARN = "warn"  # the work is done, but something is missing
    FAIL = "fail"  # somebody may not be helped


_WORSE = (Grade.PASS, Grade.WARN, Grade.FAIL)


@dataclass(frozen=True, slots=True)
class Worker:
    """One loop of one process. `ailment` is what it says of itself; empty when it is well.

    `topics` is a gateway's slice: MQTT filters separated by commas; empty: all.
    """

    name: str
    kind: WorkerKind
    host: str
    started_at: datetime
    last_turn_at: datetime
    ailment: str = ""
    topics: str = ""

    def is_stale(self, now: datetime) -> bool:
        """Whether its loop stands still. A turn from the future was written before a clock was set back."""
        return abs(now - self.last_turn_at) > STALE


@dataclass(frozen=True, slots=True)
class Waiting:
    """How much waits longer than it may, and since when the oldest of it."""

    count: int = 0
    oldest_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Probing:
    """The synthetic presses at one `place` that have ended: how many of the last ones never came through."""

    misses: int
    ended_at: datetime
    took_s: float | None  # of the last that came through
    place: str = ""


@dataclass(frozen=True, slots=True)
class Hearing:
    """How many gateways hear so many `devices` of one `place`, such as care/east."""

    place: str
    devices: int
    gateways: int


@dataclass(frozen=True, slots=True)
class ChannelHealth:
    """What is known of a provider. Two misses in a row, and another one should be tried first."""

    name: str
    asked_at: datetime
    answered_at: datetime | None
    misses: int
    took_s: float | None = None
    error: str = ""

    @property
    def is_sick(self) -> bool:
        return self.misses >= TWO_MISSES


@dataclass(frozen=True, slots=True)
class Traffic:
    """What a channel did with real messages. `failures`: attempts in a row since it last took one; so many of
    them, and it does not work. `waiting_since`: the oldest message that it was last tried with.
    """

    name: str
    sent_at: datetime | None = None
    failed_at: datetime | None = None
    failures: int = 0
    error: str = ""
    waiting_since: datetime | None = None

    @property
    def is_sick(self) -> bool:
        return self.failures >= THREE_FAILURES


@dataclass(frozen=True, slots=True)
class Audible:
    """How many consoles were open in the last day, and when one last said that it can sound an alarm."""

    consoles: int = 0
    last_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Facts:
    """What a look at the store has found."""

    workers: tuple[Worker, ...] = ()
    overdue: Waiting = Waiting()  # open incidents that nobody looks at in time
    unsent: Waiting = Waiting()  # messages that do not leave
    orphans: Waiting = Waiting()  # alarms that are not over and have no open incident
    pages: Waiting = Waiting()  # messages to technicians that do not leave
    probing: tuple[Probing, ...] = ()
    hearing: tuple[Hearing, ...] = ()
    channels: tuple[ChannelHealth, ...] = ()
    traffic: tuple[Traffic, ...] = ()
    audible: Audible = Audible()


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at. `value` is in `unit`; `since`: ill since then; `moments`: what was when,
    by names as in JSON.
    """

    name: str
    grade: Grade
    text: Pair = ("", "")
    value: float | None = None
    unit: str = ""
    since: datetime | None = None
    moments: Mapping[str, datetime] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Health:
    at: datetime
    checks: tuple[Check, ...]

    def __post_init__(self) -> None:
        aware(self.at, "at")

    @property
    def grade(self) -> Grade:
        return max((check.grade for check in self.checks), key=_WORSE.index, default=Grade.PASS)

    @property
    def ill(self) -> tuple[Check, ...]:
        """What fails."""
        return tuple(check for check in self.checks if check.grade is Grade.FAIL)


def judge(facts: Facts, now: datetime, needed: Collection[WorkerKind] = NEEDED, gateways: int = 1) -> Health:
    """Return how the centre is at `now`, people's cases first.

    Of each kind in `needed` one worker at least must be well, and so many `gateways` are to hear each device.
    """
    return Health(
        now,
        (
            _waiting(
                "incidents", facts.overdue, ("起警情逾期无人处理", "incidents that nobody looks at"), now
            ),
            _waiting("messages", facts.unsent, ("条通知发不出去", "messages that do not leave"), now),
            _waiting("alarms", facts.orphans, ("个报警没有事件", "alarms without an incident"), now),
            _waiting("pages", facts.pages, ("条故障通知没有人收到", "pages that reach no technician"), now),
            *_workers(facts.workers, now, needed),
            *_hearing(facts.hearing, gateways),
            *_probing(facts.probing),
            *_channels(facts.channels, facts.traffic),
            *_sound(facts.audible, now),
        ),
    )


def database_away(now: datetime, why: str) -> Health:
    """How the centre is when its store cannot be asked: nothing else is known."""
    text = f"数据库无响应({why})", f"the database does not answer: {why}"
    return Health(now, (Check("database", Grade.FAIL, text),))


def watch_broken(now: datetime, why: str) -> Health:
    """How the centre is when the watch itself failed: nobody knows, and that is not well."""
    return Health(now, (Check("watch", Grade.FAIL, (f"看门出错({why})", f"the watch is broken: {why}")),))


def replaced(workers: Iterable[Worker], now: datetime) -> Iterator[Worker]:
    """Workers that stand still, after whose last turn another of their kind began on the same machine."""
    known = tuple(workers)
    for gone in known:
        if gone.is_stale(now) and any(
            (other.kind, other.host) == (gone.kind, gone.host) and other.started_at > gone.last_turn_at
            for other in known
        ):
            yield gone


def _workers(workers: tuple[Worker, ...], now: datetime, needed: Collection[WorkerKind]) -> Iterator[Check]:
    forgotten = {gone.name for gone in replaced(workers, now)}
    standing = [worker for worker in workers if worker.name not in forgotten]
    for kind in WorkerKind:
        own = [worker for worker in standing if worker.kind is kind]
        if own or kind in needed:
            yield _kind(kind, own, now, is_needed=kind in needed)


def _kind(kind: WorkerKind, own: list[Worker], now: datetime, *, is_needed: bool) -> Check:
    word = WORKER_WORD[kind]
    ill = [worker for worker in own if worker.is_stale(now) or worker.ailment]
    well = len(own) - len(ill)
    age = min((abs(now - worker.last_turn_at).total_seconds() for worker in own), default=None)
    if own and not ill:
        return Check(kind.value, Grade.PASS, value=age, unit="s")
    lost = Grade.FAIL if is_needed and not well else Grade.WARN
    said = [_ailment(worker, now) for worker in ill] or [("没有运行", "none is running")]
    text = f"{word[0]}{'、'.join(zh for zh, _ in said)}", f"{word[1]} {', '.join(en for _, en in said)}"
    since = max((worker.last_turn_at for worker in ill), default=None)
    return Check(kind.value, lost, text, age, "s", since)


def _ailment(worker: Worker, now: datetime) -> Pair:
    """In words that strangers may read: no names of machines."""
    if not worker.is_stale(now):
        zh, _, en = worker.ailment.partition(" ")
        return zh, en or zh
    silent = f"{(now - worker.last_turn_at).total_seconds():.0f}"
    return f"已停{silent}秒", f"stands still since {silent} s"


def _waiting(name: str, waiting: Waiting, what: Pair, now: datetime) -> Check:
    if not waiting.count:
        return Check(name, Grade.PASS, value=0, unit="waiting")
    longest = f"{(now - waiting.oldest_at).total_seconds():.0f}" if waiting.oldest_at else "?"
    text = f"{waiting.count}{what[0]},最久{longest}秒", f"{waiting.count} {what[1]}, the oldest {longest} s"
    return Check(name, Grade.FAIL, text, waiting.count, "waiting", waiting.oldest_at)


def _hearing(hearing: tuple[Hearing, ...], wanted: int) -> Iterator[Check]:
    """A slice of the topics that nobody reads: its devices call, and nobody hears."""
    if not hearing:
        return
    fewest = min(each.gateways for each in hearing)
    if fewest >= wanted:
        yield Check("hearing", Grade.PASS, value=fewest, unit="gateways")
        return
    lost = [each for each in hearing if each.gateways == fewest]
    where, devices = "、".join(each.place for each in lost), sum(each.devices for each in lost)
    if fewest:
        text = (
            f"{where}的{devices}台设备只有{fewest}个网关在听",
            f"only {fewest} gateway hears {devices} devices of {where}",
        )
    else:
        text = f"{where}的{devices}台设备没有网关在听", f"no gateway hears {devices} devices of {where}"
    yield Check("hearing", Grade.WARN if fewest else Grade.FAIL, text, fewest, "gateways")


def _probing(probing: tuple[Probing, ...]) -> Iterator[Check]:
    """The worst of all places: in each of them somebody may press."""
    if not probing:
        return
    misses = max(each.misses for each in probing)
    if not misses:
        slowest = max((each.took_s for each in probing if each.took_s is not None), default=None)
        yield Check("probe", Grade.PASS, value=slowest, unit="s")
        return
    where = "、".join(each.place for each in probing if each.misses == misses and each.place)
    text = (
        f"{where}连续{misses}次自检没有走通",
        f"{misses} synthetic presses did not come through {where}".rstrip(),
    )
    grade = Grade.FAIL if misses >= TWO_MISSES else Grade.WARN
    yield Check("probe", grade, text, misses, "misses")


def _channels(asked: tuple[ChannelHealth, ...], traffic: tuple[Traffic, ...]) -> Iterator[Check]:
    """Each channel as it answers, and as it carries: not all can be asked, and not all have carried."""
    answers, carries = {one.name: one for one in asked}, {one.name: one for one in traffic}
    used = [one for one in traffic if one.sent_at or one.failed_at]
    known: list[ChannelHealth | Traffic] = [*asked, *used]
    sick = {one.name for one in known if one.is_sick}
    worst = Grade.FAIL if sick == {one.name for one in known} else Grade.WARN
    for name in sorted(answers.keys() | carries.keys()):
        yield _channel(name, answers.get(name), carries.get(name, Traffic(name)), worst)


def _channel(name: str, asked: ChannelHealth | None, carried: Traffic, worst: Grade) -> Check:
    """`worst` is how bad it is when it does not work: whether another one does."""
    moments = {
        "lastSuccess": carried.sent_at,
        "lastFailure": carried.failed_at,
        "lastAnswer": asked.answered_at if asked is not None else None,
        "waitingSince": carried.waiting_since,
    }
    known = {what: at for what, at in moments.items() if at is not None}
    check = f"channel:{name}"
    if asked is not None and asked.misses:
        said = f"({asked.error})" if asked.error else ""
        text = f"通道{name}连续{asked.misses}次无应答{said}", f"{name} does not answer {said}"
        return Check(check, worst, text, asked.misses, "misses", asked.answered_at, known)
    if carried.is_sick:
        said = f"({carried.error})" if carried.error else ""
        text = f"通道{name}连续{carried.failures}次发送失败{said}", f"{name} carries nothing {said}"
        return Check(check, worst, text, carried.failures, "failures", carried.sent_at, known)
    if asked is None:
        return Check(check, Grade.PASS, moments=known)
    return Check(check, Grade.PASS, value=asked.took_s, unit="s", moments=known)


def _sound(audible: Audible, now: datetime) -> Iterator[Check]:
    """Alarms that nobody hears in the room: relatives and workers are told all the same, so it only warns."""
    if not audible.consoles:
        return
    if audible.last_at is not None and abs(now - audible.last_at) <= INAUDIBLE:
        yield Check(SOUND, Grade.PASS, value=abs(now - audible.last_at).total_seconds(), unit="s")
        return
    text = "没有一台控制台能发出声音", "no console can be heard"
    yield Check(SOUND, Grade.WARN, text, since=audible.last_at)
