// Timers that go on while the tab is hidden. A browser slows the timers of a hidden page down to one turn a minute: a claim,
// which is a lease of 45 s, would look abandoned, and a lost line would be noticed and mended late. Those of a worker it leaves alone.

const waiting = new Map(); // id -> { callback, ms, once }
let last = 0;

const metronome = new Worker("/static/js/metronome.js");
metronome.onmessage = ({ data }) => due(data);
metronome.onerror = () => {
  // Better the page's own timers than none.
  for (const [id, { ms, once }] of waiting) once ? setTimeout(() => due(id), ms) : setInterval(() => due(id), ms);
};

/** Call `callback` every `ms` milliseconds. Returns a function that stops it. */
export const every = (ms, callback) => begin({ callback, ms, once: false });

/** Call `callback` once, in `ms` milliseconds. Returns a function that stops it. */
export const after = (ms, callback) => begin({ callback, ms, once: true });

function begin(timer) {
  const id = ++last;
  waiting.set(id, timer);
  metronome.postMessage({ id, ms: timer.ms, once: timer.once });
  return () => waiting.delete(id) && metronome.postMessage({ id });
}

function due(id) {
  const timer = waiting.get(id);
  if (!timer) return; // stopped, while its turn was on its way
  if (timer.once) waiting.delete(id);
  timer.callback();
}
