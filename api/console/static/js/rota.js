// When each responder works: the week, the leaves, and on her own telephone a calendar and where she is.

import { change, get, getWithTag, post, remove, set } from "./api.js";
import { $, both, fill, h, toast } from "./dom.js";
import { responderFinder } from "./finder.js";
import { clockOf, minutesOf, timeBox } from "./hours.js";
import words from "/console/words.js";

const DAYS = ["一", "二", "三", "四", "五", "六", "日"];
const mayEdit = Boolean($(".plans").dataset.mayEdit);
const zone = document.documentElement.dataset.zone;

const moment = new Intl.DateTimeFormat("zh-CN", { timeZone: zone, month: "numeric", day: "numeric", weekday: "short", hour: "2-digit", minute: "2-digit" });

async function open(id) {
  try {
    const [{ body: responder, tag }, shifts] = await Promise.all([getWithTag(`/api/responders/${id}`), get(`/api/responders/${id}/shifts`)]);
    fill($(".plans__form"), h("div", { class: "panel" },
      h("h2", null, responder.name, h("span", { class: "quiet" }, ` ${responder.phone}`), responder.active ? null : h("span", { class: "chip chip--amber" }, "停用 off")),
      mayEdit ? h("details", null, h("summary", null, both(["资料:姓名、电话、所属网格", "details: name, phone, cells"])), await details(responder, tag)) : null,
      week(id, shifts.duties), leaves(id, shifts.leaves), mayEdit ? calendar(id) : null, mayEdit && responder.kind !== "clinic" ? await telephone(id) : null));
    history.replaceState(null, "", `#${id}`);
  } catch (problem) {
    toast(problem.message, true);
  }
}

// ---- who she is ----

const NOBODY = { id: 0, kind: "grid_worker", name: "", phone: "", cells: [], skills: [], position: null, active: true };

/** The form of one responder; of a new one without `tag`. */
async function details(responder, tag) {
  const areas = (await get("/api/areas")).filter((area) => area.level !== "street");
  const names = new Map(areas.map((area) => [area.id, area.name]));
  const word = (area) => `${names.get(area.parent_id) || ""} ${area.name}`.trim();
  const chosen = new Set(responder.cells);
  const position = responder.position || { lon: "", lat: "" };
  const input = (name, value, more = {}) => h("input", { name, value, maxlength: 200, ...more });
  const field = (pair, control) => h("label", { class: "field" }, both(pair), control);
  const list = h("ul", { class: "people" });
  const showAreas = () => fill(list, areas.filter((area) => chosen.has(area.id)).map((area) => h("li", null, h("span", null, word(area)),
    h("button", { class: "button", type: "button", "aria-label": `移除 remove ${word(area)}`, onclick: () => { chosen.delete(area.id); showAreas(); } }, "×"))));
  const more = h("input", { list: "areas", placeholder: "社区、网格 community, cell", onchange: () => {
    const found = areas.find((area) => word(area) === more.value);
    if (found) chosen.add(found.id);
    if (found) more.value = "";
    showAreas();
  } });
  const warn = h("p", { class: "warn", role: "alert", hidden: true });
  const form = h("form", { class: "responder-form" },
    h("div", { class: "fields" },
      field(["姓名", "name"], input("name", responder.name, { required: true })),
      field(["电话", "phone"], input("phone", responder.phone, { required: true, type: "tel", maxlength: 64 })),
      field(["身份", "kind"], h("select", { name: "kind" }, Object.entries(words.responder).map(([kind, pair]) => h("option", { value: kind, selected: kind === responder.kind }, pair.join(" "))))),
      field(["会什么,逗号分开", "skills, with commas"], input("skills", responder.skills.join(","))),
      field(["平时在哪里:经度", "where as a rule: longitude"], input("lon", position.lon, { type: "number", step: "any", min: -180, max: 180 })),
      field(["纬度(WGS-84)", "latitude (WGS-84)"], input("lat", position.lat, { type: "number", step: "any", min: -90, max: 90 })),
      h("label", { class: "field field--tick" }, h("input", { type: "checkbox", name: "active", checked: responder.active }), both(["在用:可以派", "in use: may be sent"]))),
    field(["添加所属社区或网格", "add an area"], more), h("datalist", { id: "areas" }, areas.map((area) => h("option", { value: word(area) }, area.code))), list,
    warn, h("div", { class: "rung__head" }, h("button", { class: "button button--deed", type: "submit" }, both(["保存资料", "save"]))));
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const { name, phone, kind, skills, lon, lat, active } = form.elements;
    const has = lon.value !== "" && lat.value !== "";
    const stays = responder.position && Number(lon.value) === responder.position.lon && Number(lat.value) === responder.position.lat;
    const said = {
      name: name.value, phone: phone.value, kind: kind.value, active: active.checked, areas: Array.from(chosen),
      skills: skills.value.split(/[,\uff0c\u3001]/).map((one) => one.trim()).filter(Boolean),
      ...(stays ? {} : { position: has ? { lon: Number(lon.value), lat: Number(lat.value) } : null }),
    };
    try {
      const kept = responder.id ? (await change(`/api/responders/${responder.id}`, said, tag)).body : await post("/api/responders", said);
      toast("已保存,从现在起照此请人。 Saved: it holds from now on.");
      await open(kept.id);
    } catch (problem) {
      warn.hidden = false;
      fill(warn, problem.message);
    }
  });
  showAreas();
  return form;
}

