// How each relative and each worker wants to be told, and when: found, put in order, kept.

import { get, post, set } from "./api.js";
import { $, both, fill, h, toast } from "./dom.js";
import { homeFinder, responderFinder } from "./finder.js";
import { clockOf, DAY, minutesOf, timeBox } from "./hours.js";

const MEDIA = { sms: ["短信", "text"], voice: ["电话", "call"], push: ["推送", "push"] };

// ---- whom ----

async function openHome(id) {
  await opened(`home=${id}`, async () => {
    const home = await get(`/api/households/${id}`);
    const told = await Promise.all(home.contacts.map(async (contact) => {
      const address = `/api/households/${id}/contacts/${contact.id}/channels`;
      return person(`${contact.rank}. ${contact.name}(${contact.relation})`, contact.phone, address, await get(address));
    }));
    const test = h("button", { class: "button", type: "button", onclick: () => tried(test, id) }, "给每位发测试短信", h("span", { class: "en" }, "text each a test"));
    return h("div", { class: "panel" },
      h("h2", null, home.household.address, h("span", { class: "quiet" }, ` ${home.residents.map((one) => one.name).join("、")}`)),
      told.length ? told : h("p", { class: "quiet" }, "没有登记联系人。 No contacts."),
      told.length ? h("div", { class: "form-foot" }, test) : null);
  });
}

async function openResponder(id) {
  await opened(`responder=${id}`, async () => {
    const responder = await get(`/api/responders/${id}`);
    const address = `/api/responders/${id}/channels`;
    return h("div", { class: "panel" },
      h("h2", null, responder.name),
      h("p", { class: "quiet small" }, "排班决定请谁,这里决定怎么请;要回答的请求先走能回答的渠道。 The rota says who is asked, this says how; what waits for an answer goes first where one can be given."),
      person("怎么通知 how told", responder.phone, address, await get(address)));
  });
}

async function opened(place, draw) {
  try {
    fill($(".plans__form"), await draw());
    history.replaceState(null, "", `#${place}`);
  } catch (problem) {
    toast(problem.message, true);
  }
}

async function tried(button, id) {
  button.disabled = true; // a second tap would ask the same people again
  try {
    await post(`/api/households/${id}/test`, {});
    toast("测试短信一分钟内发出,看谁回复 Tests leave within a minute: see who answers");
  } catch (problem) {
    toast(problem.message, true);
    button.disabled = false;
  }
}

// ---- one person ----

function person(title, phone, address, kept) {
  let wishes = kept.map(drafted);
  const rows = h("ol", { class: "wishes" });
  const warn = h("p", { class: "warn", role: "alert", hidden: true });
  const show = () => fill(rows, wishes.length ? wishes.map(row) : h("li", { class: "quiet" }, "没有要求:任何时候发短信。 No wish: a text at any hour."));
  const button = (words, does, more = {}) => h("button", { class: "button", type: "button", ...more, onclick: () => { does(); show(); } }, words[0], h("span", { class: "en" }, words[1]));

  function row(wish, place) {
    return h("li", { class: "tell tell__head", "data-wish": place },
      h("select", { "aria-label": "方式 medium", onchange: (event) => { wish.medium = event.target.value; show(); } },
        Object.entries(MEDIA).map(([medium, words]) => h("option", { value: medium, selected: wish.medium === medium }, words.join(" ")))),
      timeBox("从 from", wish, "starts"), timeBox("到 until", wish, "ends"),
      wish.medium === "push" ? h("label", null, both(["推送地址", "address"]), " ",
        h("input", { type: "password", autocomplete: "off", required: wish.keeps === null, value: wish.url, placeholder: wish.keeps === null ? "wecombot://…" : `已存 kept: ${wish.service}`, "aria-label": "推送地址 address of the push", oninput: (event) => (wish.url = event.target.value.trim()) })) : null,
      place ? button(["提前", "up"], () => wishes.splice(place - 1, 2, wish, wishes[place - 1])) : null,
      button(["删去", "remove"], () => wishes.splice(place, 1)));
  }

  const form = h("form", { class: "rung", "data-person": address },
    h("div", { class: "rung__head" }, h("h3", null, title), h("span", { class: "quiet" }, phone)),
    rows, warn,
    h("div", { class: "rung__head" },
      button(["添加", "add"], () => wishes.push(drafted({ medium: "sms", service: "", starts: 0, ends: DAY }, null))),
      h("button", { class: "button button--deed", type: "submit" }, "保存", h("span", { class: "en" }, "save"))));
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    warn.hidden = true;
    try {
      wishes = (await set(address, wishes.map(given))).map(drafted);
      show();
      toast("已保存,下一条就照此发。 Saved: the next message follows it.");
    } catch (problem) {
      warn.hidden = false;
      fill(warn, problem.message);
    }
  });
  show();
  return form;
}

/** What stands at `place` now, as the form has it; a push keeps the address that is kept there. */
const drafted = (wish, place) =>
  ({ medium: wish.medium, service: wish.service, keeps: wish.service ? place : null, url: "", starts: clockOf(wish.starts), ends: clockOf(wish.ends) });

function given({ medium, keeps, url, starts, ends }) {
  const push = medium !== "push" ? {} : url ? { url } : { keeps };
  return { medium, ...minutesOf({ starts, ends }), ...push };
}

fill($(".plans__list"),
  h("h3", null, both(["住户的联系人", "contacts of a home"])), homeFinder(6, (one) => openHome(one.household.id)),
  h("h3", null, both(["工作人员", "responders"])), responderFinder(6, (one) => openResponder(one.responder.id)));
const [kind, id] = location.hash.slice(1).split("=");
if (kind === "home") openHome(Number(id));
else if (kind === "responder") openResponder(Number(id));
else fill($(".plans__form"), h("p", { class: "quiet" }, "先找一家住户或一位工作人员。 Find a home or a responder first."));
