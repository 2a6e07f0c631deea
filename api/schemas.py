"""What comes in over JSON and is not yet one of our words: checked here, turned into values in the routes."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Literal

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, model_validator

from community.model import Medium, ResponderKind, Way
from devices.formats.keys import as_heard
from devices.signal import Kind, Role
from dispatcher.absence import LONGEST_OUT_OF_BED_MIN, AwayKind
from dispatcher.exchange import Ending
from dispatcher.model import (
    LONGEST_DELAY,
    MOST_TOLD,
    MOST_WITHIN_S,
    CallResult,
    CloseCode,
    OfferState,
    Severity,
    Whom,
)
from dispatcher.scripts import Said
from dispatcher.watching import Outcome
from dispatcher.webhooks import Detail, Event
from hotline.orders import Step


def _storable(text: str) -> str:
    """Databases keep no NUL character."""
    if "\x00" in text:
        raise ValueError("has a NUL character, which nobody can read: remove it")
    return text


Text = Annotated[str, Field(max_length=2000), AfterValidator(_storable)]
Line = Annotated[str, Field(max_length=200), AfterValidator(_storable)]
Number = Annotated[str, Field(max_length=64), AfterValidator(_storable)]
Key = Annotated[
    str, Field(min_length=3, max_length=200), AfterValidator(_storable), AfterValidator(as_heard)
]  # of a device
Inverted = Annotated[
    bool,
    Field(description="its contact is the other way round than its model's; of door and bed sensors only"),
]
Id = Annotated[int, Field(ge=1, lt=2**63)]


class In(BaseModel):
    """Unknown fields are refused: a misspelt one would be silently without effect."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)


class LoginIn(In):
    login: Line = Field(examples=["liufang"])
    password: Annotated[str, Field(max_length=200)] = Field(examples=["…"])


class NoteIn(In):
    text: Text = Field(min_length=1, examples=["电话接通,老人说头晕,意识清楚"])


QuestionName = Annotated[str, Field(pattern=r"^[a-z0-9_]{1,32}$")]
Words = tuple[
    Annotated[str, Field(max_length=120), AfterValidator(_storable)],
    Annotated[str, Field(max_length=240), AfterValidator(_storable)],
]  # Chinese, English; the English may be empty


class SaidIn(In):
    question: QuestionName = Field(examples=["awake"])
    answer: Said = Field(examples=["yes"])


Who = Annotated[
    str,
    Field(
        pattern=r"^((contact|resident|responder):[0-9]{1,18}|home|key|120)$",
        examples=["contact:3"],
        description="resident:<id>, contact:<id>, responder:<id>, home for its own line, key for the key "
        "holder, or 120",
    ),
]


class CalledIn(In):
    who: Who
    result: CallResult = Field(examples=["no_answer"])


class DialIn(In):
    who: Who
    extension: str = Field(
        default="",
        pattern=r"^([0-9]{2,8})?$",
        examples=["601"],
        description="the telephone of the desk, which the exchange rings first; empty: dialled by hand, "
        "and only written on the timeline",
    )


class CloseIn(In):
    code: CloseCode = Field(examples=["helped"])
    note: Text = Field(default="", examples=["低血糖,已进食休息,网格员留下观察"])
    seen: Annotated[int, Field(ge=0, lt=2**31)] | None = Field(
        default=None,
        examples=[14],
        description="the version of the case that whoever closes it has seen: a call for help after it is "
        "`heard_meanwhile`",
    )


class ExerciseIn(In):
    household_id: Id = Field(examples=[17])
    kind: Kind = Field(examples=["sos"], description="an emergency: sos, fall, smoke, gas or co")


class MaintenanceIn(In):
    device_id: Id | None = Field(default=None, examples=[7], description="none: the whole site")
    reason: Line = Field(min_length=1, examples=["更换网关"])
    minutes: Annotated[int, Field(ge=1, le=1440)] = Field(examples=[120])


class AskIn(In):
    responder_id: Id = Field(examples=[7])


class AnswerIn(In):
    state: OfferState = Field(
        examples=["accepted"], description="accepted, on_the_way, arrived, done or declined"
    )
    eta_min: Annotated[int, Field(ge=0, le=720)] | None = Field(
        default=None, examples=[6], description="minutes until the responder is there"
    )
    note: Text = ""


class PassIn(In):
    who: str = Field(
        pattern=r"^(contact|responder):[0-9]{1,18}$",
        examples=["contact:3"],
        description="whom it is for: contact:<id> or responder:<id>",
    )


