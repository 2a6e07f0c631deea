// Which homes are watched for silence, with which presets and times: found, chosen, kept, ended.

import { get, remove, set } from "./api.js";
import { shortTime } from "./clock.js";
import { ask } from "./dialog.js";
import { $, both, fill, h, toast } from "./dom.js";
import { homeFinder } from "./finder.js";

const DAYS = ["一", "二", "三", "四", "五", "六", "日"];
const NOBODY_SEES = "家里没有能看到的设备 nothing at home sees it";

let presets = [];
let home = null; // as the register has it
let roles = []; // of its devices that are switched on
let draft = null; // what the form says
let isWatched = false;

const clockOf = (minute) => `${String(Math.floor(minute / 60) % 24).padStart(2, "0")}:${String(minute % 60).padStart(2, "0")}`;
const names = (one) => one.residents.map((resident) => resident.name).join("、");

// ---- the list ----

async function list() {
  const shown = h("div", { class: "watched" });
  const more = async (cursor) => {
    const { items, next } = await get(`/api/watches?limit=50${cursor ? `&cursor=${encodeURIComponent(cursor)}` : ""}`);
    shown.append(...items.map((status) =>
      h("button", { class: "button", type: "button", "data-watched": status.home.household.id, onclick: () => open(status.home.household.id) },
        h("span", null, names(status.home) || status.home.household.address),
        h("span", { class: "small quiet" }, status.home.household.address),
        status.blind.length ? h("span", { class: "chip chip--amber" }, "看不到 blind") : null)));
    if (!items.length && !cursor) shown.append(h("p", { class: "quiet" }, "还没有守护的住户。 No home is watched yet."));
    if (next) shown.append(h("button", { class: "button", type: "button", onclick: (event) => { event.target.remove(); more(next); } }, "更多 more"));
  };
  await more(null);
  fill($(".plans__list"), homeFinder(6, (one) => open(one.household.id)), h("h3", null, both(["守护中", "watched"])), shown);
}

// ---- one home ----

async function open(id) {
  try {
    const [found, devices, status] = await Promise.all([
      get(`/api/households/${id}`), get(`/api/devices?household_id=${id}&limit=200`), get(`/api/households/${id}/watch`),
    ]);
    home = found;
    roles = devices.items.filter((device) => device.enabled).map((device) => device.role);
    isWatched = status !== null;
    draft = {
      presets: status ? [...status.presets] : [],
      daily: status && status.daily ? { starts: clockOf(status.daily.starts), ends: clockOf(status.daily.ends) } : null,
      calls: status && status.call_minute !== null ? { days: [...status.call_days], at: clockOf(status.call_minute) } : null,
      night: status && status.night ? { starts: clockOf(status.night.hours.starts), ends: clockOf(status.night.hours.ends), minutes: status.night.minutes } : null,
    };
    history.replaceState(null, "", `#${id}`);
    draw(status);
  } catch (problem) {
    toast(problem.message, true);
  }
}

