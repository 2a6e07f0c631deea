// A table of elders: looked at as a whole, then imported; what is wrong comes back with its reasons.

import { send } from "./api.js";
import { listBatches } from "./batches.js";
import { $, both, fill, h, toast } from "./dom.js";

const FATES = [["bad", "有误", "bad"], ["added", "新增", "new"], ["changed", "更新", "changed"], ["same", "重复", "there already"]];
const AT_ONCE = 200; // rows; a table of thousands would make a slow machine wait

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
$("#table").addEventListener("click", (event) => (event.target.value = "")); // a file that was mended has its old name
look(); // whoever was quicker than this script has chosen already
listBatches($(".batches"), $(".batch"));

async function ask(path, then) {
  try {
    await then(await send(path, table));
  } catch (problem) {
    shown.hidden = false;
    fill(shown, h("p", { class: "warn", role: "alert" }, problem.message));
  }
}

function tell(found) {
  const good = found.added + found.changed;
  const rows = h("div");
  const choices = h("div", { class: "row", role: "group", "aria-label": "看哪些行 which rows" });
  const choose = (fate) => {
    fill(choices, FATES.map(([of, zh, en]) => h("button", { class: "button", type: "button", "aria-pressed": String(of === fate), disabled: found[of] === 0, onclick: () => choose(of) }, both([`${zh} ${found[of]}`, en]))));
    list(rows, found.rows.filter((row) => row.fate === fate), AT_ONCE);
  };
  shown.hidden = false;
  fill(shown,
    h("h2", null, FATES.map(([of, zh]) => `${zh} ${found[of]} 行`).join(","), h("span", { class: "en", lang: "en" }, FATES.map(([of, , en]) => `${found[of]} ${en}`).join(", "))),
    found.ignored.length ? h("p", { class: "quiet" }, `不认识的列(不导入)not read: ${found.ignored.join("、")}`) : null,
    h("div", { class: "row" },
      good ? h("button", { class: "button button--deed", type: "button", onclick: bring }, both([`导入这 ${good} 行`, "import them"])) : null,
      found.bad ? h("button", { class: "button", type: "button", onclick: giveBack }, both(["下载有误的行", "download the bad rows"])) : null),
    choices, rows);
  choose((FATES.find(([of]) => found[of]) || FATES[0])[0]);
}

/** The first `many` of these rows, each with what becomes of it. */
function list(place, rows, many) {
  const head = (pair) => h("th", { scope: "col" }, both(pair));
  const more = rows.length - many;
  fill(place,
    rows.length ? h("div", { class: "table-wrap", tabindex: 0, role: "region", "aria-label": "表里的行 rows of the table" }, h("table", { class: "table" },
      h("thead", null, h("tr", null, head(["行", "row"]), head(["内容", "what it says"]), head(["结果", "what becomes of it"]))),
      h("tbody", null, rows.slice(0, many).map((row) => h("tr", null, h("td", null, row.number), h("td", null, row.said), h("td", null, outcome(row))))))) : null,
    more > 0 ? h("button", { class: "button", type: "button", onclick: () => list(place, rows, many + AT_ONCE) }, both([`还有 ${more} 行`, `${more} more`])) : null);
}

const outcome = (row) => [
  row.wrong.map(([column, why]) => h("div", null, h("b", null, column), " ", why)),
  row.changes.map((words) => h("div", null, words)),
  row.why || null,
];

async function bring(event) {
  event.target.closest("button").disabled = true; // a second tap would find all of them registered already
  await ask("/api/ledgers/bad-rows", async (answer) => (wrong = await answer.blob()));
  await ask("/api/ledgers?write=true", async (answer) => {
    const { batch, bad } = await answer.json();
    fill(shown, h("h2", null, batch ? `第 ${batch.id} 批:新增 ${batch.added} 人(${batch.homes} 户),更新 ${batch.changed} 人` : "没有要写入的", h("span", { class: "en", lang: "en" }, "imported")),
      h("div", { class: "row" }, h("a", { class: "button", href: "/households" }, both(["看住户", "the homes"])),
        bad ? h("button", { class: "button", type: "button", onclick: giveBack }, both([`下载有误的 ${bad} 行`, "download the bad rows"])) : null));
  });
  await listBatches($(".batches"), $(".batch"));
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
