// A worker of steady.js: it only says when it is time. Stopped by {id} alone; `once`: after the first time.

const timers = new Map();

onmessage = ({ data: { id, ms, once } }) => {
  clearInterval(timers.get(id));
  timers.delete(id);
  if (ms === undefined) return;
  timers.set(id, once ? setTimeout(() => timers.delete(id) && postMessage(id), ms) : setInterval(() => postMessage(id), ms));
};
