// What administrators edit in versions has this in common: nothing is lost by a slip, and every version stays.

import { get } from "./api.js";
import { shortTime } from "./clock.js";
import { ask } from "./dialog.js";
import { $, $$, both, fill, h, toast } from "./dom.js";

/** Whether the form may be filled with something else; asks when it has changes. */
export const mayLeave = async (dirty) => !dirty || (await ask({
  title: ["放弃改动吗?", "leave the changes?"],
  lead: "表里的改动还没有保存。 What you changed is not saved yet.",
  confirm: ["放弃", "leave them"],
})) !== null;

/** Say in `place` why the server refused; who was slower may look at what the other made of it. */
export function complain(place, problem, loadTheirs) {
  place.hidden = false;
  fill(place, problem.message, problem.status === 412
    ? h("button", { class: "button", type: "button", onclick: loadTheirs }, "看别人改成了什么", h("span", { class: "en" }, "load theirs")) : null);
}

/** Who made this version and when, or `shipped` for the one that came with the program. */
export const madeBy = ({ changed_at, changed_by }, version, shipped) =>
  changed_at ? `${changed_by} ${shortTime(changed_at)} · 第${version}版 v${version}` : shipped;

/** List every version above `foot`; all but the one that was `seen` can be put into the form. */
export async function listVersions(path, of, seen, foot, put) {
  try {
    const versions = await get(path);
    const list = h("ol", { class: "people versions" }, versions.map((each) => {
      const { changed_at, changed_by } = each;
      const one = of(each);
      return h("li", null, h("div", null, h("b", null, `第${one.version}版`), ` ${changed_at ? `${changed_by} ${shortTime(changed_at)}` : "出厂 as shipped"}`),
        one.version === seen ? null : h("button", { class: "button", type: "button", onclick: () => put(one) }, "放进表里", h("span", { class: "en" }, "put into the form")));
    }));
    $$(".versions").forEach((old) => old.remove());
    foot.before(list);
  } catch (problem) {
    toast(problem.message, true);
  }
}

/** What is heard of a button, not seen: whoever sees it sees what stands beside it. */
export const remove = (what, act) =>
  h("button", { class: "button button--bare", type: "button", onclick: act }, both(["删去", "remove"]), h("span", { class: "unseen" }, ` ${what}`));

/** Draw the form in `root` anew; whoever works by keyboard goes on at the same place, or at `selector`. */
export function redrawn(root, draw, selector) {
  const controls = () => $$("button, input, select, summary", root);
  const place = controls().indexOf(document.activeElement);
  draw();
  const next = (selector && $(selector, root)) || controls()[place];
  if (place >= 0 && next) next.focus({ preventScroll: !selector });
}

/** Put `item` into the list, or take it out. */
export function toggle(list, item, on) {
  if (on && !list.includes(item)) list.push(item);
  if (!on && list.includes(item)) list.splice(list.indexOf(item), 1);
}

/** Boxes to tick for the kinds of trouble; beside those that another has stands its title. */
export const kindBoxes = (troubles, chosen, word, holder, changed) =>
  h("div", { class: "kinds", role: "group", "aria-label": "警情 kinds of trouble" }, troubles.map((kind) => {
    const other = holder(kind);
    return h("label", null,
      h("input", { type: "checkbox", value: kind, checked: chosen.includes(kind), onchange: (event) => { toggle(chosen, kind, event.target.checked); changed(); } }),
      word(kind), other && !chosen.includes(kind) ? h("span", { class: "quiet small" }, `(${other})`) : null);
  }));
