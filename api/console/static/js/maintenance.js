// Work on devices: what goes on with how long it still lasts, what has just ended, and the form that begins it.

import { get, post, remove } from "./api.js";
import { duration, learn, now, shortTime } from "./clock.js";
import { both, fill, h, toast } from "./dom.js";

const HOURS = [1, 4, 8, 24]; // no longer: it ends by itself

/** All that goes on or has just ended; null while the line is down, of which the page says so in its own place. */
async function read() {
  try {
    const found = await get("/api/maintenance");
    learn(found.now);
    return found;
  } catch (problem) {
    return null;
  }
}

/** Fill `list`, above the queue; it is hidden while there is nothing to say. */
export async function showMaintenance(list) {
  const found = await read();
  if (!found) return;
  list.hidden = found.going_on.length + found.ended.length === 0;
  fill(list, found.going_on.map((one) => h("li", null, h("a", { href: "/maintenance" }, `维护中 ${what(one)}`), ` ${left(one)} · ${one.reason}`, h("span", { class: "en", lang: "en" }, "under maintenance"))),
    found.ended.map((one) => h("li", null, `✓ 维护已结束 ${shortTime(one.ended_at)} ${what(one)} ended`)));
}

/** The work on one device, or without one all of it, in `place`; `may`: whether who looks may begin some. */
export function maintenance(place, device, may) {
  const list = h("ul", { class: "people" });
  const show = async () => {
    const found = await read();
    if (!found) return;
    const ours = (one) => device === null || one.device_id === device;
    fill(list, found.going_on.filter(ours).map((one) => line(one, show)), found.ended.filter(ours).map((one) =>
      h("li", { class: "quiet" }, `✓ 已结束 ended ${shortTime(one.ended_at)} · ${what(one)} · ${one.reason}`)));
    if (!list.children.length) fill(list, h("li", { class: "quiet" }, "没有维护。 Nothing is being worked on."));
  };
  fill(place, h("h2", null, both(["维护", "maintenance"])),
    h("p", { class: "quiet small" }, "期间设备离线、低电、停电等只记录,不通知人;求助、跌倒、烟雾、燃气、漏水照常报警。到时自动结束。",
      h("span", { class: "en", lang: "en" }, "Troubles of devices are recorded and tell nobody until it ends by itself. Calls for help, falls, smoke, gas and leaks alarm as ever.")),
    list, may ? form(device, show) : null);
  show();
  return show;
}

function line(one, show) {
  const end = () => remove(`/api/maintenance/${one.id}`).then(show, (problem) => toast(problem.message, true));
  return h("li", { "data-maintenance": one.id },
    h("div", null, h("b", null, what(one)), " ", h("span", { class: "chip chip--amber" }, `▲ 维护中 ${left(one)}`),
      h("p", { class: "quiet small" }, `${one.reason} · ${one.by} · ${shortTime(one.begins_at)} – ${shortTime(one.ends_at)}`)),
    h("button", { class: "button", type: "button", "data-end": "", onclick: end }, "结束", h("span", { class: "en" }, "end")));
}

function form(device, show) {
  const reason = h("input", { name: "reason", required: true, maxlength: 200, "aria-label": "原因 reason", placeholder: "原因,例:更换网关 reason" });
  const hours = h("select", { name: "hours", "aria-label": "多久 how long" }, HOURS.map((one) => h("option", { value: one }, `${one} 小时 h`)));
  const made = h("form", { class: "row maintenance__form" }, reason, hours, h("button", { class: "button button--deed", type: "submit" }, both(["开始维护", "begin"])));
  made.addEventListener("submit", async (event) => {
    event.preventDefault();
    try {
      await post("/api/maintenance", { device_id: device, reason: reason.value, minutes: 60 * Number(hours.value) });
      reason.value = "";
      await show();
    } catch (problem) {
      toast(problem.message, true);
    }
  });
  return made;
}

const what = (one) => one.what || "整个平台 the whole site";
const left = (one) => `还剩 ${duration((Date.parse(one.ends_at) - now()) / 1000)}`;
