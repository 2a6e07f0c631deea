// Finds one of the register while its name, address or telephone number is being typed.

import { get } from "./api.js";
import { fill, h, toast } from "./dom.js";

/**
 * A search box over the list at `path` and what it finds, at most `limit`. `row(one)` says how one is shown: its name,
 * a quieter line, and the [zh, en] of its button; `choose` gets the one that was tapped.
 */
function finder({ path, label, placeholder, limit, row, choose }) {
  const hits = h("ul", { class: "people" });
  const box = h("input", { type: "search", placeholder, "aria-label": label, autocomplete: "off" });
  let turn = 0;
  box.addEventListener("input", async () => {
    const mine = ++turn;
    const text = box.value.trim();
    if (!text) return fill(hits);
    try {
      const found = (await get(`${path}?limit=${limit}&search=${encodeURIComponent(text)}`)).items;
      if (mine === turn) fill(hits, found.map((one) => hit(one, row(one), choose)));
    } catch (problem) {
      toast(problem.message, true);
    }
  });
  return [box, hits];
}

const hit = (one, { name, under, words }, choose) => h("li", null,
  h("div", null, h("b", null, name), h("p", { class: "quiet small" }, under)),
  h("button", { class: "button", type: "button", onclick: () => choose(one) }, words[0], h("span", { class: "en" }, words[1])));

export const homeFinder = (limit, choose) => finder({
  path: "/api/households", label: "查找住户 find the home", placeholder: "住址、姓名、电话 address, name, phone", limit, choose,
  row: ({ household, residents }) => ({
    name: household.address, under: residents.map((resident) => resident.name).join("、"), words: ["是这家", "this home"],
  }),
});

export const responderFinder = (limit, choose) => finder({
  path: "/api/responders", label: "查找工作人员 find the responder", placeholder: "姓名、电话 name, phone", limit, choose,
  row: ({ responder, on_duty }) => ({
    name: responder.name, under: [responder.phone, on_duty ? " · 在岗 on duty" : ""].join(""), words: ["是这位", "this one"],
  }),
});
