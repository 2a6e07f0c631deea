// What the operator hears: three alarm patterns and the words. Sound is a part that can fail, so it has a state.
//
// The emergency pattern follows the rhythm and pitch of a general high-priority alarm in IEC 60601-1-8
// (C4 C4 C4 - C4 C4, twice); attention is its medium-priority burst (three slower pulses), and trouble two
// falling tones. The cut-off tone is unlike all three.

const C4 = 261.63;
const PATTERNS = {
  // [start s, length s, pitch Hz]
  emergency: burst([0, 0.22, 0.44, 0.84, 1.06], 0.15, C4).concat(burst([1.86, 2.08, 2.3, 2.7, 2.92], 0.15, C4)),
  routine: burst([0, 0.4, 0.8], 0.22, C4),
  trouble: [[0, 0.28, 329.63], [0.4, 0.36, C4]],
  cutoff: [[0, 0.14, 880], [0.2, 0.14, 660], [0.4, 0.3, 440]],
  test: [[0, 0.12, 523.25], [0.16, 0.2, 659.26]],
};
const REPEAT_MS = { emergency: 2500, routine: 9000, trouble: 30000 };
const MUTE_MS = 60000;
const TEST_TURNS = 60; // a busy machine may need seconds to begin a tone
const TEST_TURN_MS = 250;
const AUDIBLE = 0.05; // of a full swing of 1
const NAMES = { 3: "emergency", 2: "routine", 1: "trouble" };

function burst(starts, length, pitch) {
  return starts.map((start) => [start, length, pitch]);
}

export class Sound {
  /** `changed()` is called whenever `state` or `mutedFor` may have changed. */
  constructor(changed) {
    this.changed = changed;
    this.context = null;
    this.ringing = new Map(); // alarm key -> {id, severity, kind}: everything that no human has taken yet
    this.muted = new Set(); // alarm keys that were ringing when "mute" was pressed
    this.mutedUntil = 0;
    this.turn = 0;
    this.timer = null;
    this.playing = false;
    this.isBroken = false; // what the last test of itself found
    this.words = new Map(); // url -> AudioBuffer
  }

  /** "on" only when the browser really lets us sound; "broken" when it says so, and a tone comes to nothing. */
  get state() {
    if (!this._runs) return "off";
    return this.isBroken ? "broken" : "on";
  }

  /** Whether there is anything to play on. What seems broken is played on all the same. */
  get _runs() {
    return this.context !== null && this.context.state === "running";
  }

  get mutedFor() {
    return Math.max(0, Math.ceil((this.mutedUntil - performance.now()) / 1000));
  }

  /** Must be called from a click or a key press: browsers allow sound only then. */
  async unlock() {
    if (this.isBroken) {
      this.context.close();
      this.context = null;
      this.isBroken = false;
    }
    if (!this.context) {
      const Context = window.AudioContext || window.webkitAudioContext;
      if (!Context) return this.changed();
      this.context = new Context();
      this.context.onstatechange = () => this.changed();
    }
    await this.context.resume();
    this.changed();
    await this.play("test");
    await this.testItself();
    await this.say(["/static/voice/ready.mp3"]);
    this._next();
  }

  mute() {
    this.mutedUntil = performance.now() + MUTE_MS;
    this.muted = new Set(this.ringing.keys());
    this.changed();
  }

  unmute() {
    this.mutedUntil = 0;
    this.muted.clear();
    this.changed();
    this._next();
  }

  /** Say what is waiting for a human: [{key, id, severity, kind}]. A key that is new rings at once, muted or not. */
  setRinging(alarms) {
    const before = this.ringing;
    this.ringing = new Map(alarms.map((alarm) => [alarm.key, alarm]));
    if (alarms.some((alarm) => !before.has(alarm.key))) this._next();
  }

