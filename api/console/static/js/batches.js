// Tables that were imported: what each has changed, and undoing it after a look at what that would do.

import { get, toil } from "./api.js";
import { shortTime } from "./clock.js";
import { both, fill, h } from "./dom.js";

/** Fill `place` with the newest batches; one that is looked at is shown in `detail`. */
export async function listBatches(place, detail) {
  let found;
  try {
    found = await get("/api/ledgers/batches");
  } catch (problem) {
    fill(place, h("p", { class: "warn", role: "alert" }, problem.message));
    return;
  }
  const head = (pair) => h("th", { scope: "col" }, both(pair));
  fill(place, h("h2", null, both(["导入记录", "what was imported"])),
    found.items.length ? h("div", { class: "table-wrap", tabindex: 0, role: "region", "aria-label": "导入记录 what was imported" }, h("table", { class: "table" },
      h("thead", null, h("tr", null, head(["批", "batch"]), head(["时间", "when"]), head(["谁", "who"]), head(["文件", "file"]), head(["结果", "result"]), head(["查看", "look"]))),
      h("tbody", null, found.items.map((batch) => h("tr", { "data-batch": batch.id },
        h("td", null, batch.id), h("td", null, shortTime(batch.at)), h("td", null, batch.by), h("td", null, batch.file_name || "—"), h("td", null, result(batch)),
        h("td", null, h("button", { class: "button", type: "button", onclick: () => look(place, detail, batch.id) }, both([batch.undoes || batch.undone_by ? "查看" : "查看、撤销", batch.undoes || batch.undone_by ? "look" : "look, undo"])))))))) : h("p", { class: "quiet" }, "还没有导入过。 Nothing was imported yet."));
}

function result(batch) {
  if (batch.undoes) return [`撤销第 ${batch.undoes} 批:取出 ${batch.homes} 户 ${batch.elders_out} 人,改回 ${batch.set_back} 项,留下 ${batch.stayed} 项`, h("span", { class: "en", lang: "en" }, `undoes batch ${batch.undoes}`)];
  return [`新增 ${batch.added} 人(${batch.homes} 户),更新 ${batch.changed},重复 ${batch.same},有误 ${batch.refused}`,
    batch.undone_by ? h("div", null, h("span", { class: "chip" }, `已由第 ${batch.undone_by} 批撤销 undone`)) : null];
}

async function look(place, detail, id) {
  detail.hidden = false;
  try {
    show(place, detail, await get(`/api/ledgers/batches/${id}`));
  } catch (problem) {
    fill(detail, h("p", { class: "warn", role: "alert" }, problem.message));
  }
  detail.focus();
}

function show(place, detail, { batch, why_not: whyNot, undoable_until: until, homes_out: homes, elders_out: elders, set_back: back, stays, homes: found }) {
  const undo = async (event) => {
    event.target.closest("button").disabled = true;
    try {
      const done = await toil(`/api/ledgers/batches/${batch.id}/undo`);
      await look(place, detail, done.id);
    } catch (problem) {
      fill(detail, h("p", { class: "warn", role: "alert" }, problem.message));
    }
    await listBatches(place, detail);
  };
  const first = [...found].sort((one, other) => Number(keeps(other)) - Number(keeps(one))); // what stays is to be read
  fill(detail, h("h2", null, both([`第 ${batch.id} 批`, `batch ${batch.id}`])), h("p", null, result(batch)),
    whyNot ? h("p", { class: "quiet" }, whyNot) : [
      h("p", null, h("b", null, `撤销会取出 ${homes} 户 ${elders} 人,改回 ${back} 项;${stays} 项留下`), h("span", { class: "en", lang: "en" }, `undoing it takes out ${homes} homes, ${elders} elders, sets back ${back}; ${stays} stay`)),
      h("p", { class: "quiet" }, `撤销只做一次,留下的逐户处理;${shortTime(until)} 后旧值删除,不能再撤销。`, h("span", { class: "en", lang: "en" }, "It is done once. What stays is changed home by home.")),
      homes + elders + back ? h("div", { class: "row" }, h("button", { class: "button button--amber", type: "button", onclick: undo }, both(["撤销这批", "undo this batch"]))) : null],
    first.length ? h("ul", { class: "people" }, first.slice(0, 200).map((home) => h("li", null, h("div", null,
      keeps(home) === home.lines.length ? h("a", { href: `/households/${home.household_id}` }, h("b", null, home.address)) : h("b", null, home.address),
      home.lines.map((line) => h("p", { class: "small" }, line.what.join(";"), line.stays ? h("span", { class: "chip chip--amber" }, `▲ 留下 ${line.stays}`) : null)))))) : null,
    first.length > 200 ? h("p", { class: "quiet" }, `还有 ${first.length - 200} 户 more homes`) : null);
}

const keeps = (home) => home.lines.filter((line) => line.stays).length;
