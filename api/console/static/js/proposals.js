// Devices that were heard and nobody has enrolled: a person says whose each is, or that it is none of ours.

import { get, post } from "./api.js";
import { shortTime } from "./clock.js";
import { $, both, fill, h, toast } from "./dom.js";
import { homeFinder } from "./finder.js";

const roles = JSON.parse($(".plans__form").dataset.roles); // [name, 中文, English]

const about = (one) => [one.vendor, one.model].filter(Boolean).join(" ") || "型号不明 model unknown";
const heard = (one) => (one.heard_at ? `最近听到 last heard ${shortTime(one.heard_at)}` : "还没有听到 not heard yet");

async function list() {
  const shown = h("div", { class: "watched" });
  const more = async (cursor) => {
    const { items, next } = await get(`/api/device-proposals?limit=50${cursor ? `&cursor=${encodeURIComponent(cursor)}` : ""}`);
    shown.append(...items.map((one) =>
      h("button", { class: "button", type: "button", "data-proposal": one.id, onclick: () => open(one) },
        h("span", null, one.name || one.key), h("span", { class: "small quiet" }, about(one)))));
    if (!items.length && !cursor) shown.append(h("p", { class: "quiet" }, "没有新设备。 No new devices."));
    if (next) shown.append(h("button", { class: "button", type: "button", onclick: (event) => { event.target.remove(); more(next); } }, "更多 more"));
  };
  await more(null);
  fill($(".plans__list"), shown);
}

function open(one) {
  let home = null;
  const chosen = h("p", { class: "quiet" }, "先找住户 find the home first");
  const role = h("select", { id: "role", required: true },
    h("option", { value: "", selected: !one.role }, "作什么用 what for"),
    roles.map(([name, zh, en]) => h("option", { value: name, selected: name === one.role }, `${zh} ${en}`)));
  const label = h("input", { id: "label", maxlength: 100, placeholder: "放在哪里,例如床头 where it is" });
  const form = h("form", { class: "panel" },
    h("h2", null, one.name || one.key),
    h("p", { class: "quiet" }, `${one.key} · ${about(one)} · ${heard(one)}`),
    h("h3", null, both(["哪一家", "whose"])), homeFinder(6, (found) => {
      home = found.household;
      fill(chosen, h("b", null, home.address));
    }), chosen,
    h("label", null, both(["用途", "role"]), " ", role),
    h("label", null, both(["位置", "place"]), " ", label),
    h("div", { class: "form-foot" },
      h("button", { class: "button button--deed", type: "submit" }, "登记", h("span", { class: "en" }, "enrol")),
      h("button", { class: "button", type: "button", "data-dismiss": "", onclick: () => decide(one, "dismiss", {}, "不再提示。 Not proposed again.") },
        "不是我们的", h("span", { class: "en" }, "none of ours"))));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    if (home === null) return toast("先找住户。 Find the home first.", true);
    decide(one, "accept", { household_id: home.id, role: role.value, label: label.value.trim() }, "已登记:请按一下试试。 Enrolled: press it once to try.");
  });
  fill($(".plans__form"), form);
}

async function decide(one, what, said, done) {
  try {
    await post(`/api/device-proposals/${one.id}/${what}`, said);
    toast(done);
    fill($(".plans__form"));
    await list();
  } catch (problem) {
    toast(problem.message, true);
  }
}

try {
  await list();
} catch (problem) {
  toast(problem.message, true);
}
