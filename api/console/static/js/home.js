// One home of the register: where it is, how to get in, who lives there, and whom to tell in which order.

import { change, get, getWithTag, post } from "./api.js";
import { $, both, fill, h, toast } from "./dom.js";

const main = $("main");
const form = $(".home-form");
const id = main.dataset.home; // empty for a home that is new
let seen = null; // the ETag of what is in the form
let home = { household: { area_id: null, address: "", building: "", unit: "", floor: null, room: "", access_notes: "", phone: "", gate: "", door_notes: "", key_holder: "", key_holder_phone: "" }, residents: [], contacts: [] };

const input = (of, name, more = {}) => h("input", { value: of[name] ?? "", oninput: (event) => (of[name] = event.target.value), ...more });
const field = (pair, control, wide = false) => h("label", { class: wide ? "field field--wide" : "field" }, both(pair), control);
const area = (of, name, more = {}) => h("textarea", { rows: 2, value: of[name] ?? "", oninput: (event) => (of[name] = event.target.value), ...more });
const act = (pair, does) => h("button", { class: "button", type: "button", onclick: () => { does(); draw(); } }, both(pair));

let cells = [];

function draw() {
  const { household, residents, contacts } = home;
  fill(form,
    h("section", { class: "panel" }, h("h2", null, both(["住址", "where"])), h("div", { class: "fields" },
      field(["网格", "cell"], cellBox(household), true), field(["完整住址", "address in full"], input(household, "address", { required: true, maxlength: 200, placeholder: "和平社区幸福里3幢2单元501" }), true),
      field(["楼", "building"], input(household, "building", { maxlength: 200 })), field(["单元", "unit"], input(household, "unit", { maxlength: 200 })),
      field(["层", "floor"], input(household, "floor", { type: "number", min: -10, max: 200, oninput: (event) => (household.floor = event.target.value === "" ? null : Number(event.target.value)) })),
      field(["室", "room"], input(household, "room", { maxlength: 200 })), field(["家里电话", "home line"], input(household, "phone", { type: "tel", maxlength: 64 })))),
    h("section", { class: "panel" }, h("h2", null, both(["怎么进门", "how to get in"])),
      h("p", { class: "quiet small" }, "出事时念给120听,去的人接单后看得到。 Read out to 120; whoever goes sees it once she has accepted."), h("div", { class: "fields" },
        field(["哪个门", "which gate"], input(household, "gate", { maxlength: 200, placeholder: "小区北门,夜里只开北门" }), true),
        field(["门禁、钥匙", "door, key"], input(household, "door_notes", { maxlength: 2000, placeholder: "单元门密码、门铃、钥匙放在哪" }), true),
        field(["谁有钥匙", "key holder"], input(household, "key_holder", { maxlength: 200, placeholder: "502邻居张桂芝" })),
        field(["有钥匙的人电话", "phone"], input(household, "key_holder_phone", { type: "tel", maxlength: 64 })),
        field(["进门备注", "remark"], area(household, "access_notes", { maxlength: 2000 }), true))),
    h("section", { class: "panel" }, h("h2", null, both(["老人", "residents"])), residents.map(resident),
      act(["添加老人", "add a resident"], () => residents.push({ name: "", sex: "", birth_date: null, phone: "", lives_alone: false, health_notes: "", conditions: "", medicines: "", allergies: "" }))),
    h("section", { class: "panel" }, h("h2", null, both(["联系人,排在前面的先通知", "contacts, who is told first stands first"])), contacts.map(contact),
      act(["添加联系人", "add a contact"], () => contacts.push({ name: "", relation: "", phone: "" }))),
    h("p", { class: "warn", role: "alert", hidden: true }),
    h("div", { class: "form-foot" }, h("button", { class: "button button--deed", type: "submit" }, both(["保存", "save"]))));
}

function cellBox(household) {
  const word = (cell) => `${cell.community} ${cell.name}`;
  const chosen = cells.find((cell) => cell.id === household.area_id);
  return [
    h("input", { list: "cells", required: true, value: chosen ? word(chosen) : "", placeholder: "社区、网格 community, cell", onchange: (event) => {
      const found = cells.find((cell) => word(cell) === event.target.value);
      event.target.setCustomValidity(found ? "" : "从列表里选一个网格 choose a cell of the list");
      household.area_id = found ? found.id : null;
    } }),
    h("datalist", { id: "cells" }, cells.map((cell) => h("option", { value: word(cell) }, cell.code))),
  ];
}

