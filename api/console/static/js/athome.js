// Is she at home? What is known of a watched home, for the one who has its daughter on the line: "she is in hospital".

import { get, remove, set } from "./api.js";
import { shortTime } from "./clock.js";
import { both, fill, h, toast } from "./dom.js";

const AWAY = { trip: ["外出", "on a trip"], hospital: ["住院", "in hospital"], visitors: ["有人陪", "visitors"] };
const BACK_AT = "T09:00"; // of the day that was chosen, as the clock on the wall shows it

/** A panel for the home, filled when its watch is known; it stays empty for a home that nobody watches. */
export function atHome(household) {
  const place = h("section", { class: "panel", hidden: true });
  const path = `/api/households/${household}`;
  const show = async (asked) => {
    try {
      const status = await asked;
      if (status) draw(place, path, status, show);
    } catch (problem) {
      toast(problem.message, true);
    }
  };
  show(get(`${path}/watch`));
  return place;
}

function draw(place, path, status, show) {
  const heard = status.life_at ? `最近动静 ${shortTime(status.life_at)}` : "还没有听到动静 nothing heard yet";
  place.hidden = false;
  fill(place, h("h2", null, both(["守护", "watched"])), h("p", { class: "quiet" }, heard),
    status.away ? isAway(path, status, show) : mayLeave(path, show));
}

function isAway(path, status, show) {
  return h("div", { class: "row" },
    h("p", { class: "warn" }, `${AWAY[status.away][0]},到 ${new Date(status.away_until).toLocaleDateString("zh-CN")} `,
      h("span", { lang: "en" }, AWAY[status.away][1])),
    h("button", { class: "button", type: "button", "data-back": "", onclick: () => show(remove(`${path}/away`)) },
      "回来了", h("span", { class: "en" }, "back")));
}

function mayLeave(path, show) {
  const day = h("input", { type: "date", "aria-label": "到哪天 until" });
  const leave = (kind) => {
    if (!day.value) return toast("请先选日期:到哪天回来。 Choose the day first.", true);
    return show(set(`${path}/away`, { kind, until: new Date(day.value + BACK_AT).toISOString() }));
  };
  return h("div", { class: "row" }, day,
    Object.entries(AWAY).map(([kind, word]) =>
      h("button", { class: "button", type: "button", "data-away": kind, onclick: () => leave(kind) },
        word[0], h("span", { class: "en" }, word[1]))));
}
