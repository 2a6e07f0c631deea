// Response plans: a form that edits the rungs, and a trial on one home before anybody needs the plan.

import { get, post, put } from "./api.js";
import { duration, shortTime } from "./clock.js";
import { $, both, fill, h, toast } from "./dom.js";
import { complain, kindBoxes, listVersions, madeBy, mayLeave, redrawn, remove as removal, toggle } from "./editions.js";
import { homeFinder } from "./finder.js";
import words from "/console/words.js";

const WAITS = {
  repeat_s: ["最后一级每隔多少秒重复", "the last rung repeats every … s"],
  offer_s: ["被请的人多少秒内答复", "asked people answer within … s"],
  arrive_grace_s: ["过预计时间多少秒后另找人", "others are asked … s past the ETA"],
  relative_s: ["家属说能赶到后等多少秒", "after a relative says coming: wait … s"],
  check_in_s: ["到场多少秒后请值班员联系", "the desk checks in … s after arrival"],
};
const NEW_RUNG = () => ({ after_s: 0, tell: [{ whom: "desk", count: 1, kinds: [], skill: "" }] });
const SENDS = ["nearest", "staff"];
const THRESHOLD = { homes: 5, within_s: 180, street_homes: 0 };
const COUNTS = {
  homes: ["同一网格至少几户", "homes of one cell", 2, 1000],
  within_s: ["多少秒之内", "within … s", 1, 3600],
  street_homes: ["或全街道至少几户,0 为不按街道计", "or of the street; 0: never", 0, 10000],
};
const isForArea = (plan) => plan.threshold !== null;
const inWords = ({ homes, within_s, street_homes }) => `${within_s}秒内${homes}户${street_homes ? `,或全街道${street_homes}户` : ""}`;

let plans = []; // as the server has them
let draft = null; // the plan in the form
let seen = null; // the version that the form was filled from; null: a plan that is new
let dirty = false;
const trial = { home: null, kind: "", at: "", result: null };

window.addEventListener("beforeunload", (event) => dirty && event.preventDefault());

async function load(name) {
  try {
    plans = await get("/api/plans");
  } catch (problem) {
    return toast(problem.message, true);
  }
  const one = plans.find((each) => each.plan.name === name) || plans[0];
  open(one.plan, one.plan.version);
}

function open(plan, version) {
  draft = structuredClone(plan);
  seen = version;
  dirty = false;
  if (!draft.kinds.includes(trial.kind)) trial.kind = draft.kinds[0] || "sos";
  draw();
}

function draw() {
  drawList();
  drawForm();
  drawTrial();
}

// ---- the list ----

function drawList() {
  fill($(".plans__list"),
    plans.map(({ plan, changed_at, changed_by }) =>
      h("button", { class: "button", type: "button", "data-plan": plan.name, "aria-current": plan.name === draft.name && seen !== null ? "true" : "false", onclick: async () => (await leave()) && open(plan, plan.version) },
        h("span", null, titleOf(plan), h("span", { class: "en", lang: "en" }, plan.name)),
        h("span", { class: "small quiet" }, plan.kinds.map((kind) => words.kind[kind][0]).join("、") || "没有用在任何警情上 not in use"),
        isForArea(plan) ? h("span", { class: "small quiet" }, `${inWords(plan.threshold)} 成为区域事件`, h("span", { class: "en" }, "for an area")) : null,
        h("span", { class: "small quiet" }, madeBy({ changed_at, changed_by }, plan.version, "出厂预案 as shipped")))),
    h("button", { class: "button", type: "button", onclick: async () => (await leave()) && openNew() }, "+ 新预案", h("span", { class: "en" }, "new plan")),
    h("button", { class: "button", type: "button", onclick: async () => (await leave()) && openNew({ ...THRESHOLD }) }, "+ 新区域预案", h("span", { class: "en" }, "new plan for areas")));
}

const titleOf = (plan) => plan.title || plan.name;

const leave = () => mayLeave(dirty);

