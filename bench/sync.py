"""`python -m bench.sync FILE COUNT`: write a block and sync it, COUNT times; prints the ms that each took."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

BLOCK = 4096  # bytes


def main(file: str, count: str) -> None:
    with Path(file).open("wb", buffering=0) as out:
        for _ in range(int(count)):
            out.write(b"\0" * BLOCK)
            began = time.perf_counter()
            os.fsync(out.fileno())
            print((time.perf_counter() - began) * 1000)


if __name__ == "__main__":
    main(*sys.argv[1:])