class AssignIn(In):
    incident_id: Id = Field(examples=[12])


class PositionIn(In):
    lon: Annotated[float, Field(ge=-180, le=180)] = Field(examples=[118.5476])
    lat: Annotated[float, Field(ge=-90, le=90)] = Field(examples=[37.5879])
    source: Annotated[str, Field(max_length=32)] = "console"
    accuracy_m: Annotated[float, Field(ge=0)] | None = None


class ResidentIn(In):
    id: Id | None = Field(default=None, description="a present resident; leave out for a new one")
    name: Line = Field(min_length=1, examples=["王秀英"])
    sex: Annotated[str, Field(pattern="^(男|女|)$")] = Field(default="", examples=["女"])
    birth_date: date | None = Field(default=None, examples=["1942-03-08"])
    phone: Number = ""
    lives_alone: bool = False
    health_notes: Text = Field(default="", examples=["听力减退,请大声"])
    conditions: Text = Field(default="", examples=["高血压、2型糖尿病"])
    medicines: Text = Field(default="", examples=["胰岛素,早晚各一次"])
    allergies: Text = Field(default="", examples=["青霉素"])


class ContactIn(In):
    id: Id | None = Field(default=None, description="a present contact; leave out for a new one")
    name: Line = Field(min_length=1, examples=["王丽"])
    relation: Line = Field(examples=["女儿"])
    phone: Number = Field(min_length=1, examples=["13800138000"])


class TextsIn(In):
    """What a contact has told an operator, and how: whether texts, or the weekly one, are wanted."""

    wanted: bool = Field(examples=[False])
    way: Literal[Way.PHONE, Way.IN_PERSON, Way.PAPER] = Way.PHONE


class CodeIn(In):
    """The digits that a contact has read out."""

    code: Annotated[str, Field(pattern=r"^[0-9]{4}$", examples=["4821"])]


class ContactChannelIn(In):
    """One way to tell a person, between two minutes of the site's day; `ends` may pass midnight."""

    medium: Medium = Field(examples=["voice"])
    url: Annotated[str, Field(max_length=500, pattern=r"^[a-z0-9+.-]+://\S+$")] | None = Field(
        default=None, repr=False, description="for a push: its Apprise address, never shown again"
    )
    keeps: Annotated[int, Field(ge=0, lt=100)] | None = Field(
        default=None,
        description="for a push without `url`: the place, from 0, at which its address stands now",
    )
    starts: Annotated[int, Field(ge=0, lt=1440)] = Field(default=0, examples=[1320])
    ends: Annotated[int, Field(gt=0, le=2880)] = Field(default=1440, examples=[1860])


class HouseholdIn(In):
    """A new household. `area_id` is its grid cell."""

    area_id: Id = Field(examples=[3])
    address: Line = Field(min_length=1, examples=["和平社区幸福里3幢2单元501"])
    building: Line = Field(default="", examples=["3幢"])
    unit: Line = Field(default="", examples=["2单元"])
    floor: Annotated[int, Field(ge=-10, le=200)] | None = Field(default=None, examples=[5])
    room: Line = Field(default="", examples=["501"])
    position: PositionIn | None = None
    access_notes: Text = Field(default="", examples=["敲门要重"])
    phone: Number = ""
    gate: Line = Field(default="", examples=["北门,夜里只开北门"])
    door_notes: Text = Field(default="", examples=["单元门密码 2580#"])
    key_holder: Line = Field(default="", examples=["502邻居张桂芝"])
    key_holder_phone: Number = ""
    residents: Annotated[list[ResidentIn], Field(max_length=20)] = Field(default_factory=list)
    contacts: Annotated[list[ContactIn], Field(max_length=20)] = Field(
        default_factory=list, description="in the order in which they are told"
    )


class HouseholdPatch(In):
    """What is left out stays. `residents` are added, or changed by id; `contacts` replaces the whole list."""

    area_id: Id | None = None
    address: Line | None = Field(default=None, min_length=1)
    building: Line | None = None
    unit: Line | None = None
    floor: Annotated[int, Field(ge=-10, le=200)] | None = None
    room: Line | None = None
    position: PositionIn | None = None
    access_notes: Text | None = None
    phone: Number | None = None
    gate: Line | None = None
    door_notes: Text | None = Field(default=None, examples=["单元门密码 2580#"])
    key_holder: Line | None = None
    key_holder_phone: Number | None = None
    residents: Annotated[list[ResidentIn], Field(max_length=20)] | None = None
    contacts: Annotated[list[ContactIn], Field(max_length=20)] | None = None


