"""Response plans as data: read from TOML, frozen into an incident as JSON, read back from there."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

import orjson

from community.model import ResponderKind
from devices.signal import Kind
from dispatcher.model import Plan, Rung, Tell, Whom
from dispatcher.triage import SEVERITY

Plans = Mapping[Kind, Plan]

SHIPPED = Path(__file__).with_name("plans.toml")


def load(text: str) -> Plans:
    """Read plans; ValueError names the plan and what is wrong with it, or the kind that has none."""
    plans: dict[Kind, Plan] = {}
    for name, body in tomllib.loads(text).items():
        try:
            kinds = [Kind(kind) for kind in body.pop("kinds")]
        except (AttributeError, KeyError, TypeError, ValueError) as wrong:
            raise ValueError(f"plan {name!r}: `kinds` cannot be read: {wrong}") from wrong
        plan = parse({"name": name, **body})
        for kind in kinds:
            if kind in plans:
                raise ValueError(f"{kind} has two plans, {plans[kind].name!r} and {name!r}: keep one")
            plans[kind] = plan
    without = sorted(set(SEVERITY) - set(plans))
    if without:
        raise ValueError(f"no plan for {', '.join(without)}: add each to the `kinds` of a plan")
    return plans


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
    try:
        rungs = tuple(
            Rung(
                after_s=rung["after_s"],
                tell=tuple(
                    Tell(
                        whom=Whom(tell["whom"]),
                        count=tell.get("count", 1),
                        kinds=tuple(ResponderKind(kind) for kind in tell.get("kinds", ())),
                    )
                    for tell in rung["tell"]
                ),
            )
            for rung in body.get("rungs", ())
        )
        return Plan(**{**body, "rungs": rungs})
    except (KeyError, TypeError, ValueError) as wrong:
        raise ValueError(f"plan {body.get('name')!r} cannot be read: {wrong}") from wrong
