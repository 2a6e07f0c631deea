// The console: joins the live stream, the queue, the map, the case, the sound and the keys.

import { get, post, set } from "./api.js";
import { byUrgency, callsAgain, coming, door, isOpen, isStale, kindWord, needsHuman, phoneWords, tickAll } from "./card.js";
import { Case } from "./case.js";
import { duration, everySecond, shortTime } from "./clock.js";
import { ask, dialogIsOpen } from "./dialog.js";
import { $, fill, h, icon, toast, write } from "./dom.js";
import { Live } from "./live.js";
import { Board, drawLegend } from "./map.js";
import { MapList } from "./map_list.js";
import { showMaintenance } from "./maintenance.js";
import { Queue } from "./queue.js";
import { KEYS } from "./script.js";
import { showTrials } from "./trials.js";
import { Sound } from "./sound.js";
import { after, every } from "./steady.js";
import { Vitals } from "./vitals.js";
import words from "/console/words.js";

const NAME = Array.from({ length: 16 }, () => Math.floor(Math.random() * 36).toString(36)).join(""); // of this page
const RENEW_MS = 15000; // a claim is a lease of 45 s: three heartbeats may be lost
const TRIALS_MS = 5000;
const PICTURE_MS = 15000; // shifts begin and end without an event; who moves is told by one
const CALL_MS = 120000; // how long a call that nobody opens stays on screen
const DRILL_SOUND = { severity: 1, kind: "test" }; // rings, for that is part of it, but as nothing that is real
const SELF_TEST_MS = 60000;
const SOUND_WORD = {
  on: ["声音已开", "sound on · test"],
  off: ["开始值班 / 声音测试", "sound is off"],
  broken: ["声音故障,点此重试", "no sound comes out: try again"],
};
const NEWS_AT_ONCE = 3; // a storm is not read aloud case by case
const CUTOFF_BANNER_S = 5;
const CUTOFF_TONE_MS = 6000;

const IN_A_HAND = window.matchMedia("(max-width: 760px)");

const me = Number(document.documentElement.dataset.account);
const cards = new Map();
const answered = new Map(); // incident id -> the moment of the last call to it that we have looked at
let counters = null;
let cutBefore = false;
let tonedAt = 0;
let searching = null;
let isOwed = false; // whether a drawing is to come
let news = []; // what it will say to screen readers

const COUNTS = new Map(["emergency", "routine", "trouble", "unclaimed", "coming", "scene"].map((name) => [name, $(`[data-count="${name}"]`)]));

const board = new Board($(".map"), pick);
const list = new MapList($(".twin"), $(".map__list"), board, pick);
const queue = new Queue($(".queue__list"), me, pick, (card) => callsAgain(card, me, answered));
const view = new Case($(".case"), me, keep);
const sound = new Sound(drawSound);
const vitals = new Vitals($(".vitals"), $(".ailing"), announce, () => sound.cutOff());
let live = null; // made last, when everything that it calls is there

// ---- what the server says ----

function snapshot(data) {
  const stillOpen = new Map(data.cards.map((card) => [card.id, card]));
  for (const card of Array.from(cards.values())) if (isOpen(card) && !stillOpen.has(card.id) && card.id !== view.id) cards.delete(card.id);
  const lost = view.id !== null && !stillOpen.has(view.id);
  for (const card of data.cards) merge(card);
  setCounters(data.counters);
  vitals.show(data.health);
  if (lost) view.update(view.card, true);
  draw();
  renewLeases(); // after a cut-off or a reload, do not let our own cases look abandoned until the next turn
}

function incident({ card }) {
  if (!card) return;
  merge(card);
  draw();
}

/** A card that an answer to our own deed brought: perhaps sooner than the stream. */
function keep(card) {
  merge(card);
  draw();
}

function merge(card) {
  const old = cards.get(card.id);
  if (old && old.version >= card.version) return;
  cards.set(card.id, card);
  if (!old && isOpen(card)) news.push(`${card.exercise ? "演练 drill" : "新事件"} ${door(card.address)[0]} ${card.who} ${kindWord(card.kind)[0]}`);
  else if (old && old.stage !== card.stage) news.push(`${card.who} ${words.stage[card.stage].join(" ")}`);
  if (card.id === view.id) {
    view.update(card, !old || old.version !== card.version);
    const claimed = old && old.claimed_by !== card.claimed_by && card.claimed_by === me;
    const moved = old && coming(old).join() !== coming(card).join();
    if (moved) readPicture().then(() => showOnMap(card));
    else if (claimed) showOnMap(card);
  }
  if (!isOpen(card) && card.id !== view.id) cards.delete(card.id);
}

