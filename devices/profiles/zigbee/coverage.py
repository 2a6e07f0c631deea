"""What of the Zigbee devices on the market is understood, counted from the table."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from devices.profiles import ANY, PRESS, ZIGBEE, Profiles, Rule, as_text
from devices.profiles.zigbee import Definition
from devices.signal import Enrolment, Kind, Role

_TITLES: Final = {
    Kind.SOS: "in so many words",
    PRESS: "any press, of a device enrolled as `help_button`",
    Kind.BED_EXIT: "of a device enrolled as `bed_sensor`",
    Kind.LOW_BATTERY: "beside a `battery` of 10 % or less on every device",
}
_ORDER: Final = (
    Kind.SOS,
    PRESS,
    Kind.FALL,
    Kind.SMOKE,
    Kind.CO,
    Kind.GAS,
    Kind.LEAK,
    Kind.BED_EXIT,
    Kind.DOOR,
    Kind.ACTIVITY,
    Kind.TAMPER,
    Kind.LOW_BATTERY,
    Kind.MAINS_FAILURE,
    Kind.FAULT,
    Kind.TEST,
    Kind.CANCEL,
)
_FEW: Final = 12  # so many pairs are named; the others are in the files
_SECTION: Final = """\
## Zigbee

`python -m devices.profiles.zigbee` makes [the table of models](profiles/zigbee/definitions.json) that the
gateway reads. It asks `zigbee-herdsman-converters`, the npm package that Zigbee2MQTT itself uses (MIT,
[pinned](profiles/zigbee/package-lock.json)), what each device can say, and ends with a list, changing
nothing, while a model can say something that nobody judged in [models.toml](profiles/zigbee/models.toml) or
in [defaults/zigbee2mqtt.toml](profiles/defaults/zigbee2mqtt.toml). For a new release, in `profiles/zigbee`:
`npm install --package-lock-only zigbee-herdsman-converters@latest`, then that command.

{table_of}: {definitions} definitions of {vendors} vendors, known by {also} other names, can say something
that matters to a centre. Exact values of exact properties, never a part of a word:

| it means | definitions (+ other names) | vendors | when it says |
| --- | --- | --- | --- |
{rows}

What a model can report and is not here (a volume, a threshold, a meter that is called `gas`) calls nobody.
What is not even in its definition, and a value that nobody mapped, is shown to a human when the device is
there to save lives or to hear water.
"""


def section(known: Profiles) -> str:
    """Its part of the page in Markdown."""
    table = known.table
    return _SECTION.format(
        table_of=f"Version {table.version}",
        definitions=len(table.definitions),
        vendors=len({each.vendor for each in table.definitions}),
        also=sum(len(each.also) for each in table.definitions),
        rows="\n".join(_rows(known)),
    )


def _rows(known: Profiles) -> Iterator[str]:
    meant: dict[str, list[Definition]] = {}
    pairs: dict[str, dict[str, int]] = {}
    for definition in known.table.definitions:
        kinds = set()
        for kind, pair in meanings(known, definition):
            kinds.add(kind)
            pairs.setdefault(kind, {}).setdefault(pair, 0)
            pairs[kind][pair] += 1
        for kind in kinds:
            meant.setdefault(kind, []).append(definition)
    for kind in _ORDER:
        found = meant.get(kind, [])
        names = sum(len(each.also) for each in found)
        vendors = len({each.vendor for each in found})
        often = sorted(pairs.get(kind, {}).items(), key=lambda pair: (-pair[1], pair[0]))
        told = ", ".join(f"`{pair}`" for pair, _ in often[:_FEW])
        more = f", and {len(often) - _FEW} more" if len(often) > _FEW else ""
        title = f"{kind}: {_TITLES[kind]}" if kind in _TITLES else str(kind)
        yield f"| {title} | {len(found)} (+{names}) | {vendors} | {told}{more} |"


def meanings(known: Profiles, definition: Definition) -> Iterator[tuple[str, str]]:
    """Each kind that a definition can report, with the pair that does; `press` where the role decides."""
    enrolment = Enrolment("", Role(definition.role or Role.HUB), definition.vendor, definition.model)
    rules = known.rules(ZIGBEE, enrolment).by_path
    for path, values in definition.says.items():
        rule = rules[path]
        for value in values or tuple(rule.means):
            kind = rule.meaning(as_text(value))
            if kind is not None:
                yield kind, _pair(rule, as_text(value))


def _pair(rule: Rule, text: str) -> str:
    return f"{rule.path}: {text}" if text in rule.means else f"{rule.path}: {ANY}"