function openNew(threshold = null) {
  open({ name: "", title: "", kinds: [], severity: null, rungs: [NEW_RUNG()], repeat_s: 300, offer_s: 60, arrive_grace_s: 300, relative_s: 900, check_in_s: 1800, threshold }, null);
  $("#plan-name").focus();
}

// ---- the form ----

/** Something in the form has changed; `structure` draws it again, and `next` has the focus then. */
function changed(structure = false, next = "") {
  dirty = true;
  trial.result = null;
  if (structure) redrawn($(".plans__form"), drawForm, next);
  drawTrial();
}

function drawForm() {
  const form = h("form", { class: "panel" },
    h("h2", null, seen === null ? both(["新预案", "new plan"]) : [titleOf(draft), h("span", { class: "en" }, `${draft.name} · v${seen}`)]),
    names(), isForArea(draft) ? threshold() : null, kinds(),
    h("h3", null, both(["逐级通知", "rung by rung"])),
    h("div", { class: "rungs" }, draft.rungs.map(rung)),
    h("button", { class: "button", type: "button", onclick: addRung }, "+ 加一级", h("span", { class: "en" }, "add a rung")),
    h("h3", null, both(["等多久", "how long to wait"])),
    h("div", { class: "waits" }, Object.entries(WAITS).map(([field, pair]) =>
      h("label", null, both(pair), seconds(draft[field], field === "repeat_s" ? 60 : 15, (value) => (draft[field] = value))))),
    h("p", { class: "warn", role: "alert", hidden: true }),
    h("div", { class: "form-foot" },
      h("button", { class: "button button--deed", type: "submit" }, "保存", h("span", { class: "en" }, "save")),
      seen === null ? null : h("button", { class: "button", type: "button", onclick: history }, "历次版本", h("span", { class: "en" }, "versions")),
      h("span", { class: "quiet small" }, "最后一级必须有值班台响铃。 The last rung must ring the desk.")));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    save();
  });
  fill($(".plans__form"), form);
}

function names() {
  return h("div", { class: "row" },
    seen === null
      ? h("div", null, h("label", { for: "plan-name" }, both(["编号(英文小写)", "name, a-z"])),
          h("input", { id: "plan-name", class: "short", type: "text", required: true, pattern: "[a-z][a-z0-9_\\-]{0,39}", value: draft.name, oninput: (event) => ((draft.name = event.target.value.trim()), (dirty = true)) }))
      : null,
    h("div", null, h("label", { for: "plan-title" }, both(["名称", "title"])),
      h("input", { id: "plan-title", class: "short", type: "text", required: true, maxlength: 40, value: draft.title, oninput: (event) => ((draft.title = event.target.value), (dirty = true)) })));
}

/** From when on the trouble of many homes is one of their area. */
function threshold() {
  return [
    h("h3", null, both(["多少户同时发生算一件区域事件", "how many homes at once make a case of the area"])),
    h("p", { class: "quiet small" }, "下面勾选的警情合起来计。设备类警情并入后各户不再响铃;呼救、烟雾、燃气各户照常处理,区域事件另加在上面。 The kinds ticked below count together. Trouble of devices then rests in the homes; calls for help, smoke and gas never do."),
    h("div", { class: "waits" }, Object.entries(COUNTS).map(([field, [chinese, english, least, most]]) =>
      h("label", null, both([chinese, english]),
        h("input", { type: "number", id: `threshold-${field}`, min: least, max: most, step: 1, required: true, value: draft.threshold[field], oninput: (event) => { draft.threshold[field] = event.target.valueAsNumber || 0; changed(); } })))),
  ];
}

