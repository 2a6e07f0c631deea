"""The whole schema, and the constraints that the database itself must keep. Private to `storage/` packages.

Times are aware UTC. Ids are bigints. Nothing here needs an extension or one particular database.
"""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Date,
    DateTime,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.engine.interfaces import Dialect
from sqlalchemy.types import JSON, TypeDecorator

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)


class Moment(TypeDecorator[datetime]):
    """An aware UTC moment. SQLite has no time zone, so it is stored naive in UTC there."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        in_utc = aware_moment(value).astimezone(UTC)
        return in_utc.replace(tzinfo=None) if dialect.name == "sqlite" else in_utc

    def process_result_value(self, value: datetime | None, _dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def aware_moment(moment: datetime) -> datetime:
    """`moment` itself; ValueError when it has no time zone."""
    if moment.tzinfo is not UTC and moment.utcoffset() is None:
        raise ValueError(f"refusing a naive time: {moment!r}")
    return moment


def as_sqlite(moment: datetime) -> str:
    """`moment` as the text in which SQLAlchemy keeps it on SQLite, for statements that go past SQLAlchemy."""
    return aware_moment(moment).astimezone(UTC).isoformat(" ", "microseconds")[:26]


Id = BigInteger().with_variant(Integer, "sqlite")


def _id() -> Column[int]:
    return Column("id", Id, primary_key=True, autoincrement=True)


def _ref(target: str, *, name: str | None = None, nullable: bool = False, index: bool = False) -> Column[int]:
    return Column(name or f"{target}_id", Id, ForeignKey(f"{target}.id"), nullable=nullable, index=index)


# ---- the register ----

site = Table(
    "site",
    metadata,
    Column("code", String(32), primary_key=True),
    Column("name", Text, nullable=False),
    Column("hotline", String(32), nullable=False),
    Column("signature", Text, nullable=False),
    Column("timezone", String(64), nullable=False),
    Column("secret", String(64), nullable=False, server_default=""),
)

area = Table(
    "area",
    metadata,
    _id(),
    Column("level", String(16), nullable=False),
    Column("code", String(20), nullable=False),
    Column("code_scheme", String(8), nullable=False),
    Column("name", Text, nullable=False),
    _ref("area", name="parent_id", nullable=True, index=True),
    Column("polygon", JSON),
    Column("synthetic", Boolean, nullable=False, server_default=text("false")),
    UniqueConstraint("code_scheme", "code"),
)

building = Table(
    "building",
    metadata,
    _id(),
    _ref("area"),
    Column("name", Text, nullable=False),
    Column("storeys", Integer, nullable=False),
    Column("polygon", JSON, nullable=False),
    Column("synthetic", Boolean, nullable=False, server_default=text("false")),
    UniqueConstraint("area_id", "name"),
    CheckConstraint("storeys >= 1", name="storeys_at_least_one"),
)

road_network = Table(
    "road_network",
    metadata,
    _id(),
    Column("source", Text, nullable=False),
    Column("packed", LargeBinary, nullable=False),
    Column("pieces", Integer, nullable=False),
    Column("imported_at", Moment, nullable=False),
)

road_closure = Table(
    "road_closure",
    metadata,
    Column("way", String(120), primary_key=True),
    Column("why", Text, nullable=False),
    Column("closed_at", Moment, nullable=False),
)

household = Table(
    "household",
    metadata,
    _id(),
    _ref("area", index=True),
    Column("address", Text, nullable=False),
    Column("building", Text, nullable=False, server_default=""),
    Column("unit", Text, nullable=False, server_default=""),
    Column("floor", Integer),
    Column("room", Text, nullable=False, server_default=""),
    Column("lon", Float),
    Column("lat", Float),
    Column("position_source", String(32), nullable=False, server_default=""),
    Column("accuracy_m", Float),
    Column("access_notes", Text, nullable=False, server_default=""),
    Column("phone", String(32), nullable=False, server_default="", index=True),
    Column("gate", Text, nullable=False, server_default=""),
    Column("door_notes", Text, nullable=False, server_default=""),
    Column("key_holder", Text, nullable=False, server_default=""),
    Column("key_holder_phone", String(32), nullable=False, server_default=""),
    CheckConstraint("(lon IS NULL) = (lat IS NULL)", name="position_is_whole"),
    CheckConstraint("lon BETWEEN -180 AND 180 AND lat BETWEEN -90 AND 90", name="position_in_degrees"),
)

resident = Table(
    "resident",
    metadata,
    _id(),
    _ref("household", index=True),
    Column("name", Text, nullable=False),
    Column("sex", String(8), nullable=False, server_default=""),
    Column("birth_date", Date),
    Column("phone", String(32), nullable=False, server_default="", index=True),
    Column("lives_alone", Boolean, nullable=False, server_default=text("false")),
    Column("health_notes", Text, nullable=False, server_default=""),
    Column("conditions", Text, nullable=False, server_default=""),
    Column("medicines", Text, nullable=False, server_default=""),
    Column("allergies", Text, nullable=False, server_default=""),
)

contact = Table(
    "contact",
    metadata,
    _id(),
    _ref("household"),
    Column("rank", Integer, nullable=False),
    Column("name", Text, nullable=False),
    Column("relation", Text, nullable=False),
    Column("phone", String(32), nullable=False, index=True),
    UniqueConstraint("household_id", "rank"),
    CheckConstraint("rank >= 1", name="rank_from_one"),
)


def _channels_of(person: str) -> Table:
    """How people want to be told, and when; without a row: a text at any hour."""
    return Table(
        f"{person}_channel",
        metadata,
        _id(),
        Column(f"{person}_id", Id, ForeignKey(f"{person}.id", ondelete="CASCADE"), nullable=False),
        Column("rank", Integer, nullable=False),
        Column("medium", String(8), nullable=False),
        Column("url", Text, nullable=False, server_default=""),  # for push: holds its own secret, never shown
        Column("starts", Integer, nullable=False, server_default="0"),
        Column("ends", Integer, nullable=False, server_default="1440"),
        UniqueConstraint(f"{person}_id", "rank"),
        CheckConstraint("medium IN ('sms', 'voice', 'push')", name="medium_known"),
        CheckConstraint("(medium = 'push') = (url <> '')", name="push_has_a_url"),
        CheckConstraint(
            "starts >= 0 AND starts < 1440 AND ends > starts AND ends <= starts + 1440", name="within_a_day"
        ),
    )


contact_channel = _channels_of("contact")
responder_channel = _channels_of("responder")

# Numbers that want no texts, since when; `restored_at` is set when they want them again.
withdrawal = Table(
    "withdrawal",
    metadata,
    Column("phone", String(32), primary_key=True),
    Column("withdrawn_at", Moment, nullable=False),
    Column("restored_at", Moment),
    CheckConstraint("restored_at >= withdrawn_at", name="restored_after"),
)

# What a number has said about what may be sent to it: appended, never edited.
consent = Table(
    "consent",
    metadata,
    _id(),
    Column("phone", String(32), nullable=False, index=True),
    Column("topic", String(8), nullable=False),
    Column("wanted", Boolean, nullable=False),
    Column("way", String(16), nullable=False),
    _ref("account", nullable=True),  # who wrote down what she was told; nobody where she said it herself
    Column("at", Moment, nullable=False),
    CheckConstraint("topic IN ('texts', 'weekly')", name="topic_known"),
    CheckConstraint("way IN ('text', 'page', 'phone', 'in_person', 'paper', 'unknown')", name="way_known"),
)

# Numbers that want the weekly summary, and when the next one is to leave.
weekly = Table(
    "weekly",
    metadata,
    Column("phone", String(32), primary_key=True),
    Column("due_at", Moment, nullable=False, index=True),
)

device = Table(
    "device",
    metadata,
    _id(),
    Column("key", String(200), nullable=False, unique=True),
    Column("role", String(32), nullable=False),
    _ref("household", nullable=True, index=True),
    Column("vendor", Text, nullable=False, server_default=""),
    Column("model", Text, nullable=False, server_default=""),
    Column("label", Text, nullable=False, server_default=""),
    Column("username", String(64), nullable=False, server_default=""),
    Column("secret_hash", Text, nullable=False, server_default=""),
    Column("enabled", Boolean, nullable=False, server_default=text("true")),
    Column("last_seen_at", Moment),
    Column("battery", Integer),
    Column("inverted", Boolean, nullable=False, server_default=text("false")),
    CheckConstraint("battery BETWEEN 0 AND 100", name="battery_percent"),
)

# Cases whose devices are to be told how it stands; gone when they were.
device_word = Table(
    "device_word",
    metadata,
    Column("id", Id, ForeignKey("incident.id"), primary_key=True, autoincrement=False),
    Column("version", Integer, nullable=False),  # of the incident when it was written: the newest counts
)

# Whether a device is still there. Made when it is heard, has a home, or somebody says how to watch it.
supervision = Table(
    "supervision",
    metadata,
    Column("id", Id, ForeignKey("device.id"), primary_key=True, autoincrement=False),
    _ref("device", name="hub_id", nullable=True, index=True),  # what carries its messages
    Column("expect_every_s", Integer),  # how often it is to be heard; as is usual for its role, if not said
    Column("presence", String(8), nullable=False, index=True),
    Column("since", Moment, nullable=False),
    Column("awaited_at", Moment, nullable=False),  # what was not heard before is no silence
    Column("told", Boolean, nullable=False, server_default=text("false")),  # that it is down: to the desk
    Column("look_at", Moment, nullable=False, index=True),
    CheckConstraint("presence IN ('heard', 'late', 'down')", name="presence_known"),
    CheckConstraint("expect_every_s >= 60", name="expected_at_most_each_minute"),
    CheckConstraint("NOT told OR presence = 'down'", name="told_of_what_is_down"),
    CheckConstraint("hub_id <> id", name="no_hub_of_itself"),
)

# Which hub or radio gateway an enrolled or proposed device speaks through, as its network tells it.
carrier = Table(
    "carrier",
    metadata,
    Column("key", String(200), primary_key=True),
    Column("hub_key", String(200), nullable=False, index=True),
)

# Devices being tried: the first alarm until then is a test. `heard_at`: it came.
trial = Table(
    "trial",
    metadata,
    Column("id", Id, ForeignKey("device.id"), primary_key=True, autoincrement=False),
    Column("until", Moment, nullable=False),
    Column("heard_at", Moment),
)

# Work on a device, or without one on the whole site: until it is over, troubles of devices wait.
maintenance = Table(
    "maintenance",
    metadata,
    _id(),
    _ref("device", nullable=True),
    Column("reason", Text, nullable=False),
    _ref("account"),
    Column("begins_at", Moment, nullable=False),
    Column("ends_at", Moment, nullable=False),
    Column("ended_at", Moment, index=True),  # when somebody said so, or the dispatcher, whose time was up
    CheckConstraint("ends_at > begins_at", name="ends_after_it_begins"),
)

# The code on a device that waits to be installed, or was by whom: good for one installation.
label = Table(
    "label",
    metadata,
    Column("id", Id, ForeignKey("device.id"), primary_key=True, autoincrement=False),
    Column("code", String(16), nullable=False, unique=True),
    Column("made_at", Moment, nullable=False),
    Column("claimed_at", Moment),
    _ref("account", name="claimed_by", nullable=True),
    CheckConstraint("(claimed_at IS NULL) = (claimed_by IS NULL)", name="claimed_by_somebody"),
)

# Devices that were heard or announced and that nobody has enrolled: a person confirms or dismisses them.
device_proposal = Table(
    "device_proposal",
    metadata,
    _id(),
    Column("key", String(200), nullable=False, unique=True),
    Column("also", String(200), nullable=False, server_default="", index=True),  # another key of its own
    Column("vendor", Text, nullable=False, server_default=""),
    Column("model", Text, nullable=False, server_default=""),
    Column("name", Text, nullable=False, server_default=""),
    Column("role", String(32)),  # as its network says; else its model does
    Column("found_at", Moment, nullable=False),
    Column("heard_at", Moment),
    Column("dismissed_at", Moment),
)

# Bumped with every change: who keeps devices, responders, places, plans … in memory compares these few rows.
revision = Table(
    "revision",
    metadata,
    Column("of", String(32), primary_key=True),
    Column("number", BigInteger, nullable=False),
)

responder = Table(
    "responder",
    metadata,
    _id(),
    Column("kind", String(32), nullable=False),
    Column("name", Text, nullable=False),
    Column("phone", String(32), nullable=False, index=True),
    Column("lon", Float),
    Column("lat", Float),
    Column("position_source", String(32), nullable=False, server_default=""),
    Column("skills", JSON, nullable=False),
    Column("active", Boolean, nullable=False, server_default=text("true")),
    CheckConstraint("(lon IS NULL) = (lat IS NULL)", name="position_is_whole"),
)

staffing = Table(
    "staffing",
    metadata,
    Column("responder_id", Id, ForeignKey("responder.id"), primary_key=True),
    Column("area_id", Id, ForeignKey("area.id"), primary_key=True, index=True),
)

duty = Table(
    "duty",
    metadata,
    _id(),
    _ref("responder", index=True),
    Column("days", String(7), nullable=False),  # ISO weekdays as digits: 12345
    Column("starts", Integer, nullable=False),
    Column("ends", Integer, nullable=False),
    CheckConstraint(
        "starts >= 0 AND starts < 1440 AND ends > starts AND ends <= starts + 1440", name="within_a_day"
    ),
)

# Where each was by her own telephone: the newest place only, and gone after minutes.
responder_place = Table(
    "responder_place",
    metadata,
    Column("id", Id, ForeignKey("responder.id", ondelete="CASCADE"), primary_key=True, autoincrement=False),
    Column("lon", Float, nullable=False),
    Column("lat", Float, nullable=False),
    Column("accuracy_m", Float),
    Column("at", Moment, nullable=False),
    Column("source", String(8), nullable=False),
    CheckConstraint("lon BETWEEN -180 AND 180 AND lat BETWEEN -90 AND 90", name="position_in_degrees"),
    CheckConstraint("source IN ('page', 'phone')", name="source_known"),
)

# The telephone of a responder that tells where she is by itself: a device of no home.
staff_phone = Table(
    "staff_phone",
    metadata,
    Column("id", Id, ForeignKey("responder.id", ondelete="CASCADE"), primary_key=True, autoincrement=False),
    Column("device_id", Id, ForeignKey("device.id"), nullable=False, unique=True),
)

# Nobody on leave is asked to come, whatever the weekly duty times say.
leave = Table(
    "leave",
    metadata,
    _id(),
    _ref("responder", index=True),
    Column("starts", Moment, nullable=False),
    Column("ends", Moment, nullable=False, index=True),
    Column("reason", Text, nullable=False, server_default=""),
    CheckConstraint("ends > starts", name="ends_after_it_starts"),
)

# ---- who may come in ----

account = Table(
    "account",
    metadata,
    _id(),
    Column("login", String(64), nullable=False, unique=True),
    Column("name", Text, nullable=False),
    Column("role", String(16), nullable=False),
    Column("password_hash", Text, nullable=False),
    Column("active", Boolean, nullable=False, server_default=text("true")),
)

# Sessions and API keys are stored as the SHA-256 of their token: a copied database logs nobody in.
login_session = Table(
    "login_session",
    metadata,
    Column("token_hash", String(64), primary_key=True),
    _ref("account", index=True),
    Column("csrf_token", String(64), nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("expires_at", Moment, nullable=False),
)

api_key = Table(
    "api_key",
    metadata,
    _id(),
    Column("token_hash", String(64), nullable=False, unique=True),
    Column("label", Text, nullable=False),
    _ref("account", index=True),
    Column("created_at", Moment, nullable=False),
    Column("revoked_at", Moment),
)

# Every change of the register and the settings; cases have timelines of their own.
audit = Table(
    "audit",
    metadata,
    _id(),
    Column("at", Moment, nullable=False),
    _ref("account"),
    Column("what", String(64), nullable=False),
    Column("path", Text, nullable=False),
    Column("fields", JSON, nullable=False),
    Column("seal", String(64), nullable=False),
)

# An imported table of homes, or the undoing of one. `import_change` keeps what each row of the register said
# before and after, for some weeks; it refers to homes and people that may be taken out again.
import_batch = Table(
    "import_batch",
    metadata,
    _id(),
    Column("at", Moment, nullable=False, index=True),
    _ref("account"),
    Column("file_name", Text, nullable=False),
    Column("undoes", Id, ForeignKey("import_batch.id"), unique=True),
    *(
        Column(count, Integer, nullable=False, server_default="0")
        for count in ("homes", "added", "changed", "same", "refused", "elders_out", "set_back", "stayed")
    ),
    CheckConstraint("undoes < id", name="undoes_an_earlier_one"),
)

import_change = Table(
    "import_change",
    metadata,
    _id(),
    Column("batch_id", Id, ForeignKey("import_batch.id"), nullable=False),
    Column("household_id", Id, nullable=False),
    Column("of", String(16), nullable=False),
    Column("row_id", Id, nullable=False),
    Column("name", Text, nullable=False),
    Column("before", JSON(none_as_null=True)),  # of a new row none
    Column("after", JSON, nullable=False),
    Column("stayed", Text, nullable=False, server_default=""),  # why, when the batch was undone
    CheckConstraint("of IN ('household', 'resident', 'contact')", name="of_known"),
)
Index("ix_import_change_batch_home", import_change.c.batch_id, import_change.c.household_id)
Index("ix_import_change_household", import_change.c.household_id)

# ---- the service desk ----

provider = Table(
    "provider",
    metadata,
    _id(),
    Column("name", Text, nullable=False, unique=True),
    Column("category", Text, nullable=False),
    Column("phone", String(32), nullable=False, index=True),
    _ref("area", nullable=True),
    Column("active", Boolean, nullable=False, server_default=text("true")),
)

catalogue_item = Table(
    "catalogue_item",
    metadata,
    _id(),
    _ref("provider", index=True),
    Column("category", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("unit", Text, nullable=False),
    Column("price_fen", BigInteger, nullable=False),
    Column("active", Boolean, nullable=False, server_default=text("true")),
    CheckConstraint("price_fen >= 0", name="price_not_negative"),
)

# ---- what devices said ----

signal = Table(
    "signal",
    metadata,
    _id(),
    Column("unique_key", String(300), nullable=False, unique=True),
    Column("device_key", String(200), nullable=False, index=True),
    Column("kind", String(32), nullable=False),
    Column("state", String(8), nullable=False),
    Column("received_at", Moment, nullable=False),
    Column("device_time", Moment),
    Column("is_old", Boolean, nullable=False),
    Column("is_test", Boolean, nullable=False),
    Column("battery", Integer),
    Column("rule", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("topic", Text, nullable=False),
    Column("payload", LargeBinary, nullable=False),
)

# What no rule understood, kept as it came, until a human has looked.
unread = Table(
    "unread",
    metadata,
    _id(),
    Column("device_key", String(200), nullable=False),
    Column("reason", Text, nullable=False),
    Column("topic", Text, nullable=False),
    Column("payload", LargeBinary, nullable=False),
    Column("received_at", Moment, nullable=False),
    Column("seen_at", Moment),
    _ref("account", name="seen_by", nullable=True),
)
Index(
    "ix_unread_waiting",
    unread.c.received_at,
    sqlite_where=text("seen_at IS NULL"),
    postgresql_where=text("seen_at IS NULL"),
)

# The last value of each level a device reports, so that edges survive a restart.
level = Table(
    "level",
    metadata,
    Column("device_key", String(200), primary_key=True),
    Column("property", String(100), primary_key=True),
    Column("value", Text, nullable=False),
)

# ---- dispatching ----

incident = Table(
    "incident",
    metadata,
    _id(),
    Column("subject", String(220), nullable=False),
    _ref("household", nullable=True, index=True),
    Column("kind", String(32), nullable=False),
    Column("severity", Integer, nullable=False),
    Column("stage", String(16), nullable=False),
    Column("opened_at", Moment, nullable=False, index=True),
    Column("due_at", Moment),
    Column("plan", Text, nullable=False),  # frozen, as JSON
    Column("rung", Integer, nullable=False),  # how many rungs have fired in all
    Column("ladder_rung", Integer, nullable=False),  # the value of `rung` when the present plan began
    Column("ladder_at", Moment, nullable=False),  # when the present plan began
    Column("version", Integer, nullable=False),  # = the last seq of its timeline
    Column("digest", String(64), nullable=False),  # = the last digest of its timeline
    _ref("account", name="claimed_by", nullable=True),
    Column("claimed_at", Moment),
    Column("lease_until", Moment),
    Column("covered_at", Moment),
    Column("on_scene_at", Moment),
    Column("closed_at", Moment),
    Column("close_code", String(16)),
    Column("close_note", Text, nullable=False, server_default=""),
    CheckConstraint("stage IN ('raised', 'claimed', 'covered', 'on_scene', 'closed')", name="stage_known"),
    CheckConstraint("(stage = 'closed') = (closed_at IS NOT NULL)", name="closed_has_a_time"),
    CheckConstraint("(stage = 'closed') = (close_code IS NOT NULL)", name="closed_has_a_code"),
    CheckConstraint("(stage = 'closed') = (due_at IS NULL)", name="open_has_a_due_time"),
    CheckConstraint("(claimed_by IS NULL) = (claimed_at IS NULL)", name="claim_is_whole"),
)
Index(
    "uq_incident_open_subject",
    incident.c.subject,
    unique=True,
    sqlite_where=text("closed_at IS NULL"),
    postgresql_where=text("closed_at IS NULL"),
)
Index(
    "ix_incident_due",
    incident.c.severity,
    incident.c.due_at,
    sqlite_where=text("due_at IS NOT NULL"),
    postgresql_where=text("due_at IS NOT NULL"),
)
# Cases whose plan has told nobody yet; a query that uses it says the same words.
Index(
    "ix_incident_untold",
    incident.c.severity,
    incident.c.due_at,
    sqlite_where=text("due_at IS NOT NULL AND rung = ladder_rung"),
    postgresql_where=text("due_at IS NOT NULL AND rung = ladder_rung"),
)

# What the last check of every home's safety net found; gone when the next one finds it no more.
reach_gap = Table(
    "reach_gap",
    metadata,
    _id(),
    _ref("household"),
    Column("reason", String(16), nullable=False, index=True),
    Column("plan", String(64), nullable=False),
    Column("rung", Integer, nullable=False),
    Column("hours", JSON, nullable=False),  # spans of minutes of the week
    Column("since", Moment, nullable=False),
    UniqueConstraint("household_id", "reason", "plan", "rung"),
)

reach_check = Table(
    "reach_check",
    metadata,
    _id(),
    Column("day", Date, unique=True),  # none: somebody asked for it
    Column("started_at", Moment, nullable=False),
    Column("after_id", Id, nullable=False),  # the last home that it has looked at
    Column("homes", Integer, nullable=False),
    Column("gaps", Integer, nullable=False),
    Column("done_at", Moment),
)

# Response plans as people have edited them; a version is never changed. The newest of each name counts.


def _edited(what: str) -> Table:
    """What administrators edit in versions that are kept for ever."""
    return Table(
        what,
        metadata,
        _id(),
        Column("name", String(64), nullable=False),
        Column("version", Integer, nullable=False),
        Column("body", Text, nullable=False),  # JSON; of a plan, as in an incident
        Column("at", Moment, nullable=False),
        _ref("account", name="by", nullable=True),  # nobody for what was shipped
        UniqueConstraint("name", "version"),
        CheckConstraint("version >= 0", name="version_counts"),
    )


plan = _edited("plan")
script = _edited("script")

# The homes that belong to the trouble of their area: `incident` is the area's case.
storm_home = Table(
    "storm_home",
    metadata,
    Column("incident_id", Id, ForeignKey("incident.id"), primary_key=True, autoincrement=False),
    Column("household_id", Id, ForeignKey("household.id"), primary_key=True, autoincrement=False, index=True),
    Column("joined_at", Moment, nullable=False),
)

alarm = Table(
    "alarm",
    metadata,
    _id(),
    _ref("incident", index=True),
    Column("subject", String(220), nullable=False),
    Column("kind", String(32), nullable=False),
    Column("severity", Integer, nullable=False),
    Column("device_key", String(200), nullable=False),
    Column("raised_at", Moment, nullable=False),
    Column("last_at", Moment, nullable=False),
    Column("times", Integer, nullable=False),
    Column("cleared_at", Moment),
    Column("ended_at", Moment),
    CheckConstraint("times >= 1", name="raised_at_least_once"),
)
Index(
    "uq_alarm_uncleared_subject_kind",
    alarm.c.subject,
    alarm.c.kind,
    unique=True,
    sqlite_where=text("cleared_at IS NULL AND ended_at IS NULL"),
    postgresql_where=text("cleared_at IS NULL AND ended_at IS NULL"),
)

# What a device has reported over waits for a human; here stands who has looked, once for each alarm.
alarm_look = Table(
    "alarm_look",
    metadata,
    Column("alarm_id", Id, ForeignKey("alarm.id"), primary_key=True, autoincrement=False),
    _ref("account"),
    Column("at", Moment, nullable=False),
)

offer = Table(
    "offer",
    metadata,
    _id(),
    _ref("incident", index=True),
    _ref("responder", index=True),
    Column("state", String(16), nullable=False),
    Column("why", Text, nullable=False),
    Column("distance_m", Float),
    Column("eta_min", Integer),
    Column("asked_at", Moment, nullable=False),
    Column("expires_at", Moment, nullable=False),
    Column("eta_at", Moment),
    Column("changed_at", Moment),
    CheckConstraint(
        "state IN ('asked', 'accepted', 'on_the_way', 'arrived', 'done', 'declined', 'expired', 'withdrawn')",
        name="state_known",
    ),
)
Index(
    "uq_offer_open_incident_responder",
    offer.c.incident_id,
    offer.c.responder_id,
    unique=True,
    sqlite_where=text("state IN ('asked', 'accepted', 'on_the_way', 'arrived')"),
    postgresql_where=text("state IN ('asked', 'accepted', 'on_the_way', 'arrived')"),
)

message = Table(
    "message",
    metadata,
    _id(),
    Column("key", String(120), nullable=False, unique=True),
    _ref("incident", nullable=True, index=True),
    Column("who", String(40), nullable=False),
    Column("name", Text, nullable=False),
    Column("phone", String(32), nullable=False),
    Column("purpose", String(32), nullable=False),
    Column("rung", Integer, nullable=False),
    Column("body", Text, nullable=False),
    Column("channel", String(32), nullable=False),
    Column("lane", Integer, nullable=False),
    Column("state", String(16), nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("due_at", Moment, nullable=False),
    Column("lease_until", Moment),
    Column("worker", String(64), nullable=False, server_default=""),
    Column("provider_id", String(64), nullable=False, server_default="", index=True),
    Column("error", Text, nullable=False, server_default=""),
    Column("sent_at", Moment),
    Column("delivered_at", Moment),
    Column("variables", JSON, nullable=False, server_default="{}"),  # `body` in short words, for templates
    Column("refused", Text, nullable=False, server_default=""),  # channels by which it can never arrive
    Column("is_call", Boolean, nullable=False, server_default=text("(false)")),
    CheckConstraint(
        "state IN ('queued', 'sending', 'sent', 'unconfirmed', "
        "'delivered', 'failed', 'undeliverable', 'cancelled')",
        name="state_known",
    ),
    CheckConstraint("(state = 'sending') = (lease_until IS NOT NULL)", name="sending_has_a_lease"),
)
Index("ix_message_phone_id", message.c.phone, message.c.id)  # the latest to a phone, without all the others
# Queries of what follows say the same words as its index, literally: SQLite proves nothing else from them.
WAITING = "state IN ('queued', 'sending')"
Index(
    "ix_message_waiting",
    message.c.lane,
    message.c.due_at,
    sqlite_where=text(WAITING),
    postgresql_where=text(WAITING),
)
# What has not arrived yet, as far as we know.
NOT_ARRIVED = "state IN ('queued', 'sending', 'sent', 'failed', 'undeliverable')"
Index(
    "ix_message_not_arrived",
    message.c.created_at,
    sqlite_where=text(NOT_ARRIVED),
    postgresql_where=text(NOT_ARRIVED),
)

# Said to have left, and then that it did not arrive: for the second provider, who must find them quickly.
LOST_ON_THE_WAY = "state IN ('failed', 'undeliverable')"
Index(
    "ix_message_lost",
    message.c.sent_at,
    sqlite_where=text(LOST_ON_THE_WAY),
    postgresql_where=text(LOST_ON_THE_WAY),
)

# Requests to one responder that leave as one text, the message `bundle_id`; they share its fate.
bundled = Table(
    "bundled",
    metadata,
    Column("message_id", Id, ForeignKey("message.id"), primary_key=True, autoincrement=False),
    Column("bundle_id", Id, ForeignKey("message.id"), nullable=False, index=True),
    Column("place", Integer, nullable=False),  # 0: where to go first
    Column("is_named", Boolean, nullable=False),
)

# What people answered, as it came; `dedupe_key` is the provider's id of the inbound text.
reply = Table(
    "reply",
    metadata,
    _id(),
    Column("dedupe_key", String(120), nullable=False, unique=True),
    Column("phone", String(32), nullable=False, index=True),
    Column("body", Text, nullable=False),
    Column("received_at", Moment, nullable=False),
    _ref("incident", nullable=True, index=True),
    Column("meaning", String(32), nullable=False),
    Column("seen_at", Moment),  # set at once when understood; else when an operator has looked
)

# By what a phone names one of several cases in its answer; kept for a day after the case is closed.
reply_code = Table(
    "reply_code",
    metadata,
    Column("phone", String(32), primary_key=True),
    Column("code", String(3), primary_key=True),
    _ref("incident", index=True),
    Column("given_at", Moment, nullable=False),
    UniqueConstraint("phone", "incident_id"),
)

# Each month's test of a relative's number; its text is the message `message_key`.
drill = Table(
    "drill",
    metadata,
    _id(),
    Column("month", String(7), nullable=False),
    Column("phone", String(32), nullable=False),
    Column("due_at", Moment, nullable=False),
    Column("by_hand", Boolean, nullable=False, server_default=text("(false)")),
    Column("asked_at", Moment),
    Column("answered_at", Moment),
    Column("message_key", String(120), nullable=False, server_default="", index=True),
    UniqueConstraint("phone", "month"),
    CheckConstraint("asked_at IS NOT NULL OR answered_at IS NULL", name="asked_before_answered"),
)
Index(
    "ix_drill_waiting",
    drill.c.due_at,
    sqlite_where=text("asked_at IS NULL"),
    postgresql_where=text("asked_at IS NULL"),
)

timeline = Table(
    "timeline",
    metadata,
    _id(),
    _ref("incident"),
    Column("seq", Integer, nullable=False),
    Column("at", Moment, nullable=False),
    Column("entry", String(32), nullable=False),
    Column("actor", String(220), nullable=False),
    Column("text", Text, nullable=False),
    Column("detail", JSON, nullable=False),
    Column("digest", String(64), nullable=False),
    UniqueConstraint("incident_id", "seq"),
)

# ---- silence ----

# The last sign of life in each home, written by the gateway for many homes at once.
life = Table(
    "life",
    metadata,
    Column("household_id", Id, ForeignKey("household.id"), primary_key=True),
    Column("at", Moment, nullable=False),
    Column("source", String(200), nullable=False),  # a device's key; reply, call: a person's word
    Column("said", String(48), nullable=False),
    Column("by_hand_at", Moment),  # the last one that was meant, as a press is
)

# What a home is watched for, and when to look again.
home_watch = Table(
    "home_watch",
    metadata,
    Column("household_id", Id, ForeignKey("household.id"), primary_key=True),
    Column("look_at", Moment, nullable=False, index=True),
    Column("since", Moment, nullable=False),
    Column("presets", JSON, nullable=False),  # names
    Column("daily_starts", Integer),  # minutes of the local day
    Column("daily_ends", Integer),
    Column("call_days", String(7), nullable=False, server_default=""),  # ISO weekdays as digits: 12345
    Column("call_minute", Integer),
    Column("away", String(16)),
    Column("away_until", Moment),
    Column("blind", JSON, nullable=False),  # names of presets of which it was said that nothing sees them
    Column("not_before", Moment),
    Column("daily_asked_at", Moment),
    Column("called_at", Moment),
    CheckConstraint("(daily_starts IS NULL) = (daily_ends IS NULL)", name="daily_is_whole"),
    CheckConstraint("(call_days = '') = (call_minute IS NULL)", name="calls_are_whole"),
    CheckConstraint("(away IS NULL) = (away_until IS NULL)", name="away_has_an_end"),
)

# From when until when somebody who leaves her bed is to be back in it, and within how long.
night_watch = Table(
    "night_watch",
    metadata,
    Column("household_id", Id, ForeignKey("household.id"), primary_key=True),
    Column("starts", Integer, nullable=False),  # minutes of the local day
    Column("ends", Integer, nullable=False),
    Column("minutes", Integer, nullable=False),
)

# The beds in which nobody lies, and since when.
empty_bed = Table(
    "empty_bed",
    metadata,
    Column("device_key", String(200), primary_key=True),
    Column("since", Moment, nullable=False),
)

# Questions whether somebody is well, and welfare calls to be made; kept when they are settled.
welfare_check = Table(
    "welfare_check",
    metadata,
    _id(),
    _ref("household", index=True),
    Column("why", String(64), nullable=False),  # a preset, daily or call
    Column("is_call", Boolean, nullable=False),
    Column("state", String(16), nullable=False),
    Column("since", Moment, nullable=False),  # when the silence began; of a call, when it was planned
    Column("asked_at", Moment, nullable=False),
    Column("until_at", Moment, nullable=False),
    Column("asked", JSON, nullable=False),  # whom, in order: contact:<id> or resident:<id>
    Column("message_key", String(120), nullable=False, server_default=""),  # of the last text that asks
    Column("wants_help", Boolean, nullable=False, server_default=text("false")),
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("note", Text, nullable=False, server_default=""),
    Column("settled_at", Moment),
    _ref("account", name="settled_by", nullable=True),
    _ref("incident", nullable=True),
    CheckConstraint("state IN ('open', 'well', 'moved', 'help', 'no_answer', 'dropped')", name="state_known"),
    CheckConstraint("(state = 'open') = (settled_at IS NULL)", name="settled_has_a_time"),
)
Index(
    "uq_welfare_check_open",
    welfare_check.c.household_id,
    welfare_check.c.is_call,
    unique=True,
    sqlite_where=text("state = 'open'"),
    postgresql_where=text("state = 'open'"),
)
Index("ix_welfare_check_calls", welfare_check.c.is_call, welfare_check.c.since)

# Until when somebody listened to the devices, and when nobody did: silence counts only while we listen.
listened = Table(
    "listened",
    metadata,
    Column("name", String(16), primary_key=True),
    Column("until_at", Moment, nullable=False),
)

unheard = Table(
    "unheard",
    metadata,
    _id(),
    Column("starts_at", Moment, nullable=False),
    Column("ends_at", Moment, nullable=False, index=True),
)

# The last day of each water or gas meter, a reading for each half hour: [[half hour, litres], ...].
meter = Table(
    "meter",
    metadata,
    Column("device_key", String(200), primary_key=True),
    Column("readings", JSON, nullable=False),
)

# ---- the simulated phones ----

phone_text = Table(
    "phone_text",
    metadata,
    _id(),
    Column("phone", String(32), nullable=False, index=True),
    Column("message_key", String(120), nullable=False, index=True),
    Column("body", Text, nullable=False),
    Column("at", Moment, nullable=False),
)

# A call that rings, or rang, on a simulated phone.
phone_call = Table(
    "phone_call",
    metadata,
    _id(),
    Column("phone", String(32), nullable=False),
    Column("message_key", String(120), nullable=False, unique=True),
    Column("at", Moment, nullable=False, index=True),
    Column("taken_at", Moment),
    Column("ended_at", Moment),
)

# A simulated phone on which no text arrives, while it is switched so.
phone_deaf = Table("phone_deaf", metadata, Column("phone", String(32), primary_key=True))

# ---- the hotline ----

call = Table(
    "call",
    metadata,
    _id(),
    Column("number", String(32), nullable=False, index=True),
    Column("at", Moment, nullable=False),
    _ref("household", nullable=True, index=True),
    Column("outcome", String(16), nullable=False),
    _ref("incident", nullable=True),
    Column("note", Text, nullable=False, server_default=""),
)

service_order = Table(
    "service_order",
    metadata,
    _id(),
    _ref("household", index=True),
    _ref("catalogue_item", name="item_id"),
    _ref("provider", index=True),
    _ref("call", nullable=True),
    Column("state", String(16), nullable=False),
    Column("note", Text, nullable=False, server_default=""),
    Column("placed_at", Moment, nullable=False),
    Column("changed_at", Moment, nullable=False),
    CheckConstraint("state IN ('placed', 'passed_on', 'taken', 'done', 'cancelled')", name="state_known"),
)

# ---- watching the watcher ----

# When each loop of each process last turned. A worker that ends in order takes its row away.
worker = Table(
    "worker",
    metadata,
    Column("name", String(160), primary_key=True),
    Column("kind", String(16), nullable=False),
    Column("host", String(120), nullable=False),
    Column("started_at", Moment, nullable=False),
    Column("last_turn_at", Moment, nullable=False),
    Column("ailment", Text, nullable=False),  # empty while it is well
    Column("topics", Text, nullable=False, server_default=""),  # a gateway's slice; empty: all
)

# When a machine's clock was last seen to be set back: one of its dispatchers puts right what follows.
clock_step = Table(
    "clock_step",
    metadata,
    Column("host", String(120), primary_key=True),
    Column("noticed_at", Moment, nullable=False),
    Column("by_s", Integer, nullable=False),  # by so many seconds: that tells two steps apart
)

# What is wrong with the centre itself, while it lasts; `paged_at` is when a technician was last told.
finding = Table(
    "finding",
    metadata,
    Column("key", String(120), primary_key=True),
    Column("since", Moment, nullable=False),
    Column("paged_at", Moment),
    Column("text", Text, nullable=False),
)

# Synthetic presses: filled in by whoever has them in hand, ended by who sent them.
probe = Table(
    "probe",
    metadata,
    Column("unique_key", String(300), primary_key=True),
    Column("sent_at", Moment),
    Column("stored_at", Moment),
    Column("decided_at", Moment),
    Column("ended_at", Moment),
    Column("took_s", Float),  # from saying it to its text at the channel; none when it never came
)
Index("ix_probe_ended", probe.c.ended_at)
Index(
    "ix_probe_undecided",
    probe.c.stored_at,
    sqlite_where=text("decided_at IS NULL AND stored_at IS NOT NULL"),
    postgresql_where=text("decided_at IS NULL AND stored_at IS NOT NULL"),
)

# What each channel last did with real messages; `failures` are attempts in a row since it last took one.
channel_traffic = Table(
    "channel_traffic",
    metadata,
    Column("name", String(32), primary_key=True),
    Column("sent_at", Moment),
    Column("failed_at", Moment),
    Column("failures", Integer, nullable=False),
    Column("error", Text, nullable=False),
)

# Whether each provider answers, as last asked; `misses` are questions in a row without a good answer.
channel_health = Table(
    "channel_health",
    metadata,
    Column("name", String(32), primary_key=True),
    Column("asked_at", Moment, nullable=False),
    Column("answered_at", Moment),
    Column("misses", Integer, nullable=False),
    Column("took_s", Float),
    Column("error", Text, nullable=False),
)

# ---- webhooks: programs elsewhere that are told how cases go ----

webhook = Table(
    "webhook",
    metadata,
    _id(),
    Column("label", Text, nullable=False),
    Column("url", Text, nullable=False),
    Column("secret", String(128), nullable=False),  # as it is: a signature is made with it
    Column("events", JSON, nullable=False),
    Column("includes", JSON, nullable=False),  # what of a home it may know beside its cell
    Column("enabled", Boolean, nullable=False),
    Column("since", Moment, nullable=False),  # what happened earlier it does not hear
    Column("stopped", Text, nullable=False),  # why we stopped telling it; empty when nobody but a person did
)

# How far each case was told of; gone some days after its end.
webhook_case = Table(
    "webhook_case",
    metadata,
    Column("id", Id, ForeignKey("incident.id"), primary_key=True, autoincrement=False),
    Column("seq", Integer, nullable=False),
    Column("stage", String(16), nullable=False),
)

webhook_delivery = Table(
    "webhook_delivery",
    metadata,
    _id(),
    _ref("webhook", index=True),
    _ref("incident", nullable=True, index=True),
    Column("event", String(32), nullable=False),
    Column("body", Text, nullable=False),  # as it is sent, each time the same
    Column("created_at", Moment, nullable=False, index=True),
    Column("due_at", Moment),  # none: delivered, or given up
    Column("attempts", Integer, nullable=False),
    Column("status", Integer),  # of the last answer; none when there was none
    Column("error", Text, nullable=False),
    Column("delivered_at", Moment),
)
Index(
    "ix_webhook_delivery_due",
    webhook_delivery.c.webhook_id,
    webhook_delivery.c.due_at,
    sqlite_where=text("due_at IS NOT NULL"),
    postgresql_where=text("due_at IS NOT NULL"),
)

# Consoles that were open in the last day, each by a name that its page made up; `audible_at` is when its
# browser last said that it can sound an alarm.
console = Table(
    "console",
    metadata,
    Column("name", String(32), primary_key=True),
    Column("seen_at", Moment, nullable=False),
    Column("audible_at", Moment),
)

# Devices whose alarms were false three times in a day, and since when somebody knows of it.
suspect = Table(
    "suspect",
    metadata,
    Column("id", Id, ForeignKey("device.id"), primary_key=True, autoincrement=False),
    Column("since", Moment, nullable=False),
)
Index(
    "ix_incident_closed_at",
    incident.c.closed_at,
    sqlite_where=text("closed_at IS NOT NULL"),
    postgresql_where=text("closed_at IS NOT NULL"),
)
