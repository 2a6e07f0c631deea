// Devices that are being tried, in blue above the queue: a test that somebody hears of must not look like trouble.

import { get } from "./api.js";
import { clockTime, duration, now } from "./clock.js";
import { fill, h } from "./dom.js";

/** Fill `list` with the trials that go on and those just heard; it is hidden while there are none. */
export async function showTrials(list) {
  let tried;
  try {
    tried = await get("/api/trials");
  } catch (problem) {
    return; // the line is down: the page says so in its own place
  }
  list.hidden = tried.length === 0;
  fill(list, tried.map((one) => h("li", null, h("a", { href: `/devices/${one.device_id}` }, `${one.address} ${one.label}`), " ", words(one.trial))));
}

/** How a trial stands, in words. */
export function words(trial) {
  if (trial.heard_at) return `✓ 测试收到 ${clockTime(trial.heard_at)} test heard`;
  return `测试中,还剩${duration((Date.parse(trial.until) - now()) / 1000)} on test`;
}
