// The list of homes: one tap has every contact of a home tested.

import { post } from "./api.js";
import { clockTime, everySecond, now } from "./clock.js";
import { $, $$, toast } from "./dom.js";

everySecond(() => ($(".top__time").textContent = clockTime(now())));

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

for (const button of $$("[data-home]")) button.addEventListener("click", () => test(button));
