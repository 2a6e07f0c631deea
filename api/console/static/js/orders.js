// The list of orders: one tap takes an order a step further; what goes backwards asks why.

import { post } from "./api.js";
import { ask } from "./dialog.js";
import { $, $$, h, toast } from "./dom.js";

async function take(button) {
  const { order, step, reasoned } = button.dataset;
  const note = reasoned === undefined ? "" : await why(button);
  if (note === null) return;
  button.disabled = true;
  try {
    await post(`/api/orders/${order}/steps`, { step, note });
    location.reload(); // the list is drawn by the server
  } catch (problem) {
    toast(problem.message, true);
    button.disabled = false;
  }
}

const why = (button) =>
  ask({
    title: [`${button.firstChild.textContent} · 订单 #${button.dataset.order}`, $(".en", button).textContent],
    lead: "请写明原因,记在订单上。 Say why: it stays with the order.",
    body: h("textarea", { name: "note", rows: 3, "aria-label": "原因 reason", maxlength: 2000 }),
    confirm: ["确定", "do it"],
    ready: (form) => form.elements.note.value.trim() !== "",
    read: (form) => form.elements.note.value.trim(),
  });

for (const button of $$("[data-step]")) button.addEventListener("click", () => take(button));
