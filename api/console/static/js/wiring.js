// Which way round the contact of a door or bed sensor is: makers do not agree, and some do not say.

import { set } from "./api.js";
import { both, fill, h, toast } from "./dom.js";

const WORDS = {
  bed_sensor: ["触点反接:有人躺着却报离床时勾选", "inverted contact: tick it if lying down counts as getting up"],
  door_sensor: ["触点反接:关门却报开门时勾选", "inverted contact: tick it if shutting counts as opening"],
};

/** Fills `box` with a tick for `device`; with nothing where there is no contact. `may`: who looks may change it. */
export function wiring(device, box, may) {
  const words = WORDS[device.role];
  if (!words) return;
  const tick = h("input", { id: "inverted", type: "checkbox", checked: device.inverted, disabled: !may });
  tick.addEventListener("change", async () => {
    try {
      await set(`/api/devices/${device.id}/wiring`, { inverted: tick.checked });
      toast("已记下,下次变化起算。 Kept: it counts from the next change.");
    } catch (problem) {
      tick.checked = !tick.checked;
      toast(problem.message, true);
    }
  });
  fill(box, h("label", null, tick, " ", both(words)));
}