function draw(status) {
  const form = h("form", { class: "panel" },
    h("h2", null, home.household.address, h("span", { class: "quiet" }, ` ${names(home)}`)),
    h("p", { class: "quiet" }, !status ? "还没有守护。 Not watched yet." : status.life_at ? `最近动静 last sign of life ${shortTime(status.life_at)}` : "还没有听到动静 nothing heard yet"),
    h("h3", null, both(["没有动静多久问一声", "a silence that is too long"])),
    h("p", { class: "quiet small" }, "先发一条短信轻轻问,没有回答再派人。 A gentle text first; somebody goes when no answer comes."),
    h("div", { class: "choices", role: "group", "aria-label": "预设 presets" }, presets.map(choice)),
    part("daily", ["每天报平安", "says each day that she is well"], { starts: "07:00", ends: "09:00" }, (daily) => [
      time("从 from", daily, "starts"), time("到 until", daily, "ends"),
      h("span", { class: "quiet small" }, "按绿键,或在测试状态按任何键。 The green button, or any in test.")]),
    part("calls", ["问安电话", "welfare calls"], { days: [1, 3, 5], at: "10:00" }, (calls) => [
      h("span", { class: "kinds" }, DAYS.map((word, place) => h("label", null,
        h("input", { type: "checkbox", value: place + 1, "aria-label": `星期${word}`, checked: calls.days.includes(place + 1), onchange: (event) => { calls.days = event.target.checked ? [...calls.days, place + 1].sort() : calls.days.filter((day) => day !== place + 1); } }), word))),
      time("几点 at", calls, "at")]),
    part("night", ["夜里离床不归", "out of bed at night"], { starts: "22:00", ends: "06:00", minutes: 30 }, (night) => [
      time("从 from", night, "starts"), time("到 until", night, "ends"),
      h("label", null, both(["离床几分钟报警", "alarm after … minutes"]), " ",
        h("input", { type: "number", id: "night-minutes", min: 1, max: 240, step: 1, required: true, value: night.minutes, oninput: (event) => (night.minutes = event.target.valueAsNumber || 0) }))],
      roles.includes("bed_sensor") ? "" : NOBODY_SEES),
    h("p", { class: "warn", role: "alert", hidden: true }),
    h("div", { class: "form-foot" },
      h("button", { class: "button button--deed", type: "submit" }, "保存", h("span", { class: "en" }, "save")),
      isWatched ? h("button", { class: "button", type: "button", "data-end": "", onclick: end }, "不再守护", h("span", { class: "en" }, "watch no longer")) : null));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    save();
  });
  fill($(".plans__form"), form);
}

function choice(preset) {
  const chosen = draft.presets.includes(preset.name);
  const sees = preset.eyes.some((role) => roles.includes(role));
  return h("label", null,
    h("input", { type: "checkbox", value: preset.name, checked: chosen, disabled: !sees && !chosen, onchange: (event) => {
      draft.presets = event.target.checked ? [...draft.presets, preset.name] : draft.presets.filter((name) => name !== preset.name);
    } }),
    h("span", null, preset.title, h("span", { class: "en", lang: "en" }, preset.title_en),
      h("span", { class: "quiet small" }, ` ${preset.hours.join("–")}`),
      sees ? null : h("span", { class: "quiet small" }, ` · ${NOBODY_SEES}`)));
}

/** A part of the watch that is there or not; `forbidden` says why it cannot be. */
function part(name, pair, fresh, fields, forbidden = "") {
  const place = h("div", { class: "row row--line" });
  const show = () => fill(place, draft[name] ? fields(draft[name]) : forbidden ? h("span", { class: "quiet small" }, forbidden) : null);
  show();
  return h("fieldset", { class: "rung" },
    h("label", { class: "row row--line" },
      h("input", { type: "checkbox", "data-part": name, checked: draft[name] !== null, disabled: Boolean(forbidden) && draft[name] === null, onchange: (event) => { draft[name] = event.target.checked ? structuredClone(fresh) : null; show(); } }),
      h("b", null, both(pair))),
    place);
}

const time = (label, of, field) => h("label", null, label, " ",
  h("input", { type: "time", required: true, value: of[field], "data-time": field, oninput: (event) => (of[field] = event.target.value) }));

async function save() {
  const button = $(".plans__form [type=submit]");
  button.disabled = true;
  try {
    await set(`/api/households/${home.household.id}/watch`, draft);
    toast("已保存,现在开始守护。 Saved: watched from now on.");
    await list();
    await open(home.household.id);
  } catch (problem) {
    button.disabled = false;
    const place = $(".plans__form .warn");
    place.hidden = false;
    fill(place, problem.message);
  }
}

async function end() {
  const sure = await ask({
    title: ["不再守护这家吗?", "watch this home no longer?"],
    lead: "以后没有动静也不会有人去问。 Nobody will ask any more when it stays silent.",
    confirm: ["不再守护", "watch no longer"],
  });
  if (sure === null) return;
  try {
    await remove(`/api/households/${home.household.id}/watch`);
    await list();
    await open(home.household.id);
  } catch (problem) {
    toast(problem.message, true);
  }
}

try {
  presets = await get("/api/watch-presets");
  await list();
  if (/^#\d+$/.test(location.hash)) await open(Number(location.hash.slice(1)));
} catch (problem) {
  toast(problem.message, true);
}
