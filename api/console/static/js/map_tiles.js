// What lies under our own polygons, tile by tile: the site's own PMTiles file, or somebody's raster tiles. Everything of ours
// is WGS-84. Tiles that are cut in GCJ-02 lie half a kilometre beside it: here, and nowhere else, they are moved to their place.

export const TILE_PX = 256;

const AT_ONCE = 3; // browsers open six lines to us, one is the live stream's: the desk's own requests must not wait for a map
const READER = "/vendor/pmtiles/pmtiles.js";

export class Tiles {
  /** `base` as `/api/map/base` says it; `reads` when what is drawn is read back, which other origins must allow (CORS). */
  constructor(base, reads) {
    Object.assign(this, base);
    this.reads = reads;
    this.lines = Array.from({ length: AT_ONCE }, () => Promise.resolve());
  }

  /** The bytes of a tile of the file; null where it has none. */
  async bytes(z, x, y, signal) {
    if (!this.archive) this.archive = reader().then((library) => new library.PMTiles(this.file));
    const archive = await this.archive;
    const found = await this._inTurn(() => (signal && signal.aborted ? null : archive.getZxy(z, x, y, signal)));
    return found ? found.data : null;
  }

  /** Ask on the line that was taken the longest time ago, when whoever has it is done. */
  _inTurn(ask) {
    const answer = this.lines.shift().then(ask);
    this.lines.push(answer.catch(() => null));
    return answer;
  }

  /** A picture of the WGS-84 tile, or null where there is none. */
  async picture(z, x, y, signal) {
    if (!this.file) return this._fromElsewhere(z, x, y);
    const bytes = await this.bytes(z, x, y, signal);
    return bytes ? createImageBitmap(new Blob([bytes])) : null;
  }

  async _fromElsewhere(z, x, y) {
    const { columns, rows, transform } = placed(z, x, y, this.crs);
    const sheet = canvas(columns.length * TILE_PX, rows.length * TILE_PX); // first side by side, then moved: no seams
    const brush = sheet.getContext("2d");
    await Promise.all(this.addresses.map((address) => Promise.all(columns.map((column) => Promise.all(rows.map((row) => this._image(fill(address, z, column, row))))))))
      .then((layers) => layers.forEach((layer) => layer.forEach((column, across) => column.forEach((image, down) => brush.drawImage(image, across * TILE_PX, down * TILE_PX, TILE_PX, TILE_PX)))));
    const tile = canvas(TILE_PX, TILE_PX);
    const moved = tile.getContext("2d");
    moved.setTransform(...transform);
    moved.drawImage(sheet, 0, 0);
    return tile;
  }

  _image(address) {
    return new Promise((loaded, failed) => {
      const image = new Image();
      if (this.reads) image.crossOrigin = "anonymous";
      image.onload = () => loaded(image);
      image.onerror = () => failed(new Error(`no tile from ${new URL(address).host}`)); // the address may hold a key
      image.src = address;
    });
  }
}

const fill = (address, z, x, y) => address.replace("{z}", z).replace("{x}", x).replace("{y}", y);

function canvas(width, height) {
  return Object.assign(document.createElement("canvas"), { width, height });
}

/** The library, once; its global is all that it brings. */
function reader() {
  if (window.pmtiles) return Promise.resolve(window.pmtiles);
  return new Promise((loaded, failed) => {
    const script = document.createElement("script");
    Object.assign(script, { src: READER, onload: () => loaded(window.pmtiles), onerror: () => failed(new Error(`${READER} does not come`)) });
    document.head.append(script);
  });
}

// ---- where a tile lies ----

/**
 * Which tiles of a grid cut in `crs` cover the WGS-84 tile z/x/y, and how their sheet (top left tile at 0, 0) is drawn over it: the
 * six numbers of a canvas transform. Within a tile the shift is as good as linear: the rest is 0.4 m at zoom 14, 0.03 m at 16.
 */
export function placed(z, x, y, crs) {
  if (crs !== "gcj02") return { columns: [x], rows: [y], transform: [1, 0, 0, 1, 0, 0] };
  const there = (across, down) => toPixel(...toGcj(...fromPixel(x * TILE_PX + across, y * TILE_PX + down, z)), z);
  const half = TILE_PX / 2;
  const middle = there(half, half);
  const [east, south] = [minus(there(TILE_PX, half), there(0, half)), minus(there(half, TILE_PX), there(half, 0))].map((way) => way.map((part) => part / TILE_PX));
  const corners = [[-half, -half], [half, -half], [-half, half], [half, half]].map(([across, down]) => [0, 1].map((axis) => middle[axis] + east[axis] * across + south[axis] * down));
  const [columns, rows] = [0, 1].map((axis) => covering(Math.min(...corners.map((corner) => corner[axis])), Math.max(...corners.map((corner) => corner[axis]))));
  const det = east[0] * south[1] - south[0] * east[1];
  const [a, b, c, d] = [south[1] / det, -east[1] / det, -south[0] / det, east[0] / det];
  const [left, top] = [columns[0] * TILE_PX - middle[0], rows[0] * TILE_PX - middle[1]];
  return { columns, rows, transform: [a, b, c, d, a * left + c * top + half, b * left + d * top + half] };
}

const minus = (one, other) => one.map((value, axis) => value - other[axis]);

function covering(from, to) {
  const first = Math.floor(from / TILE_PX);
  return Array.from({ length: Math.ceil(to / TILE_PX) - first }, (_, index) => first + index);
}

/** The pixel of the whole web Mercator at zoom `z`, from its north-west corner, and back to degrees. */
export function toPixel(lon, lat, z) {
  const world = TILE_PX * 2 ** z;
  return [((lon + 180) / 360) * world, ((1 - Math.asinh(Math.tan(radians(lat))) / Math.PI) / 2) * world];
}

export function fromPixel(x, y, z) {
  const world = TILE_PX * 2 ** z;
  return [(x / world) * 360 - 180, (Math.atan(Math.sinh(Math.PI * (1 - (2 * y) / world))) * 180) / Math.PI];
}

const radians = (degrees) => (degrees * Math.PI) / 180;

/** GCJ-02 degrees of WGS-84 degrees: the public formula, as in maps/coords.py (a test holds the two together). */
export function toGcj(lon, lat) {
  if (lon < 72.004 || lon > 137.8347 || lat < 0.8293 || lat > 55.8271) return [lon, lat];
  const { PI, sin } = Math;
  const [x, y] = [lon - 105, lat - 35];
  const ripple = 20 * sin(6 * PI * x) + 20 * sin(2 * PI * x);
  const root = Math.sqrt(Math.abs(x));
  const waves = (over, large, small) => ((ripple + 20 * sin(PI * over) + 40 * sin((PI * over) / 3) + large * sin((PI * over) / 12) + small * sin((PI * over) / 30)) * 2) / 3;
  const east = 300 + x + 2 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * root + waves(x, 150, 300);
  const north = -100 + 2 * x + 3 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * root + waves(y, 160, 320);
  const magic = 1 - 0.00669342162296594323 * sin(radians(lat)) ** 2;
  const across = 6378245 / Math.sqrt(magic);
  const along = (6378245 * (1 - 0.00669342162296594323)) / magic ** 1.5;
  return [lon + ((east / (across * Math.cos(radians(lat)))) * 180) / PI, lat + ((north / along) * 180) / PI];
}
