"""Response plans as data: read from TOML or JSON, put together, frozen into an incident and thawed."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import orjson

from community.model import ResponderKind
from devices.signal import Kind
from dispatcher.model import Plan, Rung, Severity, Tell, Threshold, Whom
from dispatcher.triage import SEVERITY

SHIPPED = Path(__file__).with_name("plans.toml")


class Plans:
    """A whole set of plans: for every kind of trouble there is exactly one, however severe it is.

    A plan may also be for trouble of some kinds only when it is of one severity; then it goes before.
    Plans for areas are beside these: a kind has one at most. ValueError: a kind has none, or two.
    """

    def __init__(self, plans: Iterable[Plan]) -> None:
        self.all: tuple[Plan, ...] = tuple(plans)
        self._of: dict[tuple[Kind, Severity | None], Plan] = {}
        self._for_area: dict[Kind, Plan] = {}
        for plan in self.all:
            for kind in plan.kinds:
                if kind not in SEVERITY:
                    raise ValueError(f"plan {plan.name!r}: {kind} is no trouble: take it out of `kinds`")
                if plan.threshold is not None:
                    other = self._for_area.setdefault(kind, plan)
                else:
                    other = self._of.setdefault((kind, plan.severity), plan)
                if other is not plan:
                    raise ValueError(f"{kind} has two plans, {other.name!r} and {plan.name!r}: keep one")
        without = sorted(kind for kind in SEVERITY if (kind, None) not in self._of)
        if without:
            names = ", ".join(without)
            raise ValueError(f"有的警情没有预案 no plan for {names}: add each to the `kinds` of a plan")

    def of(self, kind: Kind, severity: Severity) -> Plan:
        """The plan for trouble of `kind` that is as severe."""
        return self._of.get((kind, severity)) or self._of[kind, None]

    def for_area(self, kind: Kind) -> Plan | None:
        """The plan by which trouble of `kind` in many homes becomes their area's; None: it never does."""
        return self._for_area.get(kind)

    @property
    def for_homes(self) -> tuple[Plan, ...]:
        return tuple(plan for plan in self.all if plan.threshold is None)

    @property
    def for_areas(self) -> tuple[Plan, ...]:
        return tuple(plan for plan in self.all if plan.threshold is not None)

    def named(self, name: str) -> Plan | None:
        return next((plan for plan in self.all if plan.name == name), None)

    def edited(self, plan: Plan) -> Plans:
        """The set with `plan` in the place of the one with its name; what it is for is taken from the others.

        ValueError as above: a kind that `plan` lets go has to be taken up by another plan first.
        """
        others = [_without(other, plan) if _are_rivals(other, plan) else other for other in self.all]
        if self.named(plan.name) is None:
            return Plans([*others, plan])
        return Plans([plan if other.name == plan.name else other for other in others])


def completed(plans: Iterable[Plan], spare: Plans) -> Plans:
    """`plans`, completed from `spare` by each kind that none of them has, and by its special plans."""
    found = {plan.name: plan for plan in plans}
    if not found:
        return spare
    known = {kind for plan in found.values() if not _is_special(plan) for kind in plan.kinds}
    for plan in spare.all:
        if not _is_special(plan) and (missing := tuple(kind for kind in plan.kinds if kind not in known)):
            mine = found.get(plan.name)
            if mine is None or _is_special(mine):
                mine = replace(plan, name=plan.name if mine is None else f"{plan.name}-shipped", kinds=())
            found[mine.name] = replace(mine, kinds=mine.kinds + missing)
    for plan in spare.all:  # one that was edited counts as it is, also when it is for nothing any more
        if _is_special(plan) and plan.name not in found:
            taken = {kind for other in found.values() if _are_rivals(plan, other) for kind in other.kinds}
            found[plan.name] = replace(plan, kinds=tuple(kind for kind in plan.kinds if kind not in taken))
    return Plans(found.values())


def load(text: str) -> Plans:
    """Read plans from TOML; ValueError names the plan and what is wrong, or the kind that has none."""
    return Plans(parse({"name": name, **_body(name, body)}) for name, body in tomllib.loads(text).items())


def shipped() -> Plans:
    """What a centre runs on until somebody edits a plan."""
    return load(SHIPPED.read_text(encoding="utf-8"))


@lru_cache(maxsize=256)
def freeze(plan: Plan) -> str:
    """The plan as JSON, to be kept inside the incident that runs on it."""
    return orjson.dumps(plan).decode()


@lru_cache(maxsize=256)
def thaw(frozen: str) -> Plan:
    """The plan from what `freeze` made."""
    return parse(orjson.loads(frozen))


def parse(body: Mapping[str, Any]) -> Plan:
    """A plan from plain data; ValueError names the plan and what cannot be meant."""
    if not isinstance(body, Mapping):
        raise ValueError(f"a plan is an object with a name and rungs, not {body!r}")
    try:
        changed = {
            "kinds": tuple(Kind(kind) for kind in body.get("kinds", ())),
            "severity": _severity(body.get("severity")),
            "rungs": tuple(
                Rung(after_s=rung["after_s"], tell=tuple(_tell(tell) for tell in rung["tell"]))
                for rung in body.get("rungs", ())
            ),
            "threshold": Threshold(**body["threshold"]) if body.get("threshold") is not None else None,
        }
        return Plan(**{**body, **changed})
    except (AttributeError, KeyError, TypeError, ValueError) as wrong:
        raise ValueError(f"plan {body.get('name')!r} cannot be read: {wrong}") from wrong


def _tell(body: Mapping[str, Any]) -> Tell:
    kinds = tuple(ResponderKind(kind) for kind in body.get("kinds", ()))
    return Tell(**{**body, "whom": Whom(body["whom"]), "kinds": kinds})


def _severity(said: int | str | None) -> Severity | None:
    """As a number, as JSON has it, or as a word, as people write it."""
    if isinstance(said, str) and said.upper() not in Severity.__members__:
        raise ValueError(f"severity {said!r}: choose one of {', '.join(Severity.__members__).lower()}")
    return None if said is None else Severity[said.upper()] if isinstance(said, str) else Severity(said)


def _is_special(plan: Plan) -> bool:
    """For an area, or for one severity: a kind of trouble may be without such a plan."""
    return plan.threshold is not None or plan.severity is not None


def _are_rivals(one: Plan, other: Plan) -> bool:
    """Whether no kind of trouble can have both of them."""
    return (one.severity, one.threshold is None) == (other.severity, other.threshold is None)


def _body(name: str, body: Any) -> dict[str, Any]:
    if not isinstance(body, dict) or "kinds" not in body:
        raise ValueError(f"plan {name!r} cannot be read: it is a table with `kinds` and `rungs`")
    return body


def _without(plan: Plan, taker: Plan) -> Plan:
    """`plan` without the kinds that `taker` takes over; the same plan when that is nothing."""
    left = tuple(kind for kind in plan.kinds if kind not in taker.kinds)
    return plan if left == plan.kinds else replace(plan, kinds=left)
