// A table of elders: looked at as a whole, then imported; what is wrong comes back with its reasons.

import { send } from "./api.js";
import { clockTime, everySecond, now } from "./clock.js";
import { $, both, fill, h, toast } from "./dom.js";

everySecond(() => ($(".top__time").textContent = clockTime(now())));

const shown = $(".ledger");
let table = null;
let wrong = null; // the bad rows as a file, from before the good ones were imported

async function look() {
  table = $("#table").files[0] || null;
  wrong = null;
  shown.hidden = true;
  if (table) await ask("/api/ledgers", async (answer) => tell(await answer.json()));
}

$("#table").addEventListener("change", look);
look(); // whoever was quicker than this script has chosen already

async function ask(path, then) {
  try {
    await then(await send(path, table));
  } catch (problem) {
    shown.hidden = false;
    fill(shown, h("p", { class: "warn", role: "alert" }, problem.message));
  }
}

function tell({ good, bad, ignored, bad_rows: rows }) {
  shown.hidden = false;
  fill(shown,
    h("h2", null, `可导入 ${good} 行,有误 ${bad} 行 `, h("span", { class: "en" }, `${good} good, ${bad} bad`)),
    ignored.length ? h("p", { class: "quiet" }, `不认识的列(不导入)not read: ${ignored.join("、")}`) : null,
    h("div", { class: "row" },
      good ? h("button", { class: "button button--deed", type: "button", onclick: bring }, both([`导入这 ${good} 行`, "import them"])) : null,
      bad ? h("button", { class: "button", type: "button", onclick: giveBack }, both(["下载有误的行", "download the bad rows"])) : null),
    rows.length ? h("div", { class: "table-wrap", tabindex: 0, role: "region", "aria-label": "有误的行 bad rows" }, h("table", { class: "table" },
      h("thead", null, h("tr", null, h("th", { scope: "col" }, both(["行", "row"])), h("th", { scope: "col" }, both(["内容", "what it says"])), h("th", { scope: "col" }, both(["哪里有误", "what is wrong"])))),
      h("tbody", null, rows.map((row) => h("tr", null, h("td", null, row.number), h("td", null, row.said), h("td", null, row.wrong.map(([column, why]) => h("div", null, h("b", null, column), " ", why)))))))) : null,
    bad > rows.length ? h("p", { class: "quiet" }, `还有 ${bad - rows.length} 行有误,都在下载的表里。 ${bad - rows.length} more are in the download.`) : null);
}

async function bring(event) {
  event.target.closest("button").disabled = true; // a second tap would find all of them registered already
  await ask("/api/ledgers/bad-rows", async (answer) => (wrong = await answer.blob()));
  await ask("/api/ledgers?write=true", async (answer) => {
    const { homes, elders, bad } = await answer.json();
    fill(shown, h("h2", null, `已导入 ${elders} 人,新增 ${homes} 户 `, h("span", { class: "en" }, `${elders} imported, ${homes} new homes`)),
      h("div", { class: "row" }, h("a", { class: "button", href: "/households" }, both(["看住户", "the homes"])),
        bad ? h("button", { class: "button", type: "button", onclick: giveBack }, both([`下载有误的 ${bad} 行`, "download the bad rows"])) : null));
  });
}

async function giveBack() {
  try {
    const back = wrong || (await (await send("/api/ledgers/bad-rows", table)).blob());
    const link = h("a", { href: URL.createObjectURL(back), download: `${table.name.replace(/\.\w+$/, "")}-错误.xlsx` });
    link.click();
    URL.revokeObjectURL(link.href);
  } catch (problem) {
    toast(problem.message, true);
  }
}
