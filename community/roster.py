"""The devices of a street as the simulator needs them: who speaks on which topic, and whose home it is."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from community.model import Device, HomeRecord, Site

# What a key begins with, the family of envelopes that it names, and the topic the device itself speaks on.
_FAMILIES = {
    "care": ("native", "care/{}/signal"),
    "z2m": ("zigbee2mqtt", "zigbee2mqtt/{}"),
    "lora": ("chirpstack", "application/1/device/{}/event/up"),
    # Of these the key does not tell the whole topic; the simulator knows it.
    **{family: (family, "") for family in ("shelly", "tasmota", "esphome", "traccar", "owntracks")},
}


def roster(site: Site, devices: Iterable[Device], homes: Mapping[int, HomeRecord]) -> list[dict[str, str]]:
    """One plain record for each enabled device of a family that can be simulated, ready to be JSON.

    `household` names its home, `address` says it in words, `resident` names who lives there first.
    """
    records: list[dict[str, str]] = []
    for device in devices:
        prefix, _, identity = device.key.partition(":")
        if not device.enabled or prefix not in _FAMILIES:
            continue
        family, topic = _FAMILIES[prefix]
        home = homes.get(device.household_id) if device.household_id is not None else None
        records.append(
            {
                "device_key": device.key,
                "family": family,
                "topic": topic.format(identity),
                "role": device.role.value,
                "vendor": device.vendor,
                "model": device.model,
                "household": f"{site.code}-{device.household_id:04d}" if home else "",
                "address": home.household.address if home else "",
                "resident": home.residents[0].name if home and home.residents else "",
            }
        )
    return records