function kinds() {
  const troubles = Object.keys(words.kind).filter((kind) => plans.some(({ plan }) => plan.severity === null && plan.kinds.includes(kind)));
  const holder = (kind) => titleOf((plans.find(({ plan }) => isForArea(plan) === isForArea(draft) && plan.severity === draft.severity && plan.name !== draft.name && plan.kinds.includes(kind)) || { plan: { title: "" } }).plan);
  return [
    h("h3", null, both(["用于哪些警情", "for which trouble"])),
    h("p", { class: "quiet small" }, "勾选后从原来的预案移到这里。 A kind that you tick moves here from the plan that had it."),
    kindBoxes(troubles, draft.kinds, (kind) => words.kind[kind][0], holder, () => changed()),
    isForArea(draft) ? null : h("div", { class: "row" }, h("label", null, both(["只在警情为", "only when it is"]), " ",
      h("select", { "aria-label": "轻重 severity", onchange: (event) => { draft.severity = event.target.value ? Number(event.target.value) : null; changed(true); } },
        option("", ["不论轻重", "however severe"], draft.severity === null),
        Object.entries(words.severity).map(([value, pair]) => option(value, pair, draft.severity === Number(value)))))),
  ];
}

const option = (value, pair, selected) => h("option", { value, selected }, pair.join(" "));

function seconds(value, least, keep) {
  const spelt = h("span", { class: "quiet small" }, duration(value));
  return h("span", { class: "row row--line" },
    h("input", { type: "number", min: least, max: 43199, step: 1, required: true, value, oninput: (event) => {
      keep(event.target.valueAsNumber || 0);
      spelt.textContent = duration(event.target.valueAsNumber || 0);
      changed();
    } }), "秒", spelt);
}

function rung(one, place) {
  return h("fieldset", { class: "rung", "data-rung": place + 1 },
    h("div", { class: "rung__head" },
      h("h3", null, `第${place + 1}级`, h("span", { class: "en" }, `rung ${place + 1}`)),
      h("label", { class: "row row--line" }, both(["报警后", "after"]), seconds(one.after_s, 0, (value) => (one.after_s = value))),
      draft.rungs.length > 1 ? remove(`第${place + 1}级 rung ${place + 1}`, () => draft.rungs.splice(place, 1)) : null),
    one.tell.map((tell, line) => teller(one, tell, line)),
    h("button", { class: "button", type: "button", onclick: () => { one.tell.push({ whom: isForArea(draft) ? "staff" : "relatives", count: 1, kinds: [], skill: "" }); changed(true, `[data-rung="${place + 1}"] .tell:last-of-type select`); } },
      "+ 再通知", h("span", { class: "en" }, "also tell")));
}

function addRung() {
  const last = draft.rungs[draft.rungs.length - 1];
  const number = draft.rungs.push({ ...NEW_RUNG(), after_s: last.after_s + 60 });
  changed(true, `[data-rung="${number}"] input`);
}

const remove = (what, act) => removal(what, () => { act(); changed(true); });

function teller(one, tell, line) {
  const sends = SENDS.includes(tell.whom);
  return h("div", { class: "tell" },
    h("div", { class: "tell__head" },
      h("select", { "aria-label": "通知谁 whom", onchange: (event) => choose(tell, event.target.value) },
        Object.entries(words.whom).filter(([value]) => value !== "relatives" || !isForArea(draft)).map(([value, pair]) => option(value, pair, tell.whom === value))),
      tell.whom === "desk" ? null : h("label", { class: "row row--line" },
        h("input", { type: "number", min: sends ? 1 : 0, max: 20, required: true, value: tell.count, "aria-label": "几人 how many", oninput: (event) => { tell.count = event.target.valueAsNumber || 0; changed(); } }),
        tell.whom === "relatives" ? both(["人,0 是其余全部", "0: all left"]) : both(["人", "people"])),
      one.tell.length > 1 ? remove("这一行 this line", () => one.tell.splice(line, 1)) : null),
    sends ? h("div", { class: "kinds", role: "group", "aria-label": "哪些人 which people" }, Object.entries(words.responder).map(([kind, pair]) =>
        h("label", null, h("input", { type: "checkbox", value: kind, checked: tell.kinds.includes(kind), onchange: (event) => { toggle(tell.kinds, kind, event.target.checked); changed(); } }), pair[0])),
      h("label", null, both(["会", "skill"]),
        h("input", { class: "short", type: "text", list: "skills", maxlength: 40, value: tell.skill, placeholder: "急救(可不填)", oninput: (event) => { tell.skill = event.target.value.trim(); changed(); } }))) : null);
}

