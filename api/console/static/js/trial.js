// The trial of one device, on its own page and at the end of its installation: blue while it goes on, green when it is proven.

import { get, set } from "./api.js";
import { clockTime, shortTime } from "./clock.js";
import { both, fill, h, toast } from "./dom.js";

export class Trial {
  /** `proof` and `box` are elements to fill; `may` says whether who looks may begin a trial. */
  constructor(device, proof, box, may) {
    this.path = `/api/devices/${device}`;
    this.proofBox = proof;
    this.box = box;
    this.may = may;
    this.trial = null;
    this.ends = 0;
    this.drawn = "";
  }

  async read() {
    try {
      const [trial, proof] = [await get(`${this.path}/trial`), await get(`${this.path}/proof`)];
      this.show(trial, proof);
    } catch (problem) {
      if (problem.status !== 0) toast(problem.message, true);
    }
  }

  show(trial, proof) {
    this.trial = trial;
    this.ends = trial && performance.now() + trial.left_s * 1000; // by the server's clock: a phone's may be wrong
    fill(this.proofBox, proof.is_proven
      ? h("span", { class: "chip chip--good", "data-proven": "" }, `✓ 已联通 ${shortTime(proof.at)}`, h("span", { class: "en", lang: "en" }, "proven"))
      : h("span", { class: "chip chip--amber" }, "▲ 装好了,还没有证实", h("span", { class: "en", lang: "en" }, "installed, not proven: press it once")));
    this.draw();
  }

  draw() {
    const state = this.state();
    if (state === this.drawn) return;
    this.drawn = state;
    fill(this.box, this.words(state), this.may && state !== "running" &&
      h("button", { class: "button button--deed", type: "button", "data-begin": "", onclick: () => this.begin() }, both(["开始测试(10分钟)", "begin a test"])));
    this.tick();
  }

  state() {
    if (!this.trial) return "none";
    if (this.trial.heard_at) return "heard";
    return this.ends > performance.now() ? "running" : "over";
  }

  words(state) {
    if (state === "running")
      return h("div", { class: "trial" },
        h("div", null, ...both(["测试中", "on test"]), " ", h("b", { role: "timer" })),
        h("div", null, "现在按一下。第一次报警算测试,不通知任何人。", h("span", { class: "en", lang: "en" }, "Press it now: the first alarm is a test.")),
        h("div", null, "再按一次就是真报警。", h("span", { class: "en", lang: "en" }, "The second one is real.")));
    if (state === "heard")
      return h("div", { class: "trial" }, h("div", null, `✓ 测试收到 ${clockTime(this.trial.heard_at)}。再按就是真报警。`,
        h("span", { class: "en", lang: "en" }, "test heard; from now on a press is real")));
    if (state === "over")
      return h("p", null, h("span", { class: "chip chip--amber" }, "▲ 十分钟内没有收到", h("span", { class: "en", lang: "en" }, "nothing came in ten minutes: look at battery and hub, and try again")));
    return h("p", { class: "quiet" }, "不开始测试就按,会真的报警。", h("span", { class: "en", lang: "en" }, "Without a test, a press is a real alarm."));
  }

  /** Each second: what is left, and the end. */
  tick() {
    this.draw();
    const left = this.box.querySelector('[role="timer"]');
    if (!left || !this.trial) return;
    const seconds = Math.max(0, Math.ceil((this.ends - performance.now()) / 1000));
    left.textContent = `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
  }

  async begin() {
    try {
      await set(`${this.path}/trial`, {});
      await this.read();
    } catch (problem) {
      toast(problem.message, true);
    }
  }
}
