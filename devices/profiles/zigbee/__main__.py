"""`python -m devices.profiles.zigbee`: ask the newest pinned converters, and make the table of models.

Needs npm. For a new release: `npm install --package-lock-only zigbee-herdsman-converters@latest` in this
folder, then this, then `python -m devices.coverage`. It ends with a list, changing nothing, while a model can
say something that nobody judged.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final

import orjson

from devices import profiles
from devices.profiles import PRESS, ZIGBEE, Judged, Rule, as_text
from devices.profiles.zigbee import TABLE, lights
from devices.signal import Kind, Role

HERE: Final = Path(__file__).parent
FOLDER: Final = HERE.parent

# A word by which to look for alarms that nobody has judged, in models that say nothing else of interest.
# It decides nothing: it makes somebody look.
SUSPICIOUS: Final = re.compile(
    r"sos|emerg|panic|help|fall|smoke|fire|heat_alarm|gas|carbon|^co_|leak|flood|bed_|alarm|tamper|contact|door"
)

# What a model is sold as: the first of these that it can say.
_ROLES: Final[tuple[tuple[Kind | str, Role], ...]] = (
    (Kind.FALL, Role.FALL_SENSOR),
    (Kind.SMOKE, Role.SMOKE_DETECTOR),
    (Kind.CO, Role.CO_DETECTOR),
    (Kind.GAS, Role.GAS_DETECTOR),
    (Kind.SOS, Role.HELP_BUTTON),
    (Kind.LEAK, Role.LEAK_SENSOR),
    (Kind.BED_EXIT, Role.BED_SENSOR),
    (Kind.DOOR, Role.DOOR_SENSOR),
    (Kind.ACTIVITY, Role.MOTION_SENSOR),
    (PRESS, Role.HELP_BUTTON),
)

# Actions of what nobody presses: locks, cubes and what feels a knock.
_UNPRESSED: Final = frozenset(
    {"lock", "unlock", "auto_lock", "lock_opened", "vibration", "movement", "knock", "throw", "flip90"}
)

Raw = Mapping[str, object]


def main() -> int:
    version, definitions = ask()
    judge = Judge(profiles.load(FOLDER))
    lines = [line for line in map(judge.line, definitions) if line is not None]
    if judge.open_questions:
        print("Nobody has judged these yet (devices/profiles/zigbee/models.toml):\n")
        print("\n".join(judge.open_questions))
        return 1
    head = {"made_from": "zigbee-herdsman-converters (MIT, see NOTICE)", "version": version}
    stored = (
        orjson.dumps(head)[:-1] + b',"definitions":[\n' + b",\n".join(map(orjson.dumps, lines)) + b"\n]}\n"
    )
    (HERE / TABLE).write_bytes(stored)
    flashing = [line for line in map(judge.light, definitions) if line is not None]
    stored = orjson.dumps(head)[:-1] + b',"lights":[\n' + b",\n".join(map(orjson.dumps, flashing)) + b"\n]}\n"
    (HERE / lights.TABLE).write_bytes(stored)
    print(f"{len(flashing)} of them can be told to flash")
    print(f"{len(lines)} of {len(definitions)} definitions of {version} can say something that matters")
    return 0


def ask() -> tuple[str, list[Raw]]:
    """The package's version and every definition, from a fresh install of what package-lock.json pins."""
    npm, node = shutil.which("npm"), shutil.which("node")
    if npm is None or node is None:
        raise SystemExit("needs npm and node: apt-get install npm")
    with tempfile.TemporaryDirectory() as folder:
        for name in ("package.json", "package-lock.json"):
            shutil.copy(HERE / name, folder)
        flags = ["--ignore-scripts", "--no-audit", "--no-fund"]
        subprocess.run([npm, "ci", *flags], cwd=folder, check=True, stdout=subprocess.DEVNULL)
        told = subprocess.run(
            [node, str(HERE / "definitions.mjs"), folder], check=True, stdout=subprocess.PIPE
        ).stdout
    head, *definitions = map(orjson.loads, told.splitlines())
    if len(definitions) != head["definitions"]:
        raise SystemExit(f"{head['definitions']} definitions, and {len(definitions)} of them could be asked")
    return head["version"], definitions


