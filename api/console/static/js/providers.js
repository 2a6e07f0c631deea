// The franchised providers, and what each of them offers at which price: one form, kept as a whole.

import { get, getWithTag, post, put } from "./api.js";
import { $, both, fill, h, toast } from "./dom.js";

const EMPTY = { provider: { id: 0, name: "", category: "", phone: "", active: true }, items: [] };
let seen = null; // the ETag of what is in the form
let sheet = null;
let providers = [];

async function list() {
  providers = await get("/api/providers?retired=true");
  fill($(".plans__list"),
    h("button", { class: "button button--deed", type: "button", onclick: () => show({ body: structuredClone(EMPTY), tag: null }) }, both(["新服务商", "new provider"])),
    h("label", { class: "field" }, both(["选一家", "choose one"]),
      h("select", { onchange: (event) => event.target.value && open(Number(event.target.value)) }, h("option", { value: "" }, "—"),
        providers.map((one) => h("option", { value: one.id, selected: sheet !== null && sheet.provider.id === one.id }, `${one.name} · ${one.category}${one.active ? "" : "(停用 off)"}`)))));
}

async function open(id) {
  try {
    show(await getWithTag(`/api/providers/${id}`));
  } catch (problem) {
    toast(problem.message, true);
  }
}

function show({ body, tag }) {
  sheet = structuredClone(body);
  seen = tag;
  draw();
}

const input = (of, name, more = {}) => h("input", { value: of[name], oninput: (event) => (of[name] = event.target.value), ...more });
const field = (pair, control) => h("label", { class: "field" }, both(pair), control);
const tick = (of, pair) => h("label", { class: "field field--tick" }, h("input", { type: "checkbox", checked: of.active, onchange: (event) => (of.active = event.target.checked) }), both(pair));

function draw() {
  const { provider, items } = sheet;
  const warn = h("p", { class: "warn", role: "alert", hidden: true });
  const form = h("form", { class: "home-form" },
    h("section", { class: "panel" }, h("h2", null, both(["服务商", "provider"])), h("div", { class: "fields" },
      field(["名称", "name"], input(provider, "name", { required: true, maxlength: 200 })),
      field(["类别", "class"], input(provider, "category", { required: true, maxlength: 200, list: "classes" })),
      field(["电话", "phone"], input(provider, "phone", { required: true, type: "tel", maxlength: 64 })),
      tick(provider, ["在用", "in use"])),
      h("datalist", { id: "classes" }, Array.from(new Set(providers.map((one) => one.category)), (value) => h("option", { value })))),
    h("section", { class: "panel" }, h("h2", null, both(["服务项目", "what it offers"])), items.map(row),
      h("button", { class: "button", type: "button", onclick: () => { items.push({ category: provider.category, name: "", unit: "次", price_fen: 0, active: true }); draw(); } }, both(["添加项目", "add"]))),
    warn, h("div", { class: "form-foot" }, h("button", { class: "button button--deed", type: "submit" }, both(["保存", "save"]))));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    keep(warn);
  });
  fill($(".plans__form"), form);
}

function row(item) {
  const price = h("input", { type: "number", min: 0, max: 1000000, step: 0.01, required: true, value: item.price_fen / 100, oninput: (event) => (item.price_fen = Math.round(100 * Number(event.target.value))) });
  return h("fieldset", { class: "person" }, h("legend", { class: "unseen" }, item.name || "新 new"), h("div", { class: "fields" },
    field(["项目", "service"], input(item, "name", { required: true, maxlength: 200 })),
    field(["类别", "class"], input(item, "category", { required: true, maxlength: 200, list: "classes" })),
    field(["价格(元),0为免费", "price in yuan, 0 is free"], price), field(["单位", "unit"], input(item, "unit", { maxlength: 200 })), tick(item, ["提供", "offered"])));
}

async function keep(warn) {
  const { provider, items } = sheet;
  const { name, category, phone, active } = provider;
  const said = { name, category, phone, active, items: items.map(({ id, ...item }) => ({ ...(id ? { id } : {}), name: item.name, category: item.category, unit: item.unit, price_fen: item.price_fen, active: item.active })) };
  try {
    if (provider.id) await put(`/api/providers/${provider.id}`, said, seen.slice(1, -1));
    const id = provider.id || (await post("/api/providers", said)).provider.id;
    await open(id);
    await list();
    toast("已保存 Saved");
  } catch (problem) {
    warn.hidden = false;
    fill(warn, problem.message);
    warn.scrollIntoView({ block: "center" });
  }
}

list().catch((problem) => toast(problem.message, true));
fill($(".plans__form"), h("p", { class: "quiet" }, "先选一家服务商,或新建一家。 Choose a provider, or enter a new one."));