  /**
   * A tone that is measured, and turned down to nothing before the loudspeaker: a sound card that was taken away or
   * stands still is found before the next alarm is.
   */
  async testItself() {
    if (!this._runs) return;
    const { context } = this;
    const [tone, meter, nothing] = [context.createOscillator(), context.createAnalyser(), context.createGain()];
    nothing.gain.value = 0;
    tone.connect(meter);
    meter.connect(nothing);
    nothing.connect(context.destination);
    tone.start();
    const heard = new Float32Array(meter.fftSize);
    let isHeard = false;
    for (let turn = 0; turn < TEST_TURNS && !isHeard; turn += 1) {
      await pause(TEST_TURN_MS);
      meter.getFloatTimeDomainData(heard);
      isHeard = heard.some((sample) => Math.abs(sample) > AUDIBLE);
    }
    tone.stop();
    nothing.disconnect();
    if (context !== this.context) return; // begun anew meanwhile
    this.isBroken = !isHeard;
    this.changed();
  }

  cutOff() {
    return this.play("cutoff");
  }

  _audible() {
    if (this.mutedFor === 0) this.muted.clear();
    return Array.from(this.ringing.values()).filter((alarm) => !this.muted.has(alarm.key));
  }

  async _next() {
    if (this.playing) return;
    clearTimeout(this.timer);
    let wait = 1000;
    const audible = this._audible();
    if (audible.length && this._runs) {
      this.playing = true;
      try {
        const worst = Math.max(...audible.map((alarm) => alarm.severity));
        const name = NAMES[worst];
        const loudest = audible.filter((alarm) => alarm.severity === worst);
        const alarm = loudest[this.turn++ % loudest.length];
        await this.play(name);
        if (this.ringing.has(alarm.key))
          await this.say([`/console/speech/${alarm.id}.wav`, `/static/voice/${alarm.kind}.mp3`]);
        wait = REPEAT_MS[name];
      } finally {
        this.playing = false;
      }
    }
    if (this.ringing.size) this.timer = setTimeout(() => this._next(), wait);
  }

  /** One burst of a pattern; resolves when it has sounded. */
  async play(name) {
    if (!this._runs) return;
    const start = this.context.currentTime + 0.03;
    const pattern = PATTERNS[name];
    for (const [at, length, pitch] of pattern) this._pulse(start + at, length, pitch);
    const [at, length] = pattern[pattern.length - 1];
    await pause((at + length) * 1000 + 150);
  }

  // A pulse with the fundamental and four harmonics: it carries through a noisy room and can be located by ear.
  _pulse(start, length, pitch) {
    const gain = this.context.createGain();
    gain.gain.setValueAtTime(0, start);
    gain.gain.linearRampToValueAtTime(0.3, start + 0.02);
    gain.gain.setValueAtTime(0.3, start + length - 0.03);
    gain.gain.linearRampToValueAtTime(0, start + length);
    gain.connect(this.context.destination);
    [1, 0.6, 0.5, 0.35, 0.25].forEach((strength, index) => {
      const tone = this.context.createOscillator();
      const part = this.context.createGain();
      tone.frequency.value = pitch * (index + 1);
      part.gain.value = strength / 2;
      tone.connect(part);
      part.connect(gain);
      tone.start(start);
      tone.stop(start + length);
    });
  }

  /** Speak the first of `urls` that there is; silence when there is none: the tones have already been heard. */
  async say(urls) {
    if (!this._runs) return;
    for (const url of urls) {
      const buffer = await this._words(url);
      if (!buffer) continue;
      const source = this.context.createBufferSource();
      source.buffer = buffer;
      source.connect(this.context.destination);
      source.start();
      await pause(buffer.duration * 1000 + 100);
      return;
    }
  }

  async _words(url) {
    if (this.words.has(url)) return this.words.get(url);
    try {
      const answer = await fetch(url, { credentials: "same-origin" });
      // 204 says "no voice here": as definite an answer as the words themselves.
      if (answer.status !== 200 && answer.status !== 204) return null;
      const bytes = answer.status === 200 ? await answer.arrayBuffer() : null;
      const buffer = bytes && (await new Promise((done) => this.context.decodeAudioData(bytes, done, () => done(null))));
      if (this.words.size > 200) this.words.clear();
      this.words.set(url, buffer);
      return buffer;
    } catch (error) {
      return null; // cut off: try again at the next turn
    }
  }
}

const pause = (ms) => new Promise((done) => setTimeout(done, ms));