function resident(one) {
  return h("fieldset", { class: "person" }, h("legend", { class: "unseen" }, one.name || "新 new"), h("div", { class: "fields" },
    field(["姓名", "name"], input(one, "name", { required: true, maxlength: 200 })),
    field(["性别", "sex"], h("select", { onchange: (event) => (one.sex = event.target.value) }, ["", "女", "男"].map((sex) => h("option", { value: sex, selected: one.sex === sex }, sex || "—")))),
    field(["生日", "born"], input(one, "birth_date", { type: "date", oninput: (event) => (one.birth_date = event.target.value || null) })),
    field(["电话", "phone"], input(one, "phone", { type: "tel", maxlength: 64 })),
    h("label", { class: "field field--tick" }, h("input", { type: "checkbox", checked: one.lives_alone, onchange: (event) => (one.lives_alone = event.target.checked) }), both(["独居", "lives alone"])),
    field(["疾病", "conditions"], area(one, "conditions", { maxlength: 2000 }), true),
    field(["用药", "medicines"], area(one, "medicines", { maxlength: 2000 }), true),
    field(["过敏", "allergies"], input(one, "allergies", { maxlength: 2000 }), true),
    field(["健康备注(健康各栏值班员可见,家属和上门的人看不到)", "remark; operators see health, relatives and whoever goes do not"], area(one, "health_notes", { maxlength: 2000 }), true)),
    one.id ? null : act(["不添加", "leave out"], () => home.residents.splice(home.residents.indexOf(one), 1)));
}

function contact(one, place) {
  return h("fieldset", { class: "person" }, h("legend", { class: "person__rank" }, `${place + 1}`), h("div", { class: "fields" },
    field(["姓名", "name"], input(one, "name", { required: true, maxlength: 200 })), field(["关系", "relation"], input(one, "relation", { required: true, maxlength: 200, list: "relations" })),
    field(["电话", "phone"], input(one, "phone", { type: "tel", required: true, maxlength: 64 }))),
    h("div", { class: "row" }, place ? act(["提前", "up"], () => home.contacts.splice(place - 1, 2, one, home.contacts[place - 1])) : null,
      act(["删去", "remove"], () => home.contacts.splice(place, 1))));
}

function given() {
  const { household, residents, contacts } = home;
  const { area_id, address, building, unit, floor, room, access_notes, phone, gate, door_notes, key_holder, key_holder_phone } = household;
  return {
    area_id, address, building, unit, floor, room, access_notes, phone, gate, door_notes, key_holder, key_holder_phone,
    residents: residents.map(({ id, name, sex, birth_date, phone, lives_alone, health_notes, conditions, medicines, allergies }) =>
      ({ ...(id ? { id } : {}), name, sex, birth_date, phone, lives_alone, health_notes, conditions, medicines, allergies })),
    contacts: contacts.map(({ id, name, relation, phone }) => ({ ...(id ? { id } : {}), name, relation, phone })),
  };
}

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  const warn = $(".warn", form);
  warn.hidden = true;
  try {
    const kept = id ? await change(`/api/households/${id}`, given(), seen) : { body: await post("/api/households", given()) };
    if (!id) return location.assign(`/households/${kept.body.household.id}`);
    show(kept);
    toast("已保存,下一次报警就照此办。 Saved: the next call follows it.");
  } catch (problem) {
    warn.hidden = false;
    fill(warn, problem.message);
    warn.scrollIntoView({ block: "center" });
  }
});

function show({ body, tag }) {
  home = structuredClone(body);
  seen = tag;
  draw();
}

try {
  const areas = await get("/api/areas");
  const names = new Map(areas.map((each) => [each.id, each.name]));
  cells = areas.filter((each) => each.level === "cell").map((each) => ({ id: each.id, name: each.name, code: each.code, community: names.get(each.parent_id) || "" }));
  if (id) show(await getWithTag(`/api/households/${id}`));
  else draw();
} catch (problem) {
  toast(problem.message, true);
}
