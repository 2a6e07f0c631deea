// Finds a home by its address, by the name of who lives there, or by a telephone number.

import { get } from "./api.js";
import { fill, h, toast } from "./dom.js";

/** A search box and what it finds, at most `limit` homes; `choose` gets the one that was tapped. */
export function homeFinder(limit, choose) {
  const hits = h("ul", { class: "people" });
  const box = h("input", { type: "search", placeholder: "住址、姓名、电话 address, name, phone", "aria-label": "查找住户 find the home", autocomplete: "off" });
  let turn = 0;
  box.addEventListener("input", async () => {
    const mine = ++turn;
    const text = box.value.trim();
    if (!text) return fill(hits);
    try {
      const found = (await get(`/api/households?limit=${limit}&search=${encodeURIComponent(text)}`)).items;
      if (mine === turn)
        fill(hits, found.map((one) => h("li", null,
          h("div", null, h("b", null, one.household.address), h("p", { class: "quiet small" }, one.residents.map((resident) => resident.name).join("、"))),
          h("button", { class: "button", type: "button", onclick: () => choose(one) }, "是这家", h("span", { class: "en" }, "this home")))));
    } catch (problem) {
      toast(problem.message, true);
    }
  });
  return [box, hits];
}