class DeviceIn(In):
    """A device to enrol. `key` is family:identity, as the device's own network names it."""

    key: Key = Field(examples=["care:kenli/KL-0001"])
    role: Role = Field(examples=["help_button"])
    household_id: Id | None = Field(default=None, examples=[5])
    vendor: Line = ""
    model: Line = Field(default="", examples=["TS0215A"])
    label: Line = Field(default="", examples=["床头"])
    username: Annotated[str, Field(max_length=64), AfterValidator(_storable)] = Field(
        default="", description="its login at the MQTT server, when it has one of its own"
    )
    inverted: Inverted = False


class DevicePatch(In):
    """What is left out stays; `household_id` null takes the device out of its household."""

    role: Role | None = None
    household_id: Id | None = None
    vendor: Line | None = None
    model: Line | None = None
    label: Line | None = None
    inverted: Inverted | None = None
    enabled: bool | None = Field(default=None, examples=[False])


class WiringIn(In):
    """Which way round the contact of a door or bed sensor is wired."""

    inverted: Inverted = Field(examples=[True])


class ProposalIn(In):
    """Whose a device is that was heard, and what it is for."""

    household_id: Id = Field(examples=[5])
    role: Role = Field(examples=["help_button"])
    label: Line = Field(default="", examples=["床头"])


class LabelsIn(In):
    """Devices of one model that get labels; those that are not enrolled yet are, without a home."""

    keys: list[Key] = Field(
        min_length=1, max_length=200, examples=[["care:kenli/KL-0101", "care:kenli/KL-0102"]]
    )
    role: Role = Field(examples=["help_button"])
    vendor: Line = ""
    model: Line = Field(default="", examples=["KL-1"])


class ClaimIn(In):
    """Where the device with a label is installed."""

    household_id: Id = Field(examples=[5])
    label: Line = Field(default="", examples=["床头"])


class TrialOut(BaseModel):
    """`heard_at` is when its alarm came: it works. `left_s` counts down to `until`."""

    until: datetime
    heard_at: datetime | None
    left_s: int = Field(examples=[587])


class SupervisionIn(In):
    """What is left out is as is usual: no hub, and the rhythm of the device's role."""

    hub_id: Id | None = Field(default=None, examples=[7])
    expect_every_s: int | None = Field(default=None, ge=60, le=2_678_400, examples=[3600])


class ResponderIn(In):
    """Somebody who can be sent. `areas` are those whose staff she is; who is never on duty is never asked."""

    kind: ResponderKind = Field(examples=["grid_worker"])
    name: Line = Field(min_length=1, examples=["李强"])
    phone: Number = Field(min_length=1, examples=["13800000011"])
    areas: Annotated[list[Id], Field(max_length=500)] = []
    skills: Annotated[list[Line], Field(max_length=50)] = []
    position: PositionIn | None = None
    active: bool = True


class ResponderPatch(In):
    """What is left out stays. An operator may say where she is and whether she can be sent; no more."""

    kind: ResponderKind | None = None
    name: Line | None = Field(default=None, min_length=1)
    phone: Number | None = Field(default=None, min_length=1)
    areas: Annotated[list[Id], Field(max_length=500)] | None = None
    skills: Annotated[list[Line], Field(max_length=50)] | None = None
    position: PositionIn | None = None
    active: bool | None = Field(default=None, examples=[True])


class PhoneIn(In):
    """A telephone that tells where its owner is."""

    key: Key = Field(examples=["owntracks:li/phone"])


class ItemIn(In):
    """A service on offer. The price is in fen, 0 is free of charge; without an `id` it is new."""

    id: Id | None = None
    category: Line = Field(min_length=1, examples=["家政"])
    name: Line = Field(min_length=1, examples=["擦窗"])
    unit: Line = Field(examples=["小时"])
    price_fen: Annotated[int, Field(ge=0, le=100_000_000)] = Field(examples=[3500])
    active: bool = True


class ProviderIn(In):
    """A provider with all it offers; an item that is left out is offered no more."""

    name: Line = Field(min_length=1, examples=["黄河家政服务部"])
    category: Line = Field(min_length=1, examples=["家政"])
    phone: Number = Field(min_length=1, examples=["05462520118"])
    active: bool = True
    items: Annotated[list[ItemIn], Field(max_length=500)]


