// Operators' scripts: a form for the questions, and beside it the panel as an operator will see it.

import { get, put } from "./api.js";
import { now } from "./clock.js";
import { $, $$, both, fill, h, toast } from "./dom.js";
import { complain, kindBoxes, listVersions, madeBy, mayLeave, redrawn, remove } from "./editions.js";
import { Panel } from "./script.js";
import words from "/console/words.js";

const FEWEST = 3;
const MOST = 6;
const blank = () => ({ name: `q${Date.now().toString(36)}${Math.random().toString(36).slice(2, 6)}`, ask: ["", ""], steps: {}, call_120: null });

let scripts = []; // as the server has them
let draft = null; // the script in the form
let seen = null; // the version that the form was filled from; null: a script that is new
let dirty = false;
let tried = {}; // what was answered in the preview, by the name of the question
const preview = new Panel((question, answer) => { tried[question] = { answer, at: new Date(now()).toISOString() }; drawPreview(); });

window.addEventListener("beforeunload", (event) => dirty && event.preventDefault());

async function load(name) {
  try {
    scripts = await get("/api/scripts");
  } catch (problem) {
    return toast(problem.message, true);
  }
  const one = scripts.find((each) => each.script.name === name) || scripts[0];
  open(one.script, one.script.version);
}

function open(script, version) {
  draft = structuredClone(script);
  seen = version;
  dirty = false;
  tried = {};
  drawList();
  drawForm();
  drawPreview();
}

const leave = () => mayLeave(dirty);

/** Something in the form has changed; `structure` draws it again, and `next` has the focus then. */
function changed(structure = false, next = "") {
  dirty = true;
  if (structure) redrawn($(".plans__form"), drawForm, next);
  drawPreview();
}

// ---- the list ----

function drawList() {
  fill($(".plans__list"),
    scripts.map(({ script, changed_at, changed_by }) =>
      h("button", { class: "button", type: "button", "data-script": script.name, "aria-current": script.name === draft.name && seen !== null ? "true" : "false", onclick: async () => (await leave()) && open(script, script.version) },
        h("span", null, script.title, h("span", { class: "en", lang: "en" }, script.name)),
        h("span", { class: "small quiet" }, script.kinds.map((kind) => words.kind[kind][0]).join("、") || "没有用在任何警情上 not in use"),
        h("span", { class: "small quiet" }, madeBy({ changed_at, changed_by }, script.version, "出厂问询 as shipped")))),
    h("button", { class: "button", type: "button", onclick: async () => (await leave()) && openNew() }, "+ 新问询", h("span", { class: "en" }, "new script")));
}

function openNew() {
  open({ name: "", title: "", kinds: [], questions: Array.from({ length: FEWEST }, blank) }, null);
  $("#script-name").focus();
}

// ---- the form ----

function drawForm() {
  const unfolded = new Set($$(".plans__form details[open]").map((one) => one.dataset.english));
  const form = h("form", { class: "panel" },
    h("h2", null, seen === null ? both(["新问询", "new script"]) : [draft.title, h("span", { class: "en" }, `${draft.name} · v${seen}`)]),
    names(),
    h("h3", null, both(["用于哪些警情", "for which trouble"])),
    h("p", { class: "quiet small" }, "勾选后从原来的问询移到这里。 A kind that you tick moves here from the script that had it."),
    kindBoxes(troubles(), draft.kinds, (kind) => words.kind[kind][0], holder, () => changed()),
    h("h3", null, both(["依次问", "asked in this order"])),
    h("div", { class: "rungs" }, draft.questions.map((one, place) => question(one, place, unfolded.has(one.name)))),
    h("button", { class: "button", type: "button", "data-add": true, disabled: draft.questions.length >= MOST, onclick: () => changed(true, `[data-question="${draft.questions.push(blank())}"] [data-ask]`) },
      "+ 加一个问题", h("span", { class: "en" }, "add a question")),
    h("p", { class: "warn", role: "alert", hidden: true }),
    h("div", { class: "form-foot" },
      h("button", { class: "button button--deed", type: "submit" }, both(["保存", "save"])),
      seen === null ? null : h("button", { class: "button", type: "button", onclick: history }, both(["历次版本", "versions"])),
      h("span", { class: "quiet small" }, `${FEWEST}到${MOST}个问题,用“是”或“否”回答。 ${FEWEST} to ${MOST} questions, answered by yes or no.`)));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    save();
  });
  fill($(".plans__form"), form);
}

const troubles = () => Object.keys(words.kind).filter((kind) => scripts.some(({ script }) => script.kinds.includes(kind)));

function holder(kind) {
  const other = scripts.find(({ script }) => script.name !== draft.name && script.kinds.includes(kind));
  return other ? other.script.title : "";
}

