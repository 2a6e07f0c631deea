// The list of homes: one tap has every contact of a home tested, and a drill begins there after a question.

import { post } from "./api.js";
import { ask } from "./dialog.js";
import { $, $$, both, h, toast } from "./dom.js";
import words from "/console/words.js";

const DRILLED = ["sos", "fall", "smoke", "gas", "co"];

async function test(button) {
  button.disabled = true; // a second tap would ask the same people again
  try {
    await post(`/api/households/${button.dataset.home}/test`, {});
    toast("测试短信一分钟内发出,看谁回复 Tests leave within a minute: see who answers");
  } catch (problem) {
    toast(problem.message, true);
    button.disabled = false;
  }
}

async function drill(button) {
  const kind = await ask({
    title: ["开始演练", "begin a drill"],
    lead: "预案照常执行,真人会收到短信和电话,每条都先说“这是演练”。 The plan runs, and real people are told: each text and call says first that it is a drill.",
    body: h("div", { class: "codes" }, DRILLED.map((one) => h("label", { class: "code" }, h("input", { type: "radio", name: "kind", value: one }), h("span", null, both(words.kind[one]))))),
    confirm: ["开始演练", "begin"],
    ready: (form) => form.elements.kind.value !== "",
    read: (form) => form.elements.kind.value,
  });
  if (!kind) return;
  try {
    const begun = await post("/api/exercises", { household_id: Number(button.dataset.home), kind });
    location.assign(`/#case=${begun.id}`);
  } catch (problem) {
    toast(problem.message, true);
  }
}

const DEEDS = { test, drill };
for (const button of $$("[data-home]")) button.addEventListener("click", () => DEEDS[button.dataset.step](button));
