// Receivers of webhooks: what each of them hears, a test event, what became of each event, and sending it again.

import { get, getWithTag, post, put, remove } from "./api.js";
import { shortTime } from "./clock.js";
import { $, both, fill, h, toast } from "./dom.js";
import { every } from "./steady.js";

const EVENTS = [
  ["incident.raised", ["有事", "raised"]],
  ["incident.claimed", ["接警", "claimed"]],
  ["incident.covered", ["有人前往", "somebody comes"]],
  ["incident.on_scene", ["到场", "on scene"]],
  ["incident.uncovered", ["又无人前往", "nobody comes any more"]],
  ["incident.closed", ["结案", "closed"]],
];
const DETAILS = [
  ["address", ["地址", "address"]],
  ["names", ["姓名", "names"]],
  ["position", ["坐标", "position"]],
];
const NEW = { id: 0, label: "", url: "https://", events: EVENTS.map(([name]) => name), includes: [], enabled: true };

let hook = null; // what is in the form
let seen = null; // its ETag
let hooks = [];
const sent = h("div", { class: "webhook__sent" });
let drawn = ""; // what stands in it

async function list() {
  hooks = await get("/api/webhooks");
  fill($(".plans__list"),
    h("button", { class: "button button--deed", type: "button", onclick: () => show(structuredClone(NEW), null) }, both(["新接收方", "new receiver"])),
    hooks.map((one) => h("button", { class: "button", type: "button", "aria-current": hook !== null && hook.id === one.id ? "true" : null, onclick: () => open(one.id) },
      one.label, h("span", { class: "small" }, standing(one)))));
}

function standing(one) {
  if (!one.enabled) return `⏸ 停用 off ${one.stopped}`;
  if (one.given_up) return `✗ ${one.given_up} 条放弃 given up`;
  if (one.waiting) return `… ${one.waiting} 条待送 waiting`;
  return one.delivered_at ? "✓ 全部送达 all delivered" : "还没有推送 nothing sent yet";
}

async function open(id) {
  try {
    const { body, tag } = await getWithTag(`/api/webhooks/${id}`);
    show(body, tag);
    await list();
  } catch (problem) {
    toast(problem.message, true);
  }
}

function show(body, tag) {
  hook = body;
  seen = tag;
  draw();
  if (hook.id) follow();
}

const ticks = (legend, all, name) => h("fieldset", { class: "kinds" }, h("legend", null, both(legend)),
  all.map(([value, pair]) => h("label", null, h("input", { type: "checkbox", checked: hook[name].includes(value), onchange: (event) =>
    (hook[name] = event.target.checked ? [...hook[name], value] : hook[name].filter((one) => one !== value)) }), both(pair))));

const input = (name, more) => h("input", { value: hook[name], oninput: (event) => (hook[name] = event.target.value), required: true, ...more });
const deed = (pair, onclick) => h("button", { class: "button", type: "button", onclick }, both(pair));

function draw() {
  const warn = h("p", { class: "warn", role: "alert", hidden: true });
  const form = h("form", { class: "home-form" },
    h("section", { class: "panel" }, h("h2", null, both(["接收方", "receiver"])),
      h("div", { class: "fields" },
        h("label", { class: "field" }, both(["名称", "name"]), input("label", { maxlength: 200 })),
        h("label", { class: "field" }, both(["网址", "address"]), input("url", { maxlength: 500, inputmode: "url", spellcheck: "false" })),
        h("label", { class: "field field--tick" }, h("input", { type: "checkbox", checked: hook.enabled, onchange: (event) => (hook.enabled = event.target.checked) }), both(["启用", "in use"]))),
      h("p", { class: "quiet" }, "公网用https;内网直接写IP地址。 Public: https. In your own network: the IP address itself."),
      ticks(["告诉它什么", "what it hears"], EVENTS, "events"),
      ticks(["除网格、类型、阶段外,还可知道", "what it may know beside cell, kind and stage"], DETAILS, "includes")),
    warn,
    h("div", { class: "form-foot" }, h("button", { class: "button button--deed", type: "submit" }, both(["保存", "save"])),
      hook.id ? [deed(["发送测试", "send a test event"], () => act(warn, trial)), deed(["换密钥", "new secret"], () => act(warn, renew)), deed(["删除", "remove"], () => act(warn, drop))] : null));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    act(warn, keep);
  });
  fill($(".plans__form"), form, h("div", { class: "webhook__secret" }), hook.id ? sent : null);
}

async function act(warn, what) {
  warn.hidden = true;
  try {
    await what();
  } catch (problem) {
    warn.hidden = false;
    fill(warn, problem.message);
    warn.scrollIntoView({ block: "center" });
  }
}

async function keep() {
  const { label, url, events, includes, enabled } = hook;
  const said = { label, url, events, includes, enabled };
  if (hook.id) {
    await put(`/api/webhooks/${hook.id}`, said, seen.slice(1, -1));
    await open(hook.id);
  } else {
    const made = await post("/api/webhooks", said);
    await open(made.webhook.id);
    reveal(made.secret);
  }
  toast("已保存 Saved");
}

function reveal(secret) {
  fill($(".webhook__secret"), h("section", { class: "panel" }, h("h2", null, both(["签名密钥,只显示这一次", "the secret of its signatures, shown this once"])),
    h("p", null, h("code", null, secret))));
}

async function renew() {
  reveal((await post(`/api/webhooks/${hook.id}/secret`)).secret);
}

async function trial() {
  await post(`/api/webhooks/${hook.id}/test`);
  await follow();
  await list();
  toast("测试已发出,结果见下 Sent: its result is below");
}

async function drop() {
  if (!window.confirm(`删除“${hook.label}”?remove it?`)) return;
  await remove(`/api/webhooks/${hook.id}`);
  hook = null;
  empty();
  await list();
}

function fate(one) {
  if (one.delivered_at) return `✓ 送达 delivered ${one.status}`;
  return one.due_at ? `… 第${one.attempts}次 attempt ${one.attempts} ${one.error}` : `✗ 放弃 given up: ${one.error}`;
}

async function follow() {
  if (hook === null || !hook.id) return;
  const { id } = hook;
  const { items } = await get(`/api/webhooks/${id}/deliveries`);
  const news = JSON.stringify([id, items]);
  if (hook === null || hook.id !== id || news === drawn) return; // a button drawn anew loses the keyboard, and all is read out again
  drawn = news;
  fill(sent, h("section", { class: "panel" }, h("h2", null, both(["最近的推送", "what was sent"])),
    items.length ? h("ul", { class: "ladder" }, items.map((one) => h("li", { class: "row" },
      h("span", null, shortTime(one.created_at)), h("strong", null, one.event), one.incident_id ? h("span", null, `#${one.incident_id}`) : null, h("span", null, fate(one)),
      one.due_at ? null : deed(["重发", "again"], () => again(one.id))))) : h("p", { class: "quiet" }, "还没有 nothing yet")));
}

async function again(id) {
  try {
    await post(`/api/webhook-deliveries/${id}/replay`);
    await follow();
  } catch (problem) {
    toast(problem.message, true);
  }
}

function empty() {
  fill($(".plans__form"), h("p", { class: "quiet" }, "先选一个接收方,或新建一个。 Choose a receiver, or enter a new one."));
}

empty();
list().catch((problem) => toast(problem.message, true));
every(3000, () => follow().catch(() => {}));
