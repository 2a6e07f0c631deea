// How the centre itself is: a dot for each part that must turn, and a banner for what fails.

import { duration, now } from "./clock.js";
import { fill, h } from "./dom.js";
import words from "/console/words.js";

const ALWAYS = ["gateway", "dispatcher", "courier", "watch"]; // shown also while they are well
const TONE_MS = 30000;

export class Vitals {
  /** `announce(text)` for screen readers; `tone()` while something fails: somebody may not be helped. */
  constructor(dots, banner, announce, tone) {
    this.dots = dots;
    this.banner = banner;
    this.announce = announce;
    this.tone = tone;
    this.checks = [];
    this.failing = "";
    this.tonedAt = -TONE_MS;
  }

  show(health) {
    if (!health) return; // the server has just begun, and has not looked yet
    this.checks = Object.entries(health.checks).map(([name, [check]]) => ({ name, ...check }));
    const failing = this._failing().map((check) => wordOf(check.name)[0]).join("、");
    if (failing !== this.failing) {
      this.announce(failing ? `平台故障 ${failing} the centre is not well` : "平台恢复正常 the centre is well again");
      this.failing = failing;
    }
    this.tick();
  }

  /** Each second: how long it lasts, and the tone. */
  tick() {
    const shown = this.checks.filter((check) => check.status !== "pass" || ALWAYS.includes(check.name));
    fill(this.dots, shown.map(dot));
    const failing = this._failing();
    this.banner.hidden = failing.length === 0;
    fill(this.banner, failing.map(told));
    if (failing.length && performance.now() - this.tonedAt > TONE_MS) {
      this.tonedAt = performance.now();
      this.tone();
    }
  }

  _failing() {
    return this.checks.filter((check) => check.status === "fail");
  }
}

const wordOf = (name) => words.vital[name] || [name.replace("channel:", ""), ""];

const dot = (check) =>
  h("li", { class: `vital vital--${check.status}`, "data-check": check.name, title: check.output },
    h("span", { class: "dot" }), wordOf(check.name)[0], check.status === "pass" ? null : "异常");

function told(check) {
  const [zh, en] = wordOf(check.name);
  const since = check.since ? ` ${duration((now() - Date.parse(check.since)) / 1000)}` : "";
  return h("span", null, `平台故障:${zh}异常${since} `, h("span", { class: "en", lang: "en" }, `${en} is not well`));
}
