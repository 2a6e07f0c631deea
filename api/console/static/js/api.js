// Talks to /api: JSON both ways, the CSRF token on every change, and bad news as an Error with `status` and `code`.

export class Problem extends Error {
  constructor(status, code, detail) {
    super(detail);
    this.status = status; // 0: the server cannot be reached
    this.code = code;
  }
}

const csrf = () => document.querySelector('meta[name="csrf-token"]').content;

const PATIENCE_MS = 15000; // a line that has died silently would else keep a pressed button waiting for minutes

const SLOW_MS = 120000; // for a file

async function reach(method, path, body, headers, patience = PATIENCE_MS) {
  try {
    const answer = await fetch(path, { method, headers, credentials: "same-origin", body, signal: AbortSignal.timeout(patience) });
    return answer.ok ? answer : refused(answer, await answer.text());
  } catch (error) {
    if (error instanceof Problem) throw error;
    throw new Problem(0, "unreachable", "连不上服务器,请稍候再试 The server cannot be reached");
  }
}

function parsed(text) {
  try {
    return text ? JSON.parse(text) : null;
  } catch (error) {
    return null;
  }
}

function refused(answer, text) {
  const { title = "", detail = `${answer.status} ${answer.statusText}`, code = "" } = parsed(text) || {};
  // A detail written for programs is in English; its title says at least in Chinese what kind of trouble it is.
  throw new Problem(answer.status, code, /[\u4e00-\u9fff]/.test(detail) ? detail : `${title}: ${detail}`);
}

async function ask(method, path, body, more = {}) {
  const changes = method === "GET" ? {} : { "X-CSRF-Token": csrf(), "Content-Type": "application/json" };
  const said = body === undefined ? undefined : JSON.stringify(body);
  const answer = await reach(method, path, said, { Accept: "application/json", ...changes, ...more });
  try {
    return { body: parsed(await answer.text()), tag: answer.headers.get("ETag") };
  } catch (error) {
    throw new Problem(0, "unreachable", "连不上服务器,请稍候再试 The server cannot be reached");
  }
}

/** A file as it is; the answer as it comes. */
export const send = (path, file) =>
  reach("POST", path, file, { "X-CSRF-Token": csrf(), "Content-Type": "application/octet-stream", "X-File-Name": encodeURIComponent(file.name) }, SLOW_MS);

const body = async (asked) => (await asked).body;

/** A change that keeps the server busy for a while. */
export const toil = async (path) =>
  parsed(await (await reach("POST", path, undefined, { Accept: "application/json", "X-CSRF-Token": csrf() }, SLOW_MS)).text());

export const get = (path) => body(ask("GET", path));
/** {body, tag}: what is there, and the ETag to send with a change of it. */
export const getWithTag = (path) => ask("GET", path);
export const post = (path, said = {}) => body(ask("POST", path, said));
/** Keep a new version of what was looked at as version `seen`; null: of something that must not be there yet. */
export const put = (path, said, seen) =>
  body(ask("PUT", path, said, seen === null ? { "If-None-Match": "*" } : { "If-Match": `"${seen}"` }));
/** Replace something of which there is always just one state, and whoever comes last is right. */
export const set = (path, said) => body(ask("PUT", path, said));
export const remove = (path) => body(ask("DELETE", path));
/** Change what was looked at as `tag`; {body, tag} of what it is then. */
export const change = (path, said, tag) => ask("PATCH", path, said, { "If-Match": tag });