function setCounters(data) {
  if (counters && (data.unread !== counters.unread || data.replies !== counters.replies) || !counters) readTrays();
  counters = data;
  draw();
}

/** The hotline rings: a quiet notice, for an alarm that is being handled comes first. */
function ringing(call) {
  const [first, ...others] = call.callers;
  const who = first ? `${first.name}(${words.known[first.known_as][0]})${others.length ? `等${others.length + 1}人` : ""}` : "登记册里没有 unknown";
  const notice = h("li", { class: "call", "data-call": call.call_id }, icon("phone"),
    h("span", null, h("b", null, `来电 ${call.number || "未显示号码 withheld"}`), " ", who),
    h("a", { class: "button", href: `/hotline#call=${call.call_id}`, target: "anxin-hotline", onclick: () => notice.remove() },
      "打开", h("span", { class: "en" }, "open")),
    h("button", { class: "button", type: "button", "aria-label": "收起 dismiss", onclick: () => notice.remove() }, "×"));
  $(".calls").appendChild(notice);
  setTimeout(() => notice.remove(), CALL_MS);
}

// ---- what is drawn ----

const openCards = () => Array.from(cards.values()).filter(isOpen).sort(byUrgency);

/** Draw with the next frame, once for all that comes until then: in a storm each push brings many events. */
function draw() {
  if (isOwed) return;
  isOwed = true;
  if (document.hidden) after(0, drawNow); // it has no frames, and rings all the same
  else requestAnimationFrame(drawNow);
}

function drawNow() {
  if (!isOwed) return;
  isOwed = false;
  const open = openCards();
  const rings = (card) => needsHuman(card) || callsAgain(card, me, answered);
  sound.setRinging(open.filter(rings).map((card) => ({
    key: `${card.id}:${(card.kinds || []).join()}:${isStale(card)}:${card.called_at}`, id: card.id, ...(card.exercise ? DRILL_SOUND : { severity: card.severity, kind: card.kind }),
  })));
  queue.picked = view.id;
  queue.show(open);
  $(".queue__empty").hidden = open.length > 0;
  board.setIncidents(open, view.id);
  drawCounts(open);
  if (news.length) announce(news.slice(-NEWS_AT_ONCE).join("。"));
  news = [];
}

/** A touch or a key while the case is on screen: whoever was called again has looked. */
function answerCall() {
  const card = view.id === null ? null : cards.get(view.id);
  if (!card || !callsAgain(card, me, answered)) return;
  answered.set(card.id, Date.parse(card.called_at));
  draw();
}
for (const deed of ["pointerdown", "keydown"]) document.addEventListener(deed, answerCall);

function drawCounts(open) {
  const real = open.filter((card) => !card.exercise);
  const count = (test) => real.filter(test).length;
  const numbers = {
    emergency: count((card) => card.severity === 3), routine: count((card) => card.severity === 2),
    trouble: count((card) => card.severity === 1), unclaimed: count((card) => card.claimed_by === null),
    coming: count((card) => card.stage === "covered"), scene: count((card) => card.stage === "on_scene"),
  };
  for (const [name, element] of COUNTS) {
    write($("b", element), numbers[name]);
    element.classList.toggle("is-some", numbers[name] > 0);
  }
  if (counters) {
    write($('[data-tray="unread"] .chip'), counters.unread);
    write($('[data-tray="replies"] .chip'), counters.replies);
  }
  write($("title"), `${numbers.unclaimed ? `(${numbers.unclaimed}) ` : ""}安心 值班台`);
}

function tick() {
  drawNow(); // what waits for a frame that does not come: the page was hidden or covered meanwhile
  tickAll(document);
  drawLink();
  drawSound();
  vitals.tick();
}

function drawLink() {
  const badge = $(".link");
  const cut = !live.isLive;
  const seconds = Math.floor(live.silentFor);
  badge.className = `state link ${cut || !live.databaseAnswers ? "state--bad" : "state--good"}`;
  const text = cut ? `已断开 ${duration(seconds)}` : live.databaseAnswers ? "实时" : "数据库无响应";
  const english = cut ? "cut off" : live.databaseAnswers ? "live" : "database away";
  fill(badge, h("span", { class: "dot" }), text, h("span", { class: "en" }, english));
  const long = cut && live.silentFor >= CUTOFF_BANNER_S && !live.over;
  if (long !== cutBefore) {
    cutBefore = long;
    $(".cutoff").hidden = !long;
    if (!long) announce("已恢复实时 live again");
  }
  if (long) {
    $(".cutoff b").textContent = `${seconds} 秒`;
    if (performance.now() - tonedAt > CUTOFF_TONE_MS) {
      tonedAt = performance.now();
      sound.cutOff();
    }
  }
}

