// Keeps the wall true: drawn anew every two seconds; says so when it cannot be; moves a little against burn-in.

import { after } from "./steady.js";

const EVERY_MS = 2000;
const SHIFT_MS = 60000;
const SHIFTS = [[0, 0], [4, 2], [8, 4], [4, 6], [0, 4]]; // pixels
const ZONE = document.documentElement.dataset.zone; // the site's, wherever the screen hangs
let drawnAt = performance.now();
let ahead = Date.parse(document.body.dataset.now) - Date.now(); // the server's clock counts
let shift = 0;

async function redraw() {
  try {
    const answer = await fetch(location.href, { cache: "no-store" });
    if (answer.redirected || answer.status === 401) location.reload();
    if (answer.ok) {
      const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
      document.querySelector("main").replaceWith(fresh.querySelector("main"));
      ahead = Date.parse(fresh.body.dataset.now) - Date.now();
      drawnAt = performance.now();
    }
  } catch {
    // cut off: the banner says for how long
  }
  after(EVERY_MS, redraw);
}

function tick() {
  const now = new Date(Date.now() + ahead);
  const zoned = document.querySelector(".wall__clock");
  zoned.textContent = now.toLocaleTimeString("zh-CN", { hour12: false, timeZone: ZONE });
  for (const each of document.querySelectorAll("[data-since]")) {
    const seconds = Math.max(0, Math.floor((now - Date.parse(each.dataset.since)) / 1000));
    each.textContent = `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
  }
  const cut = Math.floor((performance.now() - drawnAt) / 1000);
  const banner = document.querySelector(".wall__cut");
  banner.hidden = cut <= 6;
  banner.querySelector("span").textContent = cut;
  after(1000, tick);
}

function move() {
  shift = (shift + 1) % SHIFTS.length;
  const [x, y] = SHIFTS[shift];
  document.body.style.setProperty("translate", `${x}px ${y}px`);
  after(SHIFT_MS, move);
}

after(EVERY_MS, redraw);
after(SHIFT_MS, move);
tick();
