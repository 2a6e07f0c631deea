// Vector tiles (Mapbox Vector Tile 2.1) read and painted on a canvas, for the flat map; MapLibre reads them by itself.

import { draws, nameOf, RULES, widthAt } from "./map_ground.js";
import { FONT } from "./map_looks.js";

const SHAPES = ["", "Point", "LineString", "Polygon"];
const MOVE = 1, LINE = 2; // what a command of a geometry does; 7 closes a ring

/** The layers of a tile by name: [{shape, tags, parts}], each part a list of [x, y] as shares of the tile's side. */
export function read(bytes) {
  const found = new Map();
  for (const [number, layer] of fields(new Uint8Array(bytes))) if (number === 3) addLayer(found, layer);
  return found;
}

function addLayer(found, bytes) {
  const [keys, values, drawn] = [[], [], []];
  let [name, extent] = ["", 4096];
  for (const [number, value] of fields(bytes)) {
    if (number === 1) name = text(value);
    else if (number === 2) drawn.push(value);
    else if (number === 3) keys.push(text(value));
    else if (number === 4) values.push(word(value));
    else if (number === 5) extent = value;
  }
  found.set(name, drawn.map((one) => {
    let [tags, shape, parts] = [{}, "", []];
    for (const [number, value] of fields(one)) {
      if (number === 2) {
        const pairs = numbers(value);
        for (let at = 0; at + 1 < pairs.length; at += 2) tags[keys[pairs[at]]] = values[pairs[at + 1]];
      } else if (number === 3) shape = SHAPES[value] || "";
      else if (number === 4) parts = geometry(numbers(value), extent);
    }
    return { shape, tags, parts };
  }));
}

/** A string; the numbers that some tags are do not matter to us. */
function word(bytes) {
  for (const [number, value] of fields(bytes)) if (number === 1) return text(value);
  return null;
}

function geometry(commands, extent) {
  const parts = [];
  let [x, y, at] = [0, 0, 0];
  while (at < commands.length) {
    const [does, times] = [commands[at] & 7, commands[at] >>> 3];
    at += 1;
    if (does !== MOVE && does !== LINE) continue;
    for (let left = times; left > 0 && at + 1 < commands.length; left--, at += 2) {
      x += signed(commands[at]);
      y += signed(commands[at + 1]);
      if (does === MOVE || !parts.length) parts.push([]);
      parts[parts.length - 1].push([x / extent, y / extent]);
    }
  }
  return parts;
}

// ---- protocol buffers ----

const signed = (value) => (value >>> 1) ^ -(value & 1);
const text = (bytes) => new TextDecoder().decode(bytes);

/** The fields of a message as [number, value]: a number, or the bytes of whatever it is. */
function* fields(bytes) {
  const from = { at: 0 };
  while (from.at < bytes.length) {
    const key = varint(bytes, from);
    const kind = key & 7;
    if (kind === 0) yield [key >>> 3, varint(bytes, from)];
    else if (kind === 1) from.at += 8;
    else if (kind === 5) from.at += 4;
    else if (kind === 2) {
      const size = varint(bytes, from);
      yield [key >>> 3, bytes.subarray(from.at, from.at + size)];
      from.at += size;
    } else throw new Error("this is no vector tile");
  }
}

function numbers(bytes) {
  const from = { at: 0 };
  const found = [];
  while (from.at < bytes.length) found.push(varint(bytes, from));
  return found;
}

function varint(bytes, from) {
  let [value, scale] = [0, 1];
  for (;;) {
    const byte = bytes[from.at++];
    if (byte === undefined) throw new Error("this tile is cut short");
    value += (byte & 127) * scale;
    if (byte < 128) return value;
    scale *= 128;
  }
}

// ---- painting ----

/** Paint what `layers` has on `brush`: a square of `side` pixels whose tile has its corner at `left`, `top` and `whole` pixels across. */
export function paint(brush, layers, look, { zoom, left, top, whole, side }) {
  const at = ([x, y]) => [left + x * whole, top + y * whole];
  for (const rule of RULES.filter((each) => zoom >= (each.from || 0)))
    for (const name of rule.of) {
      const features = (layers.get(name) || []).filter(({ shape, tags }) => draws(rule, shape, tags));
      if (rule.size) names(brush, features, rule, look, at, side);
      else lay(brush, features, rule, look, at, zoom);
    }
}

function lay(brush, features, { color, shape, width }, look, at, zoom) {
  brush.fillStyle = brush.strokeStyle = look[color];
  brush.lineWidth = width ? widthAt(width, zoom) : 1;
  brush.lineJoin = brush.lineCap = "round";
  for (const { parts } of features) {
    brush.beginPath();
    for (const part of parts) {
      part.forEach((corner, index) => (index ? brush.lineTo(...at(corner)) : brush.moveTo(...at(corner))));
      if (shape === "Polygon") brush.closePath();
    }
    if (shape === "Polygon") brush.fill("evenodd");
    else brush.stroke();
  }
}

/** Each name once on a tile: in the middle of a road that is long enough for it, or at its place. */
function names(brush, features, { shape, size }, look, at, side) {
  brush.font = `${size}px ${FONT}`;
  brush.textAlign = "center";
  brush.textBaseline = "middle";
  brush.lineWidth = 3;
  brush.lineJoin = "round";
  const said = new Set();
  for (const { parts, tags } of features) {
    const name = nameOf(tags);
    if (!name || said.has(name)) continue;
    const wide = brush.measureText(name).width;
    for (const part of parts) {
      const [x, y, turned] = shape === "Point" ? [...at(part[0]), 0] : straight(part.map(at), wide) || [-1, -1, 0];
      if (x < wide / 2 || y < size || x > side - wide / 2 || y > side - size) continue; // not across the edge of a tile
      said.add(name);
      brush.save();
      brush.translate(x, y);
      brush.rotate(turned);
      brush.strokeStyle = look.halo;
      brush.strokeText(name, 0, 0);
      brush.fillStyle = look.quiet;
      brush.fillText(name, 0, 0);
      brush.restore();
      break;
    }
  }
}

/** The middle of the longest straight piece, if it is `wide` enough, and how it is turned for reading. */
function straight(corners, wide) {
  let [best, found] = [wide, null];
  for (let index = 1; index < corners.length; index++) {
    const [[x, y], [toX, toY]] = [corners[index - 1], corners[index]];
    const long = Math.hypot(toX - x, toY - y);
    if (long <= best) continue;
    const angle = Math.atan2(toY - y, toX - x);
    best = long;
    found = [(x + toX) / 2, (y + toY) / 2, Math.abs(angle) > Math.PI / 2 ? angle + Math.PI : angle];
  }
  return found;
}
