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

async function ask(method, path, body, more = {}) {
  const headers = { Accept: "application/json", ...more };
  if (method !== "GET") {
    headers["X-CSRF-Token"] = csrf();
    headers["Content-Type"] = "application/json";
  }
  let answer, text;
  try {
    answer = await fetch(path, {
      method, headers, credentials: "same-origin", body: body === undefined ? undefined : JSON.stringify(body),
      signal: AbortSignal.timeout(PATIENCE_MS),
    });
    text = await answer.text();
  } catch (error) {
    throw new Problem(0, "unreachable", "连不上服务器,请稍候再试 The server cannot be reached");
  }
  let parsed = null;
  try {
    parsed = text ? JSON.parse(text) : null;
  } catch (error) {
    parsed = null;
  }
  if (!answer.ok) {
    const { title = "", detail = `${answer.status} ${answer.statusText}`, code = "" } = parsed || {};
    // A detail written for programs is in English; its title says at least in Chinese what kind of trouble it is.
    throw new Problem(answer.status, code, /[\u4e00-\u9fff]/.test(detail) ? detail : `${title}: ${detail}`);
  }
  return { body: parsed, tag: answer.headers.get("ETag") };
}

const body = async (asked) => (await asked).body;

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