function names() {
  return h("div", { class: "row" },
    seen === null
      ? h("div", null, h("label", { for: "script-name" }, both(["编号(英文小写)", "name, a-z"])),
          h("input", { id: "script-name", class: "short", type: "text", required: true, pattern: "[a-z][a-z0-9_\\-]{0,39}", value: draft.name, oninput: (event) => ((draft.name = event.target.value.trim()), (dirty = true)) }))
      : null,
    h("div", null, h("label", { for: "script-title" }, both(["名称", "title"])),
      h("input", { id: "script-title", class: "short", type: "text", required: true, maxlength: 40, value: draft.title, oninput: (event) => ((draft.title = event.target.value), (dirty = true)) })));
}

function question(one, place, isOpen) {
  const label = `问题${place + 1} question ${place + 1}`;
  const move = (pair, by) => h("button", { class: "button button--bare", type: "button", "data-move": by, onclick: () => { swap(place, place + by); changed(true, `[data-question="${place + by + 1}"] [data-move="${by}"]`); } }, both(pair), h("span", { class: "unseen" }, ` ${label}`));
  return h("fieldset", { class: "rung", "data-question": place + 1 },
    h("legend", { class: "unseen" }, label),
    h("div", { class: "rung__head" },
      h("h3", null, both([`问题${place + 1}`, `question ${place + 1}`])),
      place ? move(["提前", "up"], -1) : null,
      place < draft.questions.length - 1 ? move(["推后", "down"], 1) : null,
      draft.questions.length > FEWEST ? remove(label, () => { draft.questions.splice(place, 1); changed(true); }) : null),
    field(["问什么", "ask"], text(one.ask, 0, { required: true, "data-ask": true })),
    ["yes", "no"].map((said) => field([`答“${words.said[said][0]}”后怎么做`, `after ${words.said[said][1]}`], step(one, said, 0))),
    h("label", { class: "field" }, both(["代叫120", "call 120"]),
      h("select", { "data-120": true, onchange: (event) => { one.call_120 = event.target.value || null; changed(); } },
        h("option", { value: "", selected: one.call_120 === null }, "不代叫 never"),
        ["yes", "no"].map((said) => h("option", { value: said, selected: one.call_120 === said }, `答“${words.said[said][0]}”时 after ${words.said[said][1]}`)))),
    h("details", { "data-english": one.name, open: isOpen }, h("summary", null, "英文(可不填)", h("span", { class: "en" }, "English, may be empty")),
      field(["问什么(英文)", "ask"], text(one.ask, 1, { lang: "en" })),
      ["yes", "no"].map((said) => field([`答“${words.said[said][0]}”后(英文)`, `after ${words.said[said][1]}`], step(one, said, 1)))));
}

const field = (pair, control) => h("label", { class: "field" }, both(pair), control);
const text = (pair, place, more) =>
  h("input", { type: "text", maxlength: place ? 240 : 120, value: pair[place], oninput: (event) => { pair[place] = event.target.value; changed(); }, ...more });

/** What to do after an answer: the next question when nothing is written. */
function step(one, said, place) {
  const pair = one.steps[said] || ["", ""];
  return h("input", { type: "text", maxlength: place ? 240 : 120, value: pair[place], "data-step": place ? null : said, lang: place ? "en" : null, placeholder: place ? "" : "空着就问下一个",
    oninput: (event) => { pair[place] = event.target.value; one.steps[said] = pair; changed(); } });
}

function swap(place, other) {
  const { questions } = draft;
  [questions[place], questions[other]] = [questions[other], questions[place]];
}

// ---- as an operator sees it ----

function drawPreview() {
  preview.show(draft.questions.map(({ name, ask, steps, call_120 }) => {
    const { answer, at } = tried[name] || { answer: null, at: null };
    const told = answer && steps[answer] && steps[answer][0] ? steps[answer] : null;
    return { question: name, ask: [ask[0] || "(还没有写)", ask[1]], answer, at, step: told, calls_120: answer !== null && answer === call_120 };
  }));
  if (preview.root.isConnected) return;
  fill($(".plans__trial"), h("section", { class: "panel" },
    h("h2", null, both(["值班员看到的", "as an operator sees it"])),
    h("p", { class: "quiet small" }, "点一点试试,不会记下。 Try it; nothing is kept."),
    preview.root,
    h("button", { class: "button", type: "button", "data-again": true, onclick: () => { tried = {}; drawPreview(); } }, both(["从头再试", "begin again"]))));
}

// ---- saving ----

async function save() {
  const button = $(".plans__form [type=submit]");
  button.disabled = true;
  const { name, version, ...body } = draft;
  try {
    const kept = await put(`/api/scripts/${encodeURIComponent(name)}`, body, seen);
    await load(kept.name);
    toast(`已保存,第${kept.version}版;从下一个报警起有效。 Saved.`);
  } catch (problem) {
    button.disabled = false;
    complain($(".plans__form .warn"), problem, () => load(draft.name));
  }
}

const history = () => listVersions(`/api/scripts/${draft.name}/versions`, (each) => each.script, seen, $(".plans__form .form-foot"),
  async (script) => { if (await leave()) { open(script, seen); changed(); } });

load(decodeURIComponent(location.hash.slice(1)));
