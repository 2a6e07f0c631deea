// Today's welfare calls: one tap says how a call went; who needs help is described first.

import { post } from "./api.js";
import { ask } from "./dialog.js";
import { $, $$, h, toast } from "./dom.js";

async function settle(button) {
  const { call, step, reasoned } = button.dataset;
  const note = reasoned === undefined ? "" : await what(button);
  if (note === null) return;
  button.disabled = true;
  try {
    await post(`/api/welfare-calls/${call}/outcome`, { outcome: step, note });
    location.reload(); // the list is drawn by the server
  } catch (problem) {
    toast(problem.message, true);
    button.disabled = false;
  }
}

const what = (button) =>
  ask({
    title: [`${button.firstChild.textContent} · 问安电话 #${button.dataset.call}`, $(".en", button).textContent],
    lead: "马上会报警。请写老人说了什么。 An incident follows at once: say what she said.",
    body: h("textarea", { name: "note", rows: 3, "aria-label": "情况 what she said", maxlength: 2000 }),
    confirm: ["报警", "raise it"],
    ready: (form) => form.elements.note.value.trim() !== "",
    read: (form) => form.elements.note.value.trim(),
  });

for (const button of $$("[data-call]")) button.addEventListener("click", () => settle(button));
