// One device: whether a press of it has come all the way, the ten minutes in which its first alarm is a test, and whose it is.

import { change, getWithTag } from "./api.js";
import { everySecond } from "./clock.js";
import { $, both, fill, h, toast } from "./dom.js";
import { homeFinder } from "./finder.js";
import { every } from "./steady.js";
import { maintenance } from "./maintenance.js";
import { Trial } from "./trial.js";
import { wiring } from "./wiring.js";

const page = $(".device");
const trial = new Trial(page.dataset.device, $(".device__proof"), $(".device__trial"), "mayTry" in page.dataset);

const { device: id, role } = page.dataset;
wiring({ id, role, inverted: "inverted" in page.dataset }, $(".device__wiring"), "mayTry" in page.dataset);
everySecond(() => trial.tick());
every(2000, () => trial.read());
every(5000, maintenance($(".device__work"), Number(id), true));
trial.read();

// ---- where it stands, and whether it is in service: for administrators ----

const edit = $(".device__edit");
if (edit) drawForm().catch((problem) => toast(problem.message, true));

async function drawForm() {
  const { body: device, tag } = await getWithTag(`/api/devices/${id}`);
  const label = h("input", { value: device.label, maxlength: 200, placeholder: "床头、卫生间… bedside, bathroom…" });
  const enabled = h("input", { type: "checkbox", checked: device.enabled });
  const moved = h("p", { role: "status" });
  let home = device.household_id;
  const choose = (household, words) => {
    home = household;
    fill(moved, "保存后 when saved: ", h("b", null, words));
  };
  fill(edit, h("h2", null, both(["修改", "change"])),
    h("label", { class: "field" }, both(["位置", "place"]), label),
    h("label", { class: "field field--tick" }, enabled, both(["在用", "in service"])),
    h("p", { class: "quiet small" }, "坏了、换下来的,取消在用;以前的记录都留着,新的另外安装。 What is broken or replaced goes out of service; its past stays."),
    h("div", { class: "field" }, both(["搬到另一家", "move it to another home"]), homeFinder(6, ({ household }) => choose(household.id, household.address))),
    device.household_id === null ? null
      : h("button", { class: "button", type: "button", onclick: () => choose(null, "收回,不属于任何住户 taken back, of no home") }, both(["从这家收回", "take it back from this home"])),
    moved, h("div", { class: "row" }, h("button", { class: "button button--deed", type: "submit" }, both(["保存", "save"]))));
  edit.onsubmit = async (event) => {
    event.preventDefault();
    try {
      await change(`/api/devices/${id}`, { label: label.value.trim(), enabled: enabled.checked, household_id: home }, tag);
      location.reload();
    } catch (problem) {
      toast(problem.message, true);
    }
  };
}
