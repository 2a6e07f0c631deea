// Labels for devices in stock: which devices, and those that still wait for somebody to install them.

import { get, post } from "./api.js";
import { $, fill, h, toast } from "./dom.js";

async function list() {
  const shown = $(".stock__list");
  fill(shown);
  const more = async (cursor) => {
    const { items, next } = await get(`/api/device-labels?limit=50${cursor ? `&cursor=${encodeURIComponent(cursor)}` : ""}`);
    shown.append(...items.map(({ device, code }) =>
      h("li", { "data-label": code }, h("b", null, `${code.slice(0, 4)}-${code.slice(4)}`), " ", h("a", { href: `/devices/${device.id}` }, device.key))));
    if (!items.length && !cursor) shown.append(h("li", { class: "quiet" }, "没有待安装的设备。 None wait."));
    if (next) shown.append(h("li", null, h("button", { class: "button", type: "button", onclick: (event) => { event.target.closest("li").remove(); more(next); } }, "更多 more")));
  };
  await more(null);
}

$(".stock__form").addEventListener("submit", async (event) => {
  event.preventDefault();
  const keys = $("#keys").value.split(/\s+/).filter(Boolean);
  try {
    const made = await post("/api/device-labels", { keys, role: $("#role").value, vendor: $("#vendor").value.trim(), model: $("#model").value.trim() });
    $("#keys").value = "";
    toast(`做好${made.length}张标签。 ${made.length} labels made.`);
    await list();
  } catch (problem) {
    toast(problem.message, true);
  }
});

try {
  await list();
} catch (problem) {
  toast(problem.message, true);
}