class Judge:
    """Sorts the properties of each definition by what the TOML files say; keeps what they do not say."""

    def __init__(self, known: profiles.Profiles) -> None:
        family = known.defaults[ZIGBEE]
        self._judged: Judged = known.judged
        self._family = {rule.path: rule for rule in family.layer.rules}
        self._roles = {rule.path for layer in family.roles.values() for rule in layer.rules}
        self._battery = family.layer.battery
        self.open_questions: list[str] = []

    def light(self, raw: Raw) -> dict[str, object] | None:
        """How a definition is told to flash; None if it cannot."""
        gives = raw["gives"]
        assert isinstance(gives, dict)
        light = lights.of(gives)
        if light is None:
            return None
        also = self._other_names(raw)
        return {"vendor": raw["vendor"], "model": raw["model"], "also": also, "light": light}

    def line(self, raw: Raw) -> dict[str, object] | None:
        """What the table keeps of a definition; None if nothing that it says matters to anybody."""
        label = f"{raw['vendor']} {raw['model']}"
        said, settable = raw["says"], raw["settable"]
        assert isinstance(said, dict)
        assert isinstance(settable, list)
        rules = self._family | {rule.path: rule for rule in self._judged.of_model.get(label, ())}
        own = {rule.path for rule in self._judged.of_model.get(label, ())}
        excepted = self._judged.but.get(label, frozenset())
        says: dict[str, list[object]] = {}
        silent: list[str] = []
        unjudged: list[str] = []
        for path, values in said.items():
            rule = rules.get(path)
            is_setting = path in settable and path not in own and not _covers(rule, values)
            if self._battery is not None and path == self._battery.path:
                continue
            if rule is not None and path not in excepted and not is_setting and (values or path in own):
                says[path] = values or []
                if not _covers(rule, values or ()):
                    self.open_questions.append(f"{label}: {path} = {values}, and {rule.label} knows less")
            elif path not in self._roles:
                silent.append(path)
                if values and path not in settable and not self._is_harmless(path, excepted):
                    unjudged.append(path)
        matters = bool(says) or bool(excepted)  # whose words would mislead is kept to be known
        self.open_questions += [
            f"{label}: {path} = {said[path]}" for path in unjudged if matters or SUSPICIOUS.search(path)
        ]
        if not matters:
            return None
        return {
            "vendor": raw["vendor"],
            "model": raw["model"],
            "also": self._other_names(raw),
            "role": self._judged.roles.get(label) or _role(says, rules),
            "says": says,
            "silent": "|".join(sorted({*silent, *excepted})),
        }

    def _other_names(self, raw: Raw) -> list[list[str]]:
        vendor, model, labels = str(raw["vendor"]), str(raw["model"]), raw["also"]
        assert isinstance(labels, list)
        names = [[vendor, model], *(label for label in labels if label[1])]
        names += [[brand, part] for brand, both in names for part in _parts(both)]
        names += [[other, model] for brand, model in names for other in self._judged.vendors.get(brand, ())]
        return names[1:]

    def _is_harmless(self, path: str, excepted: frozenset[str]) -> bool:
        return path in self._judged.harmless or path in excepted


def _parts(model: str) -> list[str]:
    """`HS1EB/HS1EB-E` is sold as both; `ZG-205Z/A` is sold as no `A`."""
    parts = model.split("/")
    return parts if len(parts) > 1 and min(map(len, parts)) > 3 else []


def _covers(rule: Rule | None, values: object) -> bool:
    """Whether the rule knows each value: then a property that can be set is still worth listening to."""
    if rule is None or not isinstance(values, Iterable):
        return False
    return all(rule.meaning(as_text(each)) is not None or as_text(each) in rule.idle for each in values)


def _role(says: Mapping[str, list[object]], rules: Mapping[str, Rule]) -> Role | None:
    kinds = {
        rules[path].meaning(as_text(value))
        for path, values in says.items()
        for value in (values or rules[path].means)
    }
    if _UNPRESSED & {as_text(value) for values in says.values() for value in values}:
        kinds -= {PRESS}
    return next((role for kind, role in _ROLES if kind in kinds), None)


if __name__ == "__main__":
    sys.exit(main())
