"""A dialler of somebody else's making, my-dc09-spt: `dialler.py port tcp|udp account key|- events…`.

An event is a code of ADM-CID or of SIA-DCS, or `poll`. Each is said until it is acknowledged, as a dialler
does; what was acknowledged is printed, one word in a line.
"""

from __future__ import annotations

import contextlib
import logging
import sys

from my_dc09_spt.dc09_spt import dc09_spt

ATTEMPTS = 60  # of one to five seconds each
PATH = "main", "primary"


def main() -> int:
    logging.disable(logging.CRITICAL)
    port, transport, account, key, *events = sys.argv[1:]
    for number, event in enumerate(events, start=1):
        for _ in range(ATTEMPTS):
            # A new one for each attempt: this one keeps the failure of its last message for ever.
            dialler = dc09_spt(account, receiver=1, line=2)
            secret = None if key == "-" else bytes.fromhex(key)
            dialler.set_path(*PATH, "127.0.0.1", int(port), account=account, key=secret, type=transport)
            with contextlib.suppress(Exception):  # its way to say that nobody answered
                if says(dialler, number, event):
                    break
        else:
            return 1
        sys.stdout.write(f"{event}\n")
        sys.stdout.flush()
    return 0


def says(dialler: dc09_spt, number: int, event: str) -> bool:
    """Whether the receiver acknowledged one message, by the dialler's own judgement of the answer."""
    main, primary = PATH
    if event == "poll":
        return bool(dialler.transfer_msg(0, "NULL", "]", dialler.tpaths[main][primary]["path"]))
    dialler.msg_nr = number - 1
    place = {"lon": "118.58", "lat": "37.59"}
    if event.isdigit():
        dialler.send_msg("ADM-CID", {"code": event, "zone": "5", "q": 1} | place)
    else:
        dialler.send_msg("SIA-DCS", {"code": event, "zone": "5", "area": "1"} | place)
    return True


if __name__ == "__main__":
    sys.exit(main())
