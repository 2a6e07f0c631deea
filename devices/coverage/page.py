"""devices/README.md in Markdown."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from devices.coverage.vocabulary import NOTHING, Vocabulary, documented, taken
from devices.formats.lorawan import DIALECT
from devices.profiles import Profile, Profiles
from devices.profiles.zigbee import coverage as zigbee

_PAGE: Final = """\
# Devices

How devices speak ([formats](../docs/formats.md)), what the words of each model mean ([profiles](profiles)),
and a simulator. How to add a model or a family stands in [docs/formats.md](../docs/formats.md).

What is understood is counted below, not claimed: `python -m devices.coverage` makes this page from the table
of Zigbee models, the examples of the profiles and [the words](coverage/vocabulary.toml) that the other
families document, and a test holds it to what the decoders do.

No device of these lists has stood before us: all of it is replayed from what converters, codecs and documents
publish. Try one of a model before you buy a hundred: enrol it, begin the test on its page, and press, wave,
burn a match or pour water until the page is green; take its battery out, and see it become silent.

{zigbee}
## LoRaWAN

A codec on the network server makes words of a device's bytes; which words is known from what the makers
publish. Of some models the bytes themselves are read, too. The facts are theirs, the examples are written
anew, and each is run through ChirpStack's, The Things Stack's and LORIOT's envelopes. {models} files for
{names} names of models; of a model that is not here, the
[words that several share](profiles/defaults/lorawan.toml) and the role decide, and what a help button, a
smoke, gas, CO, fall or leak sensor says beyond them is put before a human.

| model | sold as | its examples mean | and say nothing | without a codec | published in |
| --- | --- | --- | --- | --- | --- |
{lorawan}

## Words of the other families

Each documented word, said by a device of the role, and what the decoders make of it. A human sees a ticket.

| family, and what says it | role | it means | when it says |
| --- | --- | --- | --- |
{words}
"""


def page(known: Profiles) -> str:
    models = [each for each in known.models if DIALECT in each.families]
    return _PAGE.format(
        zigbee=zigbee.section(known),
        models=len(models),
        names=sum(len(each.names) for each in models),
        lorawan="\n".join(map(_model, models)),
        words="\n".join(row for each in documented() for row in _rows(each, known)),
    )


def _model(profile: Profile) -> str:
    role = str(profile.role or "")
    means: dict[str, int] = {}
    for example in profile.examples:
        for word in example.out:
            named = "a ticket" if word == "ticket" else word
            means[named] = means.get(named, 0) + 1
    told = ", ".join(f"{word} {count}" for word, count in sorted(means.items(), key=_by_weight))
    silent = sum(1 for example in profile.examples if not example.out)
    others = sorted({model for vendor, model in profile.also if _plain(model) != _plain(profile.model)})
    also = f" (also {', '.join(others)})" if others else ""
    name = f"{profile.vendor} {profile.model}{also}"
    raw = "read" if profile.layer.codec or profile.layer.layouts else ""
    return f"| {name} | {role} | {told} | {silent or ''} | {raw} | {profile.source} |"


def _by_weight(counted: tuple[str, int]) -> tuple[int, str]:
    word, count = counted
    return -count, word


def _plain(model: str) -> str:
    return "".join(filter(str.isalnum, model)).casefold()


def _rows(vocabulary: Vocabulary, known: Profiles) -> Iterator[str]:
    meant: dict[str, list[str]] = {}
    for word, reason in vocabulary.all():
        meaning = taken(vocabulary, word, known)
        meant.setdefault(f"nothing: {reason}" if meaning == NOTHING else meaning, []).append(word)
    for meaning, words in meant.items():
        told = ", ".join(f"`{word}`" for word in words)
        yield f"| {vocabulary.of} ({vocabulary.source}) | {vocabulary.role} | {meaning} | {told} |"
