"""Small PMTiles archives (version 3), vector tiles and pictures, made here: no test downloads anything.

https://github.com/protomaps/PMTiles/blob/main/spec/v3/spec.md, https://github.com/mapbox/vector-tile-spec
"""

from __future__ import annotations

import gzip
import json
import struct
import zlib
from collections.abc import Mapping, Sequence
from itertools import chain
from math import asinh, floor, pi, radians, tan

Tile = tuple[int, int, int]  # z, x, y
Feature = tuple[int, Sequence[tuple[int, int]], Mapping[str, str]]  # 2 a line, 3 a polygon; corners; tags
MVT, PNG = 1, 2
EXTENT = 4096


def archive(
    tiles: Mapping[Tile, bytes],
    kind: int,
    bounds: tuple[float, float, float, float],
    metadata: Mapping[str, object],
) -> bytes:
    """One directory, compressed as `pmtiles convert` does: directory, metadata and vector tiles by gzip."""
    outer = 2 if kind == MVT else 1
    numbered = sorted((tile_number(*tile), content) for tile, content in tiles.items())
    contents = [gzip.compress(content, mtime=0) if kind == MVT else content for _, content in numbered]
    numbers = [number for number, _ in numbered]
    steps = [number - before for number, before in zip(numbers, [0, *numbers], strict=False)]
    # An offset of 0 says: right after the tile before.
    columns = [steps, [1] * len(numbers), [len(one) for one in contents], [1] + [0] * (len(contents) - 1)]
    root = gzip.compress(varint(len(numbers)) + b"".join(map(varint, chain(*columns))), mtime=0)
    said = gzip.compress(json.dumps(metadata).encode(), mtime=0)
    body = b"".join(contents)
    zooms = [tile[0] for tile in tiles]
    said_at = 127 + len(root)
    data_at = said_at + len(said)
    header = b"PMTiles\x03" + struct.pack(
        "<11Q", 127, len(root), said_at, len(said), data_at, 0, data_at, len(body), *[len(numbers)] * 3
    )
    header += bytes([1, 2, outer, kind, min(zooms), max(zooms)])
    header += struct.pack("<4i", *(round(each * 1e7) for each in bounds))
    header += struct.pack("<B2i", min(zooms), round(bounds[0] * 1e7), round(bounds[1] * 1e7))
    return header + root + said + body


def tile_number(z: int, x: int, y: int) -> int:
    """Its place on the Hilbert curve, after all tiles of the zooms before."""
    number, side = sum(4**each for each in range(z)), 1 << z
    step = side >> 1
    while step:
        right, lower = int(bool(x & step)), int(bool(y & step))
        number += step * step * ((3 * right) ^ lower)
        if not lower:
            if right:
                x, y = side - 1 - x, side - 1 - y
            x, y = y, x
        step >>= 1
    return number


def varint(value: int) -> bytes:
    out = bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    return bytes([*out, value])


def vector_tile(layers: Mapping[str, Sequence[Feature]]) -> bytes:
    """Features by layer, corners in 0..4096 and a little around."""
    return b"".join(field(3, _layer(name, features)) for name, features in layers.items())


def _layer(name: str, features: Sequence[Feature]) -> bytes:
    words = sorted({word for *_, tags in features for pair in tags.items() for word in pair})
    out = field(15, 2) + field(1, name.encode())
    for kind, corners, tags in features:
        tagged = [words.index(word) for pair in tags.items() for word in pair]
        drawn, at = [], (0, 0)
        for index, corner in enumerate(corners):
            if index < 2:
                drawn.append(1 | 1 << 3 if index == 0 else 2 | (len(corners) - 1) << 3)
            drawn += [zigzag(new - old) for new, old in zip(corner, at, strict=True)]
            at = corner
        if kind == 3:
            drawn.append(7 | 1 << 3)
        packed = [b"".join(map(varint, each)) for each in (tagged, drawn)]
        out += field(2, field(2, packed[0]) + field(3, kind) + field(4, packed[1]))
    out += b"".join(field(3, word.encode()) for word in words)
    out += b"".join(field(4, field(1, word.encode())) for word in words)
    return out + field(5, EXTENT)


def field(number: int, value: int | bytes) -> bytes:
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    return varint(number << 3 | 2) + varint(len(value)) + value


def zigzag(value: int) -> int:
    return value << 1 ^ value >> 31


def png(rows: Sequence[Sequence[tuple[int, int, int]]]) -> bytes:
    lines = b"".join(b"\0" + bytes(part for dot in row for part in dot) for row in rows)

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = struct.pack(">IIBBBBB", len(rows[0]), len(rows), 8, 2, 0, 0, 0)
    packed = zlib.compress(lines)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", packed) + chunk(b"IEND", b"")


def pixel(lon: float, lat: float, z: int) -> tuple[float, float]:
    """Of the whole web Mercator at zoom `z`, 256 to a tile, from the north-west."""
    world = 256 * 2**z
    return (lon + 180) / 360 * world, (1 - asinh(tan(radians(lat))) / pi) / 2 * world


def tile_at(lon: float, lat: float, z: int) -> Tile:
    x, y = pixel(lon, lat, z)
    return z, floor(x / 256), floor(y / 256)