async function enter() {
  try {
    fill($(".plans__form"), h("div", { class: "panel" }, h("h2", null, both(["新工作人员", "new responder"])), await details(NOBODY, null),
      h("p", { class: "quiet small" }, "保存后排班:没有排班的人不会被请。 Then give her duty times: who is never on duty is never asked.")));
  } catch (problem) {
    toast(problem.message, true);
  }
}

// ---- the week ----

function week(id, kept) {
  let shifts = kept.map(drafted);
  const rows = h("ol", { class: "wishes" });
  const warn = h("p", { class: "warn", role: "alert", hidden: true });
  const show = () => fill(rows, shifts.length ? shifts.map(row) : h("li", { class: "quiet" }, "没有排班:不会请这位。 Never on duty: nobody asks her."));

  function row(shift, place) {
    return h("li", { class: "tell tell__head" },
      h("fieldset", { class: "weekdays", disabled: !mayEdit }, h("legend", { class: "unseen" }, "星期 days"),
        DAYS.map((word, at) => h("label", { class: "weekday" },
          h("input", { type: "checkbox", checked: shift.days.has(at + 1), onchange: (event) => (event.target.checked ? shift.days.add(at + 1) : shift.days.delete(at + 1)) }), `周${word}`))),
      timeBox("从 from", shift, "starts", { disabled: !mayEdit }), timeBox("到 until", shift, "ends", { disabled: !mayEdit }),
      mayEdit ? h("button", { class: "button", type: "button", onclick: () => { shifts.splice(place, 1); show(); } }, both(["删去", "remove"])) : null);
  }

  const form = h("form", { class: "rung" },
    h("div", { class: "rung__head" }, h("h3", null, both(["每周", "each week"])), h("span", { class: "quiet small" }, "到的时间不晚于从,就是到第二天。 Until not after from: it ends the next day.")),
    rows, warn,
    mayEdit ? h("div", { class: "rung__head" },
      h("button", { class: "button", type: "button", onclick: () => { shifts.push(drafted({ days: [1, 2, 3, 4, 5], starts: 480, ends: 1080 })); show(); } }, both(["添加", "add"])),
      h("button", { class: "button button--deed", type: "submit" }, both(["保存", "save"]))) : null);
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    warn.hidden = true;
    if (shifts.some((shift) => !shift.days.size)) {
      warn.hidden = false;
      return fill(warn, "每一行至少选一天,或者删去。 Choose a day in each row, or remove it.");
    }
    try {
      shifts = (await set(`/api/responders/${id}/duties`, shifts.map(given))).duties.map(drafted);
      show();
      toast("已保存,从现在起照此请人。 Saved: it holds from now on.");
    } catch (problem) {
      warn.hidden = false;
      fill(warn, problem.message);
    }
  });
  show();
  return form;
}

const drafted = (duty) => ({ days: new Set(duty.days), starts: clockOf(duty.starts), ends: clockOf(duty.ends) });

const given = ({ days, ...hours }) => ({ days: [...days].sort(), ...minutesOf(hours) });

// ---- leaves ----

function leaves(id, kept) {
  const listed = h("ul", { class: "people" }, kept.length
    ? kept.map((leave) => h("li", null,
        h("div", null, h("b", null, `${moment.format(new Date(leave.starts))} → ${moment.format(new Date(leave.ends))}`), leave.reason ? h("p", { class: "quiet small" }, leave.reason) : null),
        mayEdit ? h("button", { class: "button", type: "button", onclick: () => done(id, () => remove(`/api/responders/${id}/leaves/${leave.id}`), "已销假 Back at work") }, both(["销假", "back"])) : null))
    : h("li", { class: "quiet" }, "没有请假。 No leave."));
  const from = h("input", { type: "datetime-local", required: true });
  const until = h("input", { type: "datetime-local", required: true });
  const reason = h("input", { type: "text", maxlength: 100, placeholder: "可不填 optional" });
  const form = h("form", { class: "tell tell__head" },
    h("label", null, "从 from ", from), h("label", null, "到 until ", until), h("label", null, "事由 reason ", reason),
    h("button", { class: "button button--deed", type: "submit" }, both(["请假", "take leave"])));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const leave = { starts: inZone(from.value), ends: inZone(until.value), reason: reason.value };
    done(id, () => post(`/api/responders/${id}/leaves`, leave), "已登记,请假期间不会请这位。 Kept: nobody asks her meanwhile.");
  });
  return h("section", { class: "rung" }, h("h3", null, both(["请假", "leave"])), listed, mayEdit ? form : null);
}

