// Simulated devices of our own: choose one, and let it speak over the real broker.

import { get, post } from "./api.js";
import { $, both, fill, h, toast } from "./dom.js";

const WORDS = [
  ["press", ["按键", "press"]],
  ["fall", ["跌倒", "fall"]],
  ["smoke", ["烟雾", "smoke"]],
  ["gas", ["燃气", "gas"]],
  ["leak", ["漏水", "leak"]],
  ["clear", ["解除", "clear"]],
  ["offline", ["离线", "offline"]],
  ["online", ["恢复", "online"]],
  ["flapping", ["时断时续", "flapping"]],
  ["low_battery", ["电量低", "low battery"]],
];

const root = $(".emulator");

async function say(device, word, pair) {
  try {
    await post("/api/emulator", { device_id: Number(device.value), says: word });
    toast(`${device.selectedOptions[0].textContent}:${pair.join(" ")}`);
  } catch (problem) {
    toast(problem.message, true);
  }
}

function draw(devices) {
  if (devices.length === 0) return; // no broker here
  const device = h("select", null, devices.map((one) => h("option", { value: one.device_id }, `${one.whose} · ${one.key.replace(/^care:/, "")}`)));
  root.hidden = false;
  fill(root, h("h2", null, both(["模拟设备", "simulated devices"])),
    h("label", { class: "field" }, both(["谁家的设备", "whose device"]), device),
    h("div", { class: "row" }, WORDS.map(([word, pair]) => h("button", { class: "button", type: "button", onclick: () => say(device, word, pair) }, both(pair)))));
}

get("/api/emulator").then(draw).catch((problem) => toast(problem.message, true));
