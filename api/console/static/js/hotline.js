// The hotline: who is calling is on screen before anybody speaks; one tap makes an order or an incident.

import { get, post } from "./api.js";
import { atHome } from "./athome.js";
import { kindWord, phoneWords } from "./card.js";
import { shortTime } from "./clock.js";
import { $, both, fill, h, icon, toast } from "./dom.js";
import { homeFinder } from "./finder.js";
import { illness, waysIn } from "./particulars.js";
import words from "/console/words.js";

const TROUBLES = ["sos", "fall", "smoke", "gas", "leak", "inactivity"];
const root = $(".pop");
const numberBox = $("#number");

const OUTCOME = { order: "此来电已下单", incident: "此来电已报警", information: "此来电已答复" };

let call = null; // the call that is being answered
let home = null; // the home it is about, once that is known
let settled = "";

$(".dial").addEventListener("submit", (event) => {
  event.preventDefault();
  answer(numberBox.value);
});
$(".withheld").addEventListener("click", () => answer(""));

async function answer(number) {
  try {
    await show(await post("/api/hotline/calls", { number }));
    history.replaceState(null, "", `#call=${call.id}`); // after a reload the same call is on screen
  } catch (problem) {
    toast(problem.message, true);
  }
}

/** `/hotline#call=12` opens the page with that call, `#number=` with a new one: the console links to both. */
async function openNamedCall() {
  const number = /^#number=(.+)$/.exec(location.hash);
  if (number) return answer(decodeURIComponent(number[1]));
  const named = /^#call=(\d+)$/.exec(location.hash);
  if (!named) return;
  try {
    await show(await get(`/api/hotline/calls/${named[1]}`));
  } catch (problem) {
    toast(problem.message, true);
  }
}

async function show(pop) {
  call = pop.call;
  settled = call.outcome === "open" ? "" : [h("p", null, h("b", null, OUTCOME[call.outcome]), " this call has been settled.")];
  const id = call.household_id;
  const caller = pop.callers.find((one) => one.home && one.home.household.id === id);
  home = id === null ? null : caller ? caller.home : await get(`/api/households/${id}`);
  draw(pop);
}

function draw(pop) {
  fill(root, h("div", null, who(pop), home ? record(home, pop) : search(pop)), h("div", { class: "deeds" }));
  drawDeeds();
}

// ---- who is calling ----

function who(pop) {
  const number = call.number ? phoneWords(call.number) : "未显示号码 withheld";
  const advice = {
    known: null,
    choose: h("p", null, "这个号码有几个人用,请问是哪一位。 Several people use this number: ask which."),
    search: h("p", null, "登记册里没有这个号码,请问住址。 Not in the register: ask for the address."),
  }[pop.advice];
  return h("section", { class: "panel" },
    h("h2", null, icon("phone"), ` ${number} `, h("span", { class: "en" }, `${shortTime(call.at)} 来电 call #${call.id}`)),
    advice,
    h("ul", { class: "people" }, pop.callers.map((caller) => h("li", null,
      h("div", null,
        h("p", null, h("b", { class: "caller" }, caller.match.name), h("span", { class: "quiet" }, ` ${role(caller.match)}`)),
        caller.home ? h("p", { class: "quiet small" }, caller.home.household.address) : null,
        caller.home ? null : caller.incidents.map(openCase)),
      caller.home && home !== caller.home ? h("button", { class: "button", type: "button", onclick: () => choose(caller.home, pop) },
        "是这家", h("span", { class: "en" }, "this home")) : null))));
}

const role = (match) => {
  const detail = words.responder[match.detail] ? words.responder[match.detail][0] : match.detail;
  return [words.known[match.known_as][0], detail].filter(Boolean).join(" · ");
};

const openCase = (card) =>
  h("a", { class: "button button--amber", href: `/#case=${card.id}` }, icon(card.kind), `正在处理 #${card.id} ${kindWord(card.kind)[0]}`,
    h("span", { class: "en" }, words.stage[card.stage].join(" ")));

async function choose(chosen, pop) {
  try {
    await post(`/api/hotline/calls/${call.id}/household`, { household_id: chosen.household.id });
    home = chosen;
    draw(pop);
  } catch (problem) {
    toast(problem.message, true);
  }
}

function search(pop) {
  return h("section", { class: "panel" }, h("h2", null, both(["找住户", "find the home"])), homeFinder(8, (one) => choose(one, pop)));
}

// ---- the home ----

function record(about, pop) {
  const caller = pop.callers.find((one) => one.home && one.home.household.id === about.household.id);
  const open = caller ? caller.incidents : [];
  return [
    open.length ? h("section", { class: "panel panel--open-case" }, h("h2", null, both(["这家正有事件", "a case is open here"])), h("div", { class: "row" }, open.map(openCase))) : null,
    h("section", { class: "panel" },
      h("h2", null, about.household.address),
      h("p", { class: "quiet" }, about.cell.name),
      waysIn(about.household).length ? h("div", { class: "warn" }, waysIn(about.household)) : null,
      about.residents.map((resident) => [h("p", null, h("b", null, resident.name), ` ${[resident.sex, resident.lives_alone ? "独居 alone" : ""].filter(Boolean).join(" · ")}`), illness(resident)]),
      h("ol", { class: "people" }, about.contacts.map((contact) => h("li", null, h("span", { class: "rank" }, contact.rank),
        h("div", null, h("b", null, contact.name), h("span", { class: "quiet" }, ` ${contact.relation}`)),
        h("a", { class: "phone", href: `tel:${contact.phone}` }, phoneWords(contact.phone)))))),
    atHome(about.household.id),
  ];
}