async function done(id, act, word) {
  try {
    await act();
    toast(word);
    await open(id);
  } catch (problem) {
    toast(problem.message, true);
  }
}

/** What a clock on the site's wall shows, as a moment; the browser may stand in another zone. */
function inZone(local) {
  const guess = new Date(`${local}:00Z`);
  const parts = Object.fromEntries(new Intl.DateTimeFormat("en-US", { timeZone: zone, hourCycle: "h23", year: "numeric", month: "numeric", day: "numeric", hour: "numeric", minute: "numeric" }).formatToParts(guess).map((part) => [part.type, Number(part.value)]));
  const shown = Date.UTC(parts.year, parts.month - 1, parts.day, parts.hour, parts.minute);
  return new Date(2 * guess - shown).toISOString();
}

// ---- a calendar for her own telephone ----

function calendar(id) {
  const shown = h("input", { type: "text", readonly: true, hidden: true, "aria-label": "日历链接 link of the calendar", onfocus: (event) => event.target.select() });
  const make = async () => {
    try {
      shown.value = (await post(`/api/responders/${id}/calendar`)).url;
      shown.hidden = false;
      shown.focus();
    } catch (problem) {
      toast(problem.message, true);
    }
  };
  return h("section", { class: "rung" }, h("h3", null, both(["手机日历", "calendar"])),
    h("p", { class: "quiet small" }, "发给本人,在手机日历里订阅;一年内有效,只看得到自己的班。 For her to subscribe to; lasts a year and shows her own shifts only."),
    h("div", { class: "rung__head" }, h("button", { class: "button", type: "button", onclick: make }, both(["生成链接", "make the link"])), shown));
}

// ---- a telephone that tells where she is ----

const APPS = {
  owntracks: { word: "OwnTracks", example: "li/phone", pattern: "[^\\s\\/]+\\/[^\\s\\/]+" },
  traccar: { word: "Traccar", example: "li-phone", pattern: "\\S+" },
};

async function telephone(id) {
  const box = h("section", { class: "rung" });
  const show = (device) => fill(box, h("h3", null, both(["定位手机", "telephone that tells where she is"])),
    h("p", { class: "quiet small" }, "在岗或去处理时才用,只记最新位置,十分钟后忘掉。 Counts while she is on duty or on a case; only the newest place is kept, for ten minutes."),
    device ? settings(device) : null,
    device ? h("div", { class: "rung__head" }, h("button", { class: "button", type: "button", onclick: () => send(() => remove(path), "已取消,位置已忘掉 taken back, its place is forgotten") }, both(["取消这部手机", "take it back"]))) : form());
  const path = `/api/responders/${id}/phone`;

  async function send(act, word) {
    try {
      show(await act());
      toast(word);
    } catch (problem) {
      toast(problem.message, true);
    }
  }

  function form() {
    const name = h("input", { required: true, maxlength: 100, placeholder: APPS.owntracks.example, pattern: APPS.owntracks.pattern });
    const app = h("select", { onchange: () => {
      name.placeholder = APPS[app.value].example;
      name.pattern = APPS[app.value].pattern;
    } }, Object.entries(APPS).map(([key, { word }]) => h("option", { value: key }, word)));
    const made = h("form", { class: "tell tell__head" }, h("label", null, "应用 app ", app), h("label", null, "名称 name ", name),
      h("button", { class: "button button--deed", type: "submit" }, both(["登记手机", "set it"])));
    made.addEventListener("submit", (event) => {
      event.preventDefault();
      send(() => set(path, { key: `${app.value}:${name.value.trim()}` }), "已登记,把下面的设置填进手机 kept: type these into the telephone");
    });
    return made;
  }

  show(await get(path));
  return box;
}

/** What is to be typed into the telephone. The password is made by the command, and shown there once. */
function settings({ key }) {
  const [app, name] = [key.slice(0, key.indexOf(":")), key.slice(key.indexOf(":") + 1)];
  const [user, phone = ""] = name.split("/");
  const rows = app === "owntracks"
    ? [["模式 mode", "MQTT"], ["主机、端口 host, port", "问管理服务器的人 ask who runs the server"], ["客户端、用户名 client id, user", user],
      ["设备 device id", phone], ["主题 topic", `owntracks/${user}/${phone}`], ["密码 password", `python3 anxin.py register device-login ${key} --name ${user}`]]
    : [["设备标识 device identifier", name], ["服务器 server URL", "本中心的 Traccar 服务器 the Traccar server of this centre"]];
  return h("dl", { class: "brief" }, rows.map(([label, text]) => [h("dt", null, label), h("dd", null, text)]));
}

fill($(".plans__list"), h("h3", null, both(["工作人员", "responders"])),
  mayEdit ? h("button", { class: "button", type: "button", onclick: enter }, both(["新工作人员", "new responder"])) : null, responderFinder(12, (one) => open(one.responder.id)));
const id = Number(location.hash.slice(1));
if (id) open(id);
else fill($(".plans__form"), h("p", { class: "quiet" }, "先找一位工作人员。 Find a responder first."));