class WebhookIn(In):
    """A receiver, the events it hears, and what of a home it may know beside its cell."""

    label: Line = Field(min_length=1, examples=["街道大数据平台"])
    url: Annotated[str, Field(min_length=1, max_length=500, examples=["https://grid.example.org/anxin"])]
    events: list[Event] = Field(min_length=1, max_length=len(Event), examples=[["incident.raised"]])
    includes: list[Detail] = Field(default=[], max_length=len(Detail), examples=[["address"]])
    enabled: bool = True


class DutyIn(In):
    """Each week on `days`, from `starts` until before `ends`; an `ends` beyond 1440 is the next morning."""

    days: list[int] = Field(min_length=1, max_length=7, examples=[[1, 2, 3, 4, 5]])
    starts: int = Field(ge=0, lt=1440, examples=[1080])
    ends: int = Field(gt=0, le=2880, examples=[1920])

    @model_validator(mode="after")
    def _is_a_duty(self) -> DutyIn:
        if not all(1 <= day <= 7 for day in self.days):
            raise ValueError("days are 1 (Monday) to 7 (Sunday)")
        if not self.starts < self.ends <= self.starts + 1440:
            raise ValueError("a duty ends after it starts and lasts a day at most")
        return self


class LeaveIn(In):
    starts: AwareDatetime = Field(examples=["2026-12-01T00:00:00+08:00"])
    ends: AwareDatetime = Field(examples=["2026-12-04T00:00:00+08:00"])
    reason: str = Field(default="", max_length=100, examples=["年假"])


class PhoneReplyIn(In):
    body: Text = Field(min_length=1, examples=["1"])


class PhoneKeyIn(In):
    digit: str = Field(pattern=r"^[0-9*#]$", examples=["1"])


class PhoneCallEndIn(In):
    how: Ending = Field(examples=["voicemail"])


class PhoneReceptionIn(In):
    texts_arrive: bool = Field(examples=[False])


class CallIn(In):
    number: Number = Field(
        examples=["013800138000"], description="as the exchange gives it; empty if withheld"
    )


class CallOrderIn(In):
    item_id: Id = Field(examples=[4])
    household_id: Id | None = Field(default=None, description="when the caller's number does not tell")
    note: Text = Field(default="", examples=["下午三点以后"])


class CallIncidentIn(In):
    kind: Kind = Field(default=Kind.SOS, examples=["sos"])
    household_id: Id | None = Field(default=None, description="when the caller's number does not tell")
    text: Text = Field(default="", examples=["邻居来电:敲门没有人应"])


class CallHomeIn(In):
    household_id: Id = Field(examples=[5])


class CallNoteIn(In):
    note: Text = Field(default="", examples=["问医保缴费时间,已答复"])


class OrderIn(In):
    household_id: Id = Field(examples=[5])
    item_id: Id = Field(examples=[4])
    note: Text = Field(default="", examples=["下午三点以后"])


class OrderStepIn(In):
    step: Step = Field(examples=["pass_on"])
    note: Text = Field(default="", examples=["服务商今天没有人手"])


class ReportIn(In):
    """A human says that there is trouble."""

    household_id: Id
    kind: Kind = Field(default=Kind.SOS, examples=["sos"])
    text: Text = Field(default="", examples=["巡查发现老人摔倒"])


_LONGEST_S = int(LONGEST_DELAY.total_seconds()) - 1
Wait = Annotated[int, Field(ge=15, le=_LONGEST_S, description="seconds")]


class TellIn(In):
    """A line of a rung. `kinds` and `skill` are for nearest and staff; 0 relatives are all who are left."""

    whom: Whom = Field(examples=["nearest"])
    count: Annotated[int, Field(ge=0, le=MOST_TOLD)] = Field(default=1, examples=[2])
    kinds: Annotated[list[ResponderKind], Field(max_length=10)] = Field(
        default_factory=list, examples=[["grid_worker", "community_worker"]]
    )
    skill: Line = Field(default="", examples=["急救"], description="as the register names it")


class RungIn(In):
    after_s: Annotated[int, Field(ge=0, le=_LONGEST_S)] = Field(
        examples=[60], description="seconds from when the plan began, while nobody is on the way"
    )
    tell: Annotated[list[TellIn], Field(min_length=1, max_length=10)]


class ThresholdIn(In):
    """From how many homes of one cell on, within how many seconds; `street_homes`, or of the whole street."""

    homes: Annotated[int, Field(ge=2, le=1000)] = Field(examples=[5])
    within_s: Annotated[int, Field(ge=1, le=MOST_WITHIN_S)] = Field(examples=[180])
    street_homes: Annotated[int, Field(ge=0, le=10_000)] = Field(
        default=0, description="0: never. Only for calls for help", examples=[0]
    )