function choose(tell, whom) {
  tell.whom = whom;
  if (!SENDS.includes(whom)) Object.assign(tell, { kinds: [], skill: "", count: whom === "desk" ? 1 : tell.count });
  else if (tell.count < 1) tell.count = 1;
  changed(true);
}

// ---- saving ----

/** The draft as the server takes it. */
const sent = () => {
  const { name, version, ...body } = draft;
  return body;
};

async function save() {
  const button = $(".plans__form [type=submit]");
  button.disabled = true;
  try {
    const kept = await put(`/api/plans/${encodeURIComponent(draft.name)}`, sent(), seen);
    await load(kept.name);
    toast(`已保存,第${kept.version}版;从下一个报警起有效。 Saved.`);
  } catch (problem) {
    button.disabled = false;
    complain($(".plans__form .warn"), problem, () => load(draft.name));
  }
}

const history = () => listVersions(`/api/plans/${draft.name}/versions`, (each) => each.plan, seen, $(".plans__form .form-foot"),
  async (plan) => (await leave()) && (open(plan, seen), changed()));

// ---- trying it ----

function drawTrial() {
  fill($(".plans__trial"), h("section", { class: "panel" },
    h("h2", null, both(["试一试", "try it"])),
    h("p", { class: "quiet small" }, "选一家、一个时刻,看看会通知谁。不会真的通知。 Choose a home and a moment; nobody is told."),
    trial.home ? chosen() : homeFinder(6, (one) => { trial.home = one; drawTrial(); }),
    h("div", { class: "row" },
      h("select", { "aria-label": "警情 trouble", onchange: (event) => (trial.kind = event.target.value) },
        draft.kinds.map((kind) => option(kind, words.kind[kind], kind === trial.kind))),
      h("input", { type: "datetime-local", value: trial.at, "aria-label": "时刻,空着就是现在 moment; now when empty", oninput: (event) => (trial.at = event.target.value) })),
    h("button", { class: "button button--deed", type: "button", "data-try": true, disabled: !trial.home || !draft.kinds.length, onclick: attempt }, "试一试", h("span", { class: "en" }, "try")),
    h("div", { class: "result", role: "status" }, trial.result)));
}

function chosen() {
  return h("div", { class: "row" }, h("b", null, trial.home.household.address),
    h("button", { class: "button", type: "button", onclick: () => { trial.home = trial.result = null; drawTrial(); } }, "换一家", h("span", { class: "en" }, "another")));
}

async function attempt() {
  const asked = { household_id: trial.home.household.id, kind: trial.kind, at: trial.at || null, severity: draft.severity, plan: { ...sent(), title: draft.title || "draft" } };
  try {
    trial.result = ladder(await post("/api/plans/rehearsal", asked));
  } catch (problem) {
    trial.result = h("p", { class: "warn" }, problem.message);
  }
  drawTrial();
}

function ladder({ at, rungs }) {
  return [
    h("p", { class: "quiet small" }, `${shortTime(at)} 起,一直没有人答复时。 From then on, while nobody answers.`),
    h("ol", { class: "ladder" }, rungs.map((one) => h("li", { "data-rehearsed": one.number },
      h("h3", null, `第${one.number}级`, h("span", { class: "quiet" }, ` ${duration(one.after_s)}`),
        one.skipped ? h("span", { class: "chip chip--amber" }, "跳过 skipped") : null,
        one.rings_desk ? h("span", { class: "chip chip--deed" }, "值班台响铃 desk") : null),
      h("ul", null, one.reached.map((each) => h("li", null,
        h("b", null, each.name),
        each.after_s > one.after_s ? h("span", { class: "quiet small" }, `${duration(each.after_s)} 时补问 asked instead`) : null,
        h("span", { class: "quiet small" }, each.why)))),
      one.nobody.map((why) => h("p", { class: "reason small" }, why))))),
  ];
}

load(decodeURIComponent(location.hash.slice(1)));