function drawSound() {
  const { state } = sound;
  const on = state === "on";
  const badge = $(".sound");
  if (badge.dataset.look !== state) {
    badge.dataset.look = state;
    sayWhetherAudible();
    badge.className = `state sound ${on ? "state--good" : "state--bad"}`;
    const [zh, en] = SOUND_WORD[state];
    fill(badge, icon(on ? "sound" : "silent"), zh, h("span", { class: "en" }, en));
  }
  const mute = $(".mute");
  mute.hidden = !on;
  const left = sound.mutedFor;
  const text = left ? `静音中 ${left} 秒` : "静音 60 秒";
  if (mute.dataset.text !== text) {
    mute.dataset.text = text;
    mute.classList.toggle("state--bad", left > 0);
    fill(mute, text, h("span", { class: "en" }, left ? "muted · undo" : "mute"));
  }
}

/** When no console can be heard, the shift leader is told. */
async function sayWhetherAudible() {
  try {
    await set(`/api/consoles/${NAME}`, { audio_ok: sound.state === "on" });
  } catch (problem) {
    // Cut off: the badge says so, and this console counts as silent.
  }
}

/** Said by screen readers, and only when something has changed its stage. */
function announce(text) {
  $(".announcer").textContent = text;
}

function sessionEnded() {
  const banner = $(".cutoff");
  banner.hidden = false;
  fill(banner, "登录已结束,请重新登录。", h("span", { class: "en" }, "This login has ended."), h("a", { href: "/login?next=/" }, "重新登录 log in"));
}

// ---- the trays below the queue ----

async function readTrays() {
  try {
    const [unread, replies] = await Promise.all([get("/api/unread"), get("/api/replies")]);
    fill($('[data-tray="unread"] ul'), unread.map((one) => h("li", null,
      h("div", null, h("p", null, h("b", null, one.home ? one.home.who || one.home.address : one.device_key || one.topic)),
        h("p", { class: "quiet small" }, `${shortTime(one.received_at)} · ${one.reason}`),
        one.home ? sender(one) : h("code", null, one.text)),
      seen(`/api/unread/${one.id}/seen`))));
    fill($('[data-tray="replies"] ul'), replies.map((one) => h("li", null,
      h("div", null, h("p", null, h("b", null, `“${one.body}”`)),
        h("p", { class: "quiet small" }, [shortTime(one.received_at), one.name, phoneWords(one.phone)].filter(Boolean).join(" · ")),
        one.incident_id === null ? h("p", { class: "quiet small" },
          one.candidates.length ? "是哪一件事?which case is it?" : "不能确定是哪一件事 not sure which case") : null,
        one.candidates.map((candidate) => h("button", {
          class: "button", type: "button", "data-assign": candidate.incident_id, onclick: () => assign(one.id, candidate.incident_id),
        }, `#${candidate.incident_id} ${candidate.door}`)),
        one.incident_id ? h("button", { class: "button", type: "button", onclick: () => pick(one.incident_id) }, `看事件 #${one.incident_id}`) : null),
      seen(`/api/replies/${one.id}/seen`))));
  } catch (problem) {
    if (problem.status !== 0 && problem.status !== 401) toast(problem.message, true);
  }
}

/** Whose device it is, how to call back, and the page on which a service is ordered. */
const sender = ({ home, text }) => [
  h("p", { class: "quiet small" }, h("a", { href: `/households/${home.household_id}` }, home.address)),
  home.phone ? h("div", { class: "row row--tight" }, h("a", { class: "button", href: `tel:${home.phone}` }, `回电 ${phoneWords(home.phone)}`),
    h("a", { class: "button", href: `/hotline#number=${encodeURIComponent(home.phone)}`, target: "anxin-hotline" }, "办理", h("span", { class: "en" }, "order"))) : null,
  h("details", null, h("summary", null, "原文 as it came"), h("code", null, text)),
];

/** Say which case an answer is about, and show that case. */
async function assign(replyId, incidentId) {
  try {
    await post(`/api/replies/${replyId}/incident`, { incident_id: incidentId });
    await pick(incidentId);
  } catch (problem) {
    toast(problem.message, true);
  }
  readTrays(); // also after a refusal: a colleague may have been faster
}

