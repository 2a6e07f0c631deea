// Whom a home's alarms are told to: whether each number is proved, what it may be sent, and who said so.

import { get, post } from "./api.js";
import { now } from "./clock.js";
import { $, both, fill, h, toast } from "./dom.js";
import words from "/console/words.js";

const home = `/api/households/${$("main").dataset.home}`;
const list = $(".told__list");
const zone = document.documentElement.dataset.zone;
const moment = new Intl.DateTimeFormat("zh-CN", { timeZone: zone, year: "numeric", month: "numeric", day: "numeric", hour: "2-digit", minute: "2-digit" });
const TOPIC = { texts: ["短信", "texts"], weekly: ["周报", "weekly text"] };
const WAY = { text: ["短信回复", "by text"], page: ["本人页面", "on her page"], phone: ["电话", "by telephone"], in_person: ["当面", "in person"], paper: ["书面", "on paper"], unknown: ["方式不详", "way unknown"] };
const PROVED = {
  proved: ["号码已验证", "number proved", "chip--good"], waiting: ["等对方回复", "waiting for an answer", ""], silent: ["测试没有回复", "no answer", "chip--amber"],
  lost: ["测试发不到", "does not arrive", "chip--emergency"], untried: ["号码没有验证", "not tried", "chip--amber"], no_texts: ["不收短信,没法测试", "wants no texts", ""],
};
const LOOK = 2000; // ms between two looks while a test is on its way
const FOLLOW = 10 * 60 * 1000; // ms for which anybody waits before the page
const TOLD_US = ["phone", "in_person", "paper"];
const proofs = new Map(); // by the contact's id: where its proof stands
let looking = 0;

async function show() {
  try {
    const [{ contacts }, consents] = await Promise.all([get(home), get(`${home}/consents`)]);
    const of = new Map(consents.map((one) => [one.contact_id, one]));
    proofs.clear();
    fill(list, contacts.length ? contacts.map((contact) => person(contact, of.get(contact.id))) : h("p", { class: "quiet" }, "没有登记联系人。 No contacts."));
    await prove();
  } catch (problem) {
    toast(problem.message, true);
  }
}

/** What is known of each number; while a test is on its way, again and again. */
async function prove() {
  clearTimeout(looking);
  const { contacts } = await get(`${home}/safety-net`);
  for (const one of contacts) if (proofs.has(one.contact_id)) fill(proofs.get(one.contact_id), proved(one));
  if (contacts.some(isOnItsWay)) looking = setTimeout(lookAgain, LOOK);
}

async function lookAgain() {
  try {
    await prove();
  } catch (_cut) {
    looking = setTimeout(lookAgain, LOOK);
  }
}

const isOnItsWay = (one) => one.waits || (one.asked_at && !one.answered_at && now() - new Date(one.asked_at) < FOLLOW);

function proved(one) {
  const [zh, en, look] = PROVED[one.state];
  const test = one.waits ? ["测试待发", "test queued"] : one.answered_at ? ["测试已答复", "test answered"] : one.text ? [`测试${words.message[one.text][0]}`, words.message[one.text][1]] : null;
  const at = one.waits ? null : one.answered_at || one.delivered_at || one.asked_at;
  return [chip([zh, en], look), test ? h("span", { class: "quiet small", "data-test": one.waits ? "waits" : one.text }, `${test[0]} `, at ? moment.format(new Date(at)) : "", h("span", { lang: "en" }, ` ${test[1]}`)) : null];
}

function person(contact, consent) {
  const way = h("select", { "aria-label": `${contact.name} 怎样告知 how said` }, TOLD_US.map((one) => h("option", { value: one }, WAY[one].join(" "))));
  const say = (topic, wanted, pair) => h("button", {
    class: "button", type: "button", "data-say": `${topic}-${wanted ? "yes" : "no"}`,
    onclick: () => done(() => post(`${home}/contacts/${contact.id}/${topic}`, { wanted, way: way.value })),
  }, both(pair));
  const proof = h("span", { class: "row told__proof" });
  const code = h("input", { class: "told__code", inputmode: "numeric", maxlength: 4, pattern: "[0-9]{4}", required: true, size: 6, "aria-label": `${contact.name} 验证码 code` });
  const check = h("form", { class: "row" }, h("label", null, "本人念出的验证码 code ", code), h("button", { class: "button", type: "submit" }, both(["核对", "check"])));
  check.addEventListener("submit", (event) => {
    event.preventDefault();
    done(() => post(`${home}/contacts/${contact.id}/verify`, { code: code.value.trim() }));
  });
  const test = h("button", { class: "button", type: "button", onclick: async () => {
    test.disabled = true; // a second tap would ask the same person again
    await done(() => post(`${home}/contacts/${contact.id}/test`, {}), "测试短信几秒内发出 A test leaves within seconds");
    test.disabled = false;
  } }, both(["发测试短信", "send a test"]));
  proofs.set(contact.id, proof);
  const agreed = consent.said.find((one) => one.topic === "texts");
  return h("article", { class: "person", "data-contact": contact.id },
    h("h3", null, `${contact.rank}. ${contact.name} `, h("span", { class: "quiet" }, `${contact.relation} ${contact.phone}`)),
    h("p", { class: "row" },
      proof,
      chip(consent.texts ? (agreed ? ["同意收短信", "texts agreed"] : ["发短信,没有同意记录", "texts, no consent kept"]) : ["已退订全部短信", "wants no texts"], consent.texts ? (agreed ? "chip--good" : "") : "chip--amber"),
      chip(consent.weekly ? ["每周发周报", "weekly text"] : ["不发周报", "no weekly text"], consent.weekly ? "chip--good" : "")),
    consent.texts ? h("div", { class: "row" }, test, check) : null,
    h("div", { class: "row" }, h("label", null, "本人怎样告知 said ", way),
      say("texts", true, ["同意收短信", "agrees to texts"]), consent.texts ? say("texts", false, ["退订短信", "no texts"]) : null,
      consent.weekly ? say("weekly", false, ["退订周报", "no weekly text"]) : say("weekly", true, ["要周报", "wants the weekly text"])),
    h("details", null, h("summary", null, both(["同意记录", "what was said"]), ` (${consent.said.length})`),
      h("ol", { class: "people" }, consent.said.length ? consent.said.map(line) : h("li", { class: "quiet" }, "还没有 none yet"))));
}

const chip = (pair, look) => h("span", { class: `chip ${look}` }, both(pair));

function line(one) {
  const what = `${one.wanted ? "要" : "不要"}${TOPIC[one.topic][0]}`;
  const who = one.by ? `${WAY[one.way][0]}告知,${one.by}记录` : WAY[one.way][0];
  return h("li", null, h("div", null, h("b", null, what), ` ${who} `, h("span", { class: "quiet small" }, `${one.wanted ? "wants" : "no"} ${TOPIC[one.topic][1]}, ${WAY[one.way][1]}`)),
    h("time", { datetime: one.at, class: "quiet" }, moment.format(new Date(one.at))));
}

/** Does it and draws the list anew; after a refusal nothing is new, and what is being typed stays. */
async function done(act, word = "已记录 Kept") {
  try {
    await act();
  } catch (problem) {
    toast(problem.message, true);
    return;
  }
  toast(word);
  await show();
}

show();
