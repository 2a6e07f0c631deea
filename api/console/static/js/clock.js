// The server's time, as well as the browser knows it. A PC whose clock is wrong must not show a wrong countdown.

import { after } from "./steady.js";

let offset = 0; // milliseconds that the server is ahead of this browser
let known = false;
const listeners = new Set();

/** Learn from a moment that the server has just sent (ISO 8601). The smallest delay seen is the best guess. */
export function learn(serverTime) {
  const heard = Date.parse(serverTime);
  if (Number.isNaN(heard)) return;
  const ahead = heard - Date.now();
  // A message is always late, never early: so the largest value seen is nearest to the truth. A jump of more
  // than two seconds means that one of the two clocks was set.
  if (!known || ahead > offset || Math.abs(ahead - offset) > 2000) offset = ahead;
  known = true;
}

/** Now by the server's clock, in milliseconds. */
export const now = () => Date.now() + offset;

/** Call `listener` once a second, on the second. Returns a function that stops it. */
export function everySecond(listener) {
  listeners.add(listener);
  listener();
  return () => listeners.delete(listener);
}

function tick() {
  for (const listener of listeners) listener();
  after(1000 - (now() % 1000) + 5, tick);
}
after(1000, tick);

/** 14秒, 2分14秒, 1小时03分: how long, in whole seconds. */
export function duration(seconds) {
  const s = Math.max(0, Math.floor(seconds));
  if (s < 60) return `${s}秒`;
  if (s < 3600) return `${Math.floor(s / 60)}分${String(s % 60).padStart(2, "0")}秒`;
  if (s < 86400) return `${Math.floor(s / 3600)}小时${String(Math.floor((s % 3600) / 60)).padStart(2, "0")}分`;
  return `${Math.floor(s / 86400)}天${Math.floor((s % 86400) / 3600)}小时`;
}

const zone = document.documentElement.dataset.zone || "Asia/Shanghai";
const clockFormat = new Intl.DateTimeFormat("zh-CN", {
  timeZone: zone, hourCycle: "h23", hour: "2-digit", minute: "2-digit", second: "2-digit",
});
const dayFormat = new Intl.DateTimeFormat("zh-CN", { timeZone: zone, month: "numeric", day: "numeric" });

/** 14:05:09 in the site's time zone. */
export const clockTime = (iso) => clockFormat.format(typeof iso === "number" ? iso : Date.parse(iso));

/** 14:05, with the date before it when that is not today. */
export function shortTime(iso) {
  const at = Date.parse(iso);
  const day = dayFormat.format(at);
  const time = clockFormat.format(at).slice(0, 5);
  return day === dayFormat.format(now()) ? time : `${day} ${time}`;
}
