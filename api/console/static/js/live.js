// The live picture: a snapshot, then differences, over one EventSource that is always brought back.
//
// The server opens every stream with the whole board and tells what was missed after the last event id that we
// name, so nothing is missed; whoever receives a card keeps only the latest version, so nothing is doubled.

import { get } from "./api.js";
import { learn } from "./clock.js";
import { after, every } from "./steady.js";

const WAITS_MS = [300, 700, 1500, 3000, 5000];
const SILENCE_MS = 4500; // the server beats every 2 to 3 s: after this long the line is dead, whatever the browser thinks

export class Live {
  /**
   * `handlers`: snapshot({cards, counters, health}), incident({card, entries}), places([{id, lon, lat, seen_at}]), counters(counters), call(ringing), health(health),
   * state(isLive), and gone() when the session has ended.
   */
  constructor(handlers) {
    this.handlers = handlers;
    this.source = null;
    this.lastId = "";
    this.tries = 0;
    this.isLive = false;
    this.databaseAnswers = true;
    this.heardAt = performance.now();
    this.openedAt = this.heardAt;
    this.stopWaiting = () => {};
    every(500, () => this._watch());
    window.addEventListener("online", () => this._again(0));
    this._connect();
  }

  /** Seconds since the server was last heard. */
  get silentFor() {
    return (performance.now() - this.heardAt) / 1000;
  }

  _connect() {
    const source = new EventSource(this.lastId ? `/api/live?last_event_id=${this.lastId}` : "/api/live");
    this.source = source;
    this.openedAt = performance.now();
    const on = (name, handler) =>
      source.addEventListener(name, (event) => {
        if (source !== this.source) return;
        this.heardAt = performance.now();
        if (event.lastEventId) this.lastId = event.lastEventId;
        handler(JSON.parse(event.data));
      });
    on("snapshot", (data) => {
      learn(data.now);
      this.tries = 0;
      this.handlers.snapshot(data);
      this._set(true);
    });
    on("incident", (data) => this.handlers.incident(data));
    on("places", (data) => this.handlers.places(data));
    on("counters", (data) => this.handlers.counters(data));
    on("call", (data) => this.handlers.call(data));
    on("health", (data) => this.handlers.health(data));
    on("beat", (data) => {
      learn(data.now);
      if (this.databaseAnswers !== data.database) {
        this.databaseAnswers = data.database;
        this.handlers.state(this.isLive);
      }
    });
    on("bye", () => this._lost());
    // Our own back-off: a browser gives up for ever on an error page, and else waits as long as it likes.
    source.onerror = () => source === this.source && this._lost();
  }

  _watch() {
    const quiet = performance.now() - Math.max(this.heardAt, this.openedAt);
    if (this.source && quiet > SILENCE_MS) this._lost();
  }

  _lost() {
    if (this.source) this.source.close();
    this.source = null;
    this._set(false);
    this._again(WAITS_MS[Math.min(this.tries++, WAITS_MS.length - 1)]);
  }

  _again(wait) {
    if (this.isLive || this.over) return;
    this.stopWaiting();
    // Spread the consoles a little, or a restarted server meets all of them in the same instant.
    this.stopWaiting = after(wait * (0.75 + Math.random() / 2), () => this._probe());
  }

  // An EventSource does not tell why it failed; an ordinary request does.
  async _probe() {
    try {
      await get("/api/session");
    } catch (problem) {
      if (problem.status !== 401) return this._lost();
      this.over = true;
      return this.handlers.gone();
    }
    if (!this.source) this._connect();
  }

  _set(isLive) {
    if (this.isLive === isLive) return;
    this.isLive = isLive;
    this.handlers.state(isLive);
  }
}
