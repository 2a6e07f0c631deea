// Install a device, on the installer's phone: its code, the home, and a press that comes all the way. Green is the end.

import { get, post } from "./api.js";
import { everySecond } from "./clock.js";
import { $, both, fill, h, toast } from "./dom.js";
import { ask } from "./dialog.js";
import { homeFinder } from "./finder.js";
import { every } from "./steady.js";
import { Trial } from "./trial.js";
import { wiring } from "./wiring.js";

const page = $(".install");
const steps = $(".install__steps");
const roles = JSON.parse(page.dataset.roles); // name -> [中文, English]
let trial = null;

everySecond(() => trial?.tick());
every(2000, () => trial?.read());

const what = (device) => h("p", { class: "install__device" }, h("b", null, both(roles[device.role])), h("span", { class: "quiet" }, `${[device.vendor, device.model].filter(Boolean).join(" ")} ${device.key}`));

function askCode() {
  const box = h("input", { id: "code", autocomplete: "off", autocapitalize: "characters", spellcheck: "false", maxlength: 16, required: true, placeholder: "ABCD-2345" });
  const form = h("form", { class: "panel" },
    h("h2", null, ...both(["1 扫标签,或者输入码", "scan the label, or type its code"])), box,
    h("button", { class: "button button--deed", type: "submit" }, both(["下一步", "next"])));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    start(box.value);
  });
  fill(steps, form);
}

async function start(code) {
  try {
    askHome(code, await get(`/api/claims/${encodeURIComponent(code.trim())}`));
  } catch (problem) {
    askCode();
    toast(problem.message, true);
  }
}

function askHome(code, device) {
  let home = null;
  const chosen = h("p", { class: "quiet" }, "先找住户 find the home first");
  const place = h("input", { id: "place", maxlength: 100, placeholder: "床头、卫生间… bedside, bathroom…" });
  const form = h("form", { class: "panel" },
    h("h2", null, ...both(["2 装在哪一家", "in whose home"])), what(device),
    homeFinder(6, (found) => {
      home = found.household;
      fill(chosen, h("b", null, home.address), ` ${found.residents.map((one) => one.name).join("、")}`);
    }), chosen,
    h("label", null, both(["位置", "place"]), " ", place),
    h("button", { class: "button button--deed", type: "submit" }, both(["装好了", "installed"])));
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (home === null) return toast("先找住户。 Find the home first.", true);
    try {
      askPress(await post(`/api/claims/${encodeURIComponent(code.trim())}`, { household_id: home.id, label: place.value.trim() }), home);
    } catch (problem) {
      toast(problem.message, true);
    }
  });
  fill(steps, form);
}

function askPress(device, home) {
  const proof = h("p", { class: "device__proof" });
  const box = h("div", { class: "device__trial" });
  const contact = h("div", { class: "device__wiring" });
  wiring(device, contact, true);
  const old = h("div", { class: "install__old" });
  fill(steps, h("section", { class: "panel" },
    h("h2", null, ...both(["3 开始测试,按一下", "begin a test, and press it"])), what(device), h("p", null, h("b", null, home.address)), proof, box, contact, old,
    h("p", null, h("a", { class: "button", href: "/install" }, both(["装下一台", "install another"])))));
  trial = new Trial(device.id, proof, box, true);
  trial.read();
  showOld(device, old).catch((problem) => toast(problem.message, true));
}

/** What was there for the same use: it stays in service until the new one has proved itself. */
async function showOld(device, place) {
  const found = (await get(`/api/devices?household_id=${device.household_id}&limit=200`)).items;
  const same = found.filter((one) => one.id !== device.id && one.role === device.role && one.enabled);
  const line = (one) => {
    const done = h("div", { role: "status" });
    const button = h("button", { class: "button", type: "button", onclick: async () => {
      const sure = await ask({
        title: ["停用旧设备吗?", "out of service?"],
        lead: `${[one.label, one.key].filter(Boolean).join(" ")} 停用以后,按它不会报警。 A press of it will raise no alarm.`, confirm: ["停用", "out of service"],
      });
      if (sure === null) return;
      try {
        await post(`/api/devices/${device.id}/replaces/${one.id}`, {});
        button.remove();
        fill(done, "✓ 已停用,记录保留 out of service, its past is kept");
      } catch (problem) {
        toast(problem.message, true);
      }
    } }, both(["换下来了,停用", "replaced: out of service"]));
    return h("li", { "data-old": one.id }, h("div", null, what(one), one.label, done), button);
  };
  if (same.length) fill(place, h("h3", null, both(["这家原有的", "there already"])), h("ul", { class: "people" }, same.map(line)));
}

if (page.dataset.code) start(page.dataset.code);
else askCode();
