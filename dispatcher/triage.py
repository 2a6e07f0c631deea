"""What a signal is: an alarm, an end, a wish to cancel, something to look at, or just a fact. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from devices.signal import Kind, Signal, State
from dispatcher.model import Severity

# Kinds that open an incident, after UL 2560's order. A kind that is missing here never does.
SEVERITY: Mapping[Kind, Severity] = {
    Kind.SOS: Severity.EMERGENCY,
    Kind.FALL: Severity.EMERGENCY,
    Kind.SMOKE: Severity.EMERGENCY,
    Kind.GAS: Severity.EMERGENCY,
    Kind.CO: Severity.EMERGENCY,
    Kind.LEAK: Severity.ROUTINE,
    Kind.INACTIVITY: Severity.ROUTINE,
    Kind.BED_EXIT: Severity.ROUTINE,
    Kind.WANDER: Severity.ROUTINE,
    Kind.UNREADABLE: Severity.ROUTINE,
    Kind.LOW_BATTERY: Severity.TROUBLE,
    Kind.MAINS_FAILURE: Severity.TROUBLE,
    Kind.OFFLINE: Severity.TROUBLE,
    Kind.TAMPER: Severity.TROUBLE,
    Kind.FAULT: Severity.TROUBLE,
}


@dataclass(frozen=True, slots=True)
class Raise:
    """Trouble: open an incident, or join the one that is open."""

    severity: Severity
    why: str


@dataclass(frozen=True, slots=True)
class Clear:
    """The device says it is over. That is noted; only a human ends it."""

    why: str


@dataclass(frozen=True, slots=True)
class AskCancel:
    """Somebody at home wants to cancel. That is noted; only a human closes."""

    why: str


@dataclass(frozen=True, slots=True)
class Look:
    """Put before an operator to look at; pages nobody."""

    why: str


@dataclass(frozen=True, slots=True)
class Record:
    """Stored, and that is all."""

    why: str


@dataclass(frozen=True, slots=True)
class Echo:
    """The centre's own synthetic press: goes the way of a press as far as the channel, and reaches nobody."""

    why: str


Verdict = Raise | Clear | AskCancel | Look | Record | Echo


def judge(signal: Signal) -> Verdict:
    """Return what `signal` is, with the reason.

    Old data (retained by the broker, or back-filled by the device) pages nobody, whatever it says; an old
    person alarm is still put before a human. Nothing else holds an alarm back: not its age, its position, a
    device's clock, nor that another like it came before.
    """
    severity = SEVERITY.get(signal.kind)
    if signal.is_old:
        if severity is Severity.EMERGENCY and signal.state is State.ACTIVE:
            return Look("补报或保留的报警,请核实 old alarm, retained or back-filled: please check")
        return Record("old data is recorded and pages nobody")
    if signal.kind is Kind.PROBE:
        return Echo("a synthetic press")
    if signal.kind is Kind.CANCEL:
        return AskCancel("a cancel is noted; only a human closes")
    if signal.kind is Kind.REQUEST:
        return Look("普通服务请求,请回电 an ordinary wish: please call back")
    if severity is None:
        return Record(f"{signal.kind} never opens an incident")
    if signal.state is State.CLEAR:
        return Clear("the device says it is over; a human has still to look")
    if signal.test:
        return Record("the device marked it as a test")
    return Raise(severity, f"{signal.kind} is {severity.name.lower()}")