const seen = (path) =>
  h("button", {
    class: "button", type: "button",
    onclick: () => post(path).then(readTrays).catch((problem) => toast(problem.message, true)),
  }, icon("check"), "已看", h("span", { class: "en" }, "seen"));

// ---- people on the map ----

async function readPicture() {
  try {
    const picture = await get("/api/map/live");
    const busy = new Set();
    for (const card of openCards()) for (const id of coming(card)) busy.add(id);
    board.setResponders(picture.features.filter((feature) => feature.properties.category !== "household").map((feature) => Object.assign({}, feature.properties, {
      lon: feature.geometry.coordinates[0], lat: feature.geometry.coordinates[1], busy: busy.has(feature.properties.id),
    })));
  } catch (problem) {
    // The badge already says that we are cut off; the map keeps what it had.
  }
}

// ---- deeds ----

async function pick(id) {
  let card = cards.get(id);
  if (!card) {
    try {
      card = (await get(`/api/incidents/${id}`)).card;
      cards.set(id, card);
    } catch (problem) {
      return toast(problem.message, true);
    }
  }
  const before = view.id;
  view.open(card);
  if (IN_A_HAND.matches) $(".column--case").scrollIntoView(); // there the case lies below the queue
  if (before !== null && before !== id && cards.has(before) && !isOpen(cards.get(before))) cards.delete(before);
  showOnMap(card);
  draw();
}

/** Its building and floor, and who could be sent: the map helps, so what cannot be read is left out. */
async function showOnMap(card) {
  const shown = board.scene && board.scene.card.id === card.id ? board.scene.ranked : [];
  board.setCase(isOpen(card) ? card : null, shown);
  board.flyToCase(card, shown);
  if (!isOpen(card)) return;
  try {
    const ranked = await get(`/api/incidents/${card.id}/candidates`);
    if (view.id !== card.id) return;
    const now = cards.get(card.id) || card;
    board.setCase(now, ranked);
    if (ranked.length && !shown.length) board.flyToCase(now, ranked);
  } catch (problem) {
    // The badge says when we are cut off, and the case names who was asked.
  }
}

/** The case on screen when nobody has it, else the most urgent one that nobody has. */
async function claimTop() {
  const waiting = openCards().filter((card) => card.claimed_by === null);
  const top = waiting.find((card) => card.id === view.id) || waiting[0];
  if (!top) return toast("没有等待接警的事件 nothing is waiting");
  if (view.id !== top.id) await pick(top.id);
  await view.claim();
}

async function renewLeases() {
  for (const card of openCards().filter((one) => one.claimed_by === me)) {
    try {
      const { lease_until } = await post(`/api/incidents/${card.id}/renew`);
      // A renewal is no event, so it has no version: after a cut-off our own card would stay amber.
      const shown = cards.get(card.id);
      if (shown && shown.lease_until === null) keepLease(shown, lease_until);
    } catch (problem) {
      // Taken over or closed: the stream says so. Cut off: the badge says so.
    }
  }
}

function keepLease(card, lease_until) {
  card.lease_until = lease_until;
  draw();
  if (card.id === view.id) view.update(card);
}

// ---- search ----

const searchBox = $(".search input");
searchBox.addEventListener("input", () => {
  queue.filter = searchBox.value.trim();
  draw();
  clearTimeout(searching);
  searching = setTimeout(searchRegister, 250);
});

async function searchRegister() {
  const hits = $(".hits");
  const text = searchBox.value.trim();
  hits.hidden = text === "";
  if (!text) return;
  try {
    const found = (await get(`/api/households?limit=8&search=${encodeURIComponent(text)}`)).items;
    if (searchBox.value.trim() !== text) return;
    fill(hits, found.length
      ? found.map((one) => h("button", { type: "button", onclick: () => showHousehold(one.household) }, one.household.address,
        h("span", { class: "quiet small" }, ` ${(one.residents || []).map((resident) => resident.name).join(" ")}`)))
      : h("p", null, "登记册里没有。 Nothing in the register."));
  } catch (problem) {
    fill(hits, h("p", null, problem.message));
  }
}

function showHousehold(household) {
  if (household.position) board.flyTo({ lat: household.position.lat, lon: household.position.lon });
  const open = openCards().find((card) => card.household_id === household.id);
  if (open) pick(open.id);
}