// ---- what it becomes ----

function drawDeeds() {
  const place = $(".deeds", root);
  if (settled) return fill(place, h("section", { class: "panel", role: "status" }, settled));
  if (!home) return fill(place, h("section", { class: "panel" }, h("p", { class: "quiet" }, "先确认是哪一家,再下单或报警。 Say which home it is first.")), question());
  fill(place, trouble(), wish(), question());
}

function trouble() {
  const text = h("input", { type: "text", maxlength: 500, placeholder: "来电人怎么说(可不填)what the caller says", "aria-label": "情况 what the caller says" });
  return h("section", { class: "panel" },
    h("h2", null, both(["出了事", "trouble"])),
    h("p", { class: "quiet" }, "点一下就报警:马上派人,通知家属。 One tap raises an incident."),
    h("div", { class: "row" }, TROUBLES.map((kind) =>
      h("button", { class: "button", type: "button", "data-trouble": kind, onclick: () => raise(kind, text.value.trim()) }, icon(kind), kindWord(kind)[0], h("span", { class: "en" }, kindWord(kind)[1])))),
    h("div", { class: "row" }, text));
}

async function raise(kind, text) {
  try {
    const incident = await post(`/api/hotline/calls/${call.id}/incident`, { kind, text, household_id: home.household.id });
    settle(h("p", null, h("b", null, `已报警 #${incident.id}`), " an incident is open. "), h("a", { class: "button button--deed", href: `/#case=${incident.id}` }, "去值班台", h("span", { class: "en" }, "console")));
  } catch (problem) {
    toast(problem.message, true);
  }
}

function wish() {
  const box = h("input", { type: "search", placeholder: "例:窗户脏了想擦一擦", "aria-label": "需求 the wish", autocomplete: "off" });
  const note = h("input", { type: "text", maxlength: 500, placeholder: "备注,例:下午三点以后 note", "aria-label": "备注 note" });
  const found = h("ul", { class: "people" });
  let turn = 0;
  const look = async () => {
    const mine = ++turn;
    const text = box.value.trim();
    if (!text) return fill(found);
    try {
      const list = await get(`/api/catalogue/search?limit=6&wish=${encodeURIComponent(text)}`);
      if (mine !== turn) return;
      fill(found, list.length ? list.map(({ offer, reason }) => h("li", null,
        h("div", null, h("b", null, offer.item.name), ` ${price(offer.item)}`,
          h("p", { class: "quiet small" }, [offer.provider.name, reason].filter(Boolean).join(" · "))),
        h("button", { class: "button", type: "button", "data-item": offer.item.id, onclick: () => order(offer, note.value.trim()) }, "下单", h("span", { class: "en" }, "order"))))
        : h("li", { class: "quiet" }, "没有这样的服务,换个说法。 Nothing fits: say it differently."));
    } catch (problem) {
      toast(problem.message, true);
    }
  };
  box.addEventListener("input", look);
  return h("section", { class: "panel" }, h("h2", null, both(["有需求", "a wish"])), h("div", { class: "row" }, box), found, h("div", { class: "row" }, note));
}

const price = (item) => (item.price_fen ? `${(item.price_fen / 100).toFixed(2)} 元/${item.unit}` : "免费 free");

async function order(offer, note) {
  try {
    const placed = await post(`/api/hotline/calls/${call.id}/order`, { item_id: offer.item.id, note, household_id: home.household.id });
    settle(h("p", null, h("b", null, `已下单 #${placed.id}`), ` ${offer.item.name} → ${offer.provider.name} ${phoneWords(offer.provider.phone)}`));
  } catch (problem) {
    toast(problem.message, true);
  }
}

function question() {
  const note = h("input", { type: "text", maxlength: 500, placeholder: "答复了什么 what was answered", "aria-label": "答复 the answer" });
  return h("section", { class: "panel" }, h("h2", null, both(["只是咨询", "only a question"])), h("div", { class: "row row--line" }, note,
    h("button", { class: "button", type: "button", onclick: async () => {
      try {
        await post(`/api/hotline/calls/${call.id}/close`, { note: note.value.trim() });
        settle(h("p", null, h("b", null, "已记录答复"), " the answer is on record."));
      } catch (problem) {
        toast(problem.message, true);
      }
    } }, "结束来电", h("span", { class: "en" }, "end"))));
}

function settle(...what) {
  settled = what;
  drawDeeds();
  numberBox.value = "";
}

window.addEventListener("hashchange", openNamedCall);
openNamedCall();