class PlanIn(In):
    """A response plan. The last rung must ring the desk; it repeats every `repeat_s` seconds, for ever.

    With a `threshold` it is for an area: trouble of `kinds` in so many of its homes is one case of it.
    """

    title: Annotated[Line, Field(min_length=1)] = Field(examples=["紧急"])
    kinds: Annotated[list[Kind], Field(max_length=40)] = Field(
        examples=[["sos", "fall"]], description="they are taken from the plan that has them now"
    )
    severity: Severity | None = Field(
        default=None, description="only for trouble that is exactly as severe; null: however severe"
    )
    rungs: Annotated[list[RungIn], Field(min_length=1, max_length=12)]
    repeat_s: Annotated[int, Field(ge=60, le=_LONGEST_S)] = Field(default=300, examples=[180])
    offer_s: Wait = Field(default=60, description="seconds that an asked responder has to answer")
    arrive_grace_s: Wait = Field(default=300, description="seconds past the ETA before others are asked")
    relative_s: Wait = Field(
        default=900, description="seconds for which a relative who is coming leaves the others in peace"
    )
    check_in_s: Wait = Field(default=1800, description="seconds on scene before the desk is to call them")
    threshold: ThresholdIn | None = None


class QuestionIn(In):
    """A question of a script. `name` stands on timelines; `steps` say what to do after an answer."""

    name: QuestionName = Field(examples=["awake"])
    ask: Words = Field(examples=[["意识清楚吗?", "Awake?"]])
    steps: dict[Said, Words] = Field(
        default_factory=dict, examples=[{"no": ["马上代叫120。", "Call 120 now."]}]
    )
    call_120: Said | None = Field(default=None, examples=["no"], description="after it, 120 before anything")


class ScriptIn(In):
    """What operators ask for some kinds of trouble: three to six questions, in this order."""

    title: Annotated[Line, Field(min_length=1)] = Field(examples=["跌倒"])
    kinds: Annotated[list[Kind], Field(max_length=40)] = Field(
        examples=[["fall"]], description="they are taken from the script that has them now"
    )
    questions: Annotated[list[QuestionIn], Field(max_length=12)]


class RehearsalIn(In):
    """For which home, trouble and moment; now when `at` is left out. `plan` tries one that is not kept."""

    household_id: Id = Field(examples=[5])
    kind: Kind = Field(default=Kind.SOS, examples=["sos"])
    severity: Severity | None = None
    at: datetime | None = Field(default=None, examples=["2026-11-22T03:00:00+08:00"])
    plan: PlanIn | None = None


class ReplayIn(In):
    """`plan` tries one that is not kept; today's for that trouble when it is left out."""

    plan: PlanIn | None = Field(default=None, examples=[None])


TimeOfDay = Annotated[str, Field(pattern=r"^([01]\d|2[0-3]):[0-5]\d$", examples=["07:00"])]


class WindowIn(In):
    """Hours of every day, local time."""

    starts: TimeOfDay
    ends: TimeOfDay


class PlannedCallsIn(In):
    days: Annotated[list[Annotated[int, Field(ge=1, le=7)]], Field(min_length=1, max_length=7)] = Field(
        examples=[[1, 3, 5]], description="ISO weekdays, 1 is Monday"
    )
    at: TimeOfDay


class NightIn(WindowIn):
    minutes: Annotated[int, Field(ge=1, le=LONGEST_OUT_OF_BED_MIN)] = Field(
        examples=[30], description="she left her bed within these hours, and is not back after so long"
    )


class WatchIn(In):
    """What a home is watched for. What is left out is not done."""

    presets: Annotated[list[Line], Field(max_length=20)] = Field(
        default_factory=list, examples=[["morning", "half_day"]], description="names from /api/watch-presets"
    )
    daily: WindowIn | None = Field(
        default=None, description="she presses green, or any button in test, to say that she is well"
    )
    calls: PlannedCallsIn | None = Field(default=None, description="planned welfare calls")
    night: NightIn | None = Field(default=None, description="needs a bed sensor; an alarm without a question")


class AwayIn(In):
    kind: AwayKind = Field(examples=["hospital"], description="trip, hospital or visitors")
    until: AwareDatetime = Field(examples=["2026-12-01T09:00:00+08:00"])


class CallOutcomeIn(In):
    outcome: Outcome = Field(examples=["well"], description="well, no_answer or help")
    note: Text = Field(default="", examples=["说睡得好,腿还有点疼"])