// ---- keys ----

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.altKey || event.metaKey || dialogIsOpen()) return;
  const typing = /^(INPUT|TEXTAREA|SELECT)$/.test(event.target.tagName);
  if (event.key === "Escape" && typing) {
    searchBox.value = "";
    searchBox.dispatchEvent(new Event("input"));
    searchBox.blur();
    return;
  }
  if (typing) return;
  const onControl = event.target.closest && event.target.closest("button, a, summary, [role=button]");
  if ((event.key === " " || event.key === "Enter") && onControl) return; // the control's own key
  const run = {
    " ": claimTop,
    c: () => view.isInHand && view.callHome(),
    f: () => view.isInHand && view.callFamily(),
    e: () => view.isInHand && view.brief(),
    n: () => view.isInHand && view.note(),
    w: () => view.isInHand && view.sendSomebody(),
    y: () => view.isInHand && view.script.answer(KEYS.y),
    x: () => view.isInHand && view.script.answer(KEYS.x),
    m: () => list.show($(".twin").hidden),
    t: () => sound.unlock(),
    "/": () => searchBox.focus(),
    "?": help,
  }[event.key.toLowerCase()];
  if (run) {
    event.preventDefault();
    if (!event.repeat) run();
  } else if (/^[1-9]$/.test(event.key)) {
    const card = queue.shown[Number(event.key) - 1];
    if (card) pick(card.id);
  }
});

// A button that was clicked with the mouse would keep the focus, and with it the space bar.
document.addEventListener("click", (event) => {
  if (event.detail === 0 || dialogIsOpen() || !event.target.closest("button, summary")) return;
  document.activeElement.blur(); // not the clicked one: a card that was picked has been drawn anew, focus and all
});

function help() {
  const keys = [["空格 Space", "接警:选中的,或最急的一件 claim the picked or the most urgent"], ["1 – 9", "选卡片 pick a card"], ["Y  X", "回答问询:是、否 answer the script: yes, no"], ["C", "打给老人 call her"], ["F", "打给家属 call the family"],
    ["W", "派人 send somebody"], ["E", "120 交接单 brief for the ambulance"], ["N", "备注 note"], ["M", "地图列表 the map as a list"], ["T", "声音测试 test the sound"],
    ["/", "查找姓名、楼栋、电话 search"], ["Esc", "返回 back"], ["?", "这张表 this list"]];
  ask({
    title: ["按键", "keys"], lead: "没有一个键会直接结案。 No single key closes a case.",
    body: h("table", null, h("tbody", null, keys.map(([key, what]) => h("tr", null, h("td", null, h("kbd", null, key)), h("td", null, what))))),
  });
}

$(".help").addEventListener("click", help);
$(".sound").addEventListener("click", () => sound.unlock());
$(".mute").addEventListener("click", () => (sound.mutedFor ? sound.unmute() : sound.mute()));
$(".see-all").addEventListener("click", () => board.showAll());
$(".map__solid").addEventListener("click", () => board.choose(board.isSolid ? "flat" : "solid"));
$(".map__look").addEventListener("click", () => board.setLook(board.look === "day" ? "night" : "day"));
$(".map__base").addEventListener("click", () => board.toggleBase());
$(".map__print").addEventListener("click", () => window.print());
window.addEventListener("beforeprint", () => board.freeze());
window.addEventListener("afterprint", () => board.thaw());

// ---- begin ----

/** `/#case=12` opens the console with that case: other pages link to it. */
function openNamedCase() {
  const named = /^#case=(\d+)$/.exec(location.hash);
  if (named) pick(Number(named[1]));
}
window.addEventListener("hashchange", openNamedCase);

drawLegend($(".legend"));
live = new Live({ snapshot, incident, places: (moved) => board.moveResponders(moved), counters: setCounters, call: ringing, health: (health) => vitals.show(health), state: drawLink, gone: sessionEnded });
everySecond(tick);
every(RENEW_MS, renewLeases);
every(RENEW_MS, sayWhetherAudible);
every(SELF_TEST_MS, () => sound.testItself());
every(TRIALS_MS, () => showTrials($(".trials")));
every(TRIALS_MS, () => showMaintenance($(".works")));
showTrials($(".trials"));
showMaintenance($(".works"));
setInterval(readPicture, PICTURE_MS);
view.open(null);
readPicture();
for (const [part, show] of [["base", "setBase"], ["areas", "setAreas"], ["buildings", "setBuildings"], ["homes", "setHomes"]])
  get(`/api/map/${part}`).then((found) => board[show](found)).catch((problem) => toast(`地图 map: ${problem.message}`, true));
openNamedCase();
