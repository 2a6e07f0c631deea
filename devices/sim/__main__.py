"""`python -m devices.sim`: play a scenario against a real MQTT server, or let one device speak.

python -m devices.sim --scenario smoke
python -m devices.sim --protocol watch --door 5093 --says fall
"""

from __future__ import annotations

import secrets
import signal
import threading
from collections.abc import Iterable
from itertools import takewhile
from pathlib import Path
from typing import Annotated

import orjson
import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from devices.signal import Role
from devices.sim import dialled, line, player, roster, script
from devices.sim.speech import Emission

FLUSH_S = 10.0  # seconds

app = typer.Typer(add_completion=False, help=__doc__)
console = Console(stderr=True)


@app.command()
def run(
    host: Annotated[str, typer.Option(envvar="ANXIN_MQTT_HOST")] = "127.0.0.1",
    port: Annotated[int, typer.Option(envvar="ANXIN_MQTT_PORT", help="Of the MQTT server.")] = 1883,
    door: Annotated[
        int | None,
        typer.Option(help="Port of the gateway, for what speaks no MQTT: watch, iw, sia_dc09, scaip."),
    ] = None,
    username: str = "",
    password: Annotated[str, typer.Option(envvar="ANXIN_SIM_PASSWORD", show_default=False)] = "",
    site: Annotated[str, typer.Option(help="The site whose devices these are.")] = "kenli",
    scenario: Annotated[str, typer.Option(help=f"A file, or one of: {', '.join(script.scenarios())}.")] = (
        "emergency_press"
    ),
    protocol: Annotated[
        str, typer.Option(help=f"Let one device speak: {', '.join(roster.EXAMPLES)}.", metavar="NAME")
    ] = "",
    device: Annotated[str, typer.Option(help="Its key, such as watch:6907919734.")] = "",
    role: Annotated[Role, typer.Option(help="What it is enrolled as.")] = Role.HELP_BUTTON,
    says: Annotated[str, typer.Option(help="What it says; without it, the scenario happens to it.")] = "",
    roster_file: Annotated[Path | None, typer.Option("--roster", help="Who lives there (JSON).")] = None,
    rate: Annotated[float, typer.Option(min=0, help="Plays begun per second; 0: all at once.")] = 1,
    count: Annotated[int, typer.Option(min=1, help="How often the scenario is played.")] = 1,
    speed: Annotated[float, typer.Option(min=0.01, help="How many times as fast; 60: hours in minutes.")] = 1,
    seed: Annotated[int | None, typer.Option(help="The same seed gives the same messages.")] = None,
    duration: Annotated[float | None, typer.Option(min=0, help="Stop after so many seconds.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the summary as JSON.")] = False,
) -> None:
    """Play a scenario. Exit code 1: a receipt is missing; 2: it cannot be played."""
    seed = secrets.randbits(32) if seed is None else seed
    stopping = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stopping.set())
    try:
        one = roster.one(protocol, device, role) if protocol else None
        people = (one,) if one else roster.load(roster_file) if roster_file else roster.street(site)
        story = script.only(says, role) if says else script.load(scenario)
        emissions: Iterable[Emission]
        if story.endless:
            script.script(seed, people, story)  # complain now about a device that nobody has
            emissions, total = script.endless(seed, people, story), None
        else:
            emissions = script.repeated(seed, people, story, count, rate)
            total = len(emissions)
        emissions = script.faster(emissions, speed)
        sender: player.Sender | line.Line
        if one is not None and one.family in dialled.FAMILIES:
            sender = line.Line(one, host, _open(one.family, door)).start()
        else:
            sender = player.Sender(host, port, username=username, password=password, site=site).start()
    except (roster.RosterError, script.ScenarioError, player.NoBroker) as error:
        console.print(str(error), style="red", markup=False)
        raise typer.Exit(2) from None
    try:
        tally = _play(sender, emissions, story.title, total, duration, stopping)
    finally:
        sender.stop()
    _summarise(tally, seed, as_json)
    raise typer.Exit(1 if tally.waiting else 0)


def _open(family: str, door: int | None) -> int:
    if door is None:
        raise player.NoBroker(
            f"--door is missing: the port that {dialled.DOORS[family]} of the gateway names"
        )
    return door


def _play(
    sender: player.Sender | line.Line,
    emissions: Iterable[Emission],
    title: str,
    total: int | None,
    duration: float | None,
    stopping: threading.Event,
) -> player.Tally:
    clock = threading.Timer(duration, stopping.set) if duration is not None else None
    if clock:
        clock.daemon = True
        clock.start()
        emissions = takewhile(lambda emission: emission.at <= (duration or 0), emissions)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, disable=not console.is_terminal) as progress:
        bar = progress.add_task(title, total=total)
        player.play(sender, emissions, stopping, lambda _: progress.advance(bar))
        while not sender.wait(0.2) and not stopping.is_set():
            progress.update(bar, description=f"{title}: {sender.tally().waiting} 未确认 / not acknowledged")
    if not stopping.is_set():
        sender.flush(FLUSH_S)  # who hangs up at once loses what is on its way
    if clock:
        clock.cancel()
    return sender.tally()


def _summarise(tally: player.Tally, seed: int, as_json: bool) -> None:
    p50, p99 = tally.latency(50), tally.latency(99)
    if as_json:
        summary = {
            "seed": seed,
            "said": tally.said,
            "kept": tally.kept,
            "resent": tally.resent,
            "acked": tally.acked,
            "acks_heard": tally.acks_heard,
            "waiting": tally.waiting,
            "alone": tally.alone,
            "latency_p50_seconds": p50,
            "latency_p99_seconds": p99,
        }
        print(orjson.dumps(summary).decode())
        return
    print(f"发出 {tally.said}, 确认 {tally.acked}/{tally.kept}, 重发 {tally.resent}")
    print(
        f"said {tally.said}, acknowledged {tally.acked} of {tally.kept}, resent {tally.resent}, seed {seed}"
    )
    if p50 is not None and p99 is not None:
        print(f"receipt after p50 {p50 * 1000:.1f} ms, p99 {p99 * 1000:.1f} ms")
    if tally.alone:
        print(
            f"{tally.alone} 台设备提示老人自己打电话 / devices told their owners to telephone 2222999 or 120"
        )
    if tally.waiting:
        print(f"{tally.waiting} 条未得到确认 / not acknowledged: does a gateway run, and may it answer?")


if __name__ == "__main__":
    app()
