// Keeps the last page of a case on the phone, for a staircase without a network. Everything is asked for first.
"use strict";
const KEPT = "anxin-pocket-1";

const PARTS = ["pocket.css", "follow.js", "errand.js", "place.js"].map((name) => `/p/static/${name}`).concat("/static/img/mark.svg");

self.addEventListener("install", (event) => {
  self.skipWaiting();
  event.waitUntil(caches.open(KEPT).then((cache) => cache.addAll(PARTS)));
});
self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));

self.addEventListener("fetch", (event) => {
  const url = new URL(event.request.url);
  const isOurs = url.pathname === "/p/case" || PARTS.includes(url.pathname);
  if (event.request.method !== "GET" || url.origin !== location.origin || !isOurs) return;
  event.respondWith(fromNetwork(event.request).catch(() => fromPhone(event.request)));
});

async function fromNetwork(request) {
  const answer = await fetch(request);
  const cache = await caches.open(KEPT);
  if (answer.ok) await cache.put(request, answer.clone());
  else if (answer.status < 500) await cache.delete(request); // over and gone: here, too
  return answer;
}

async function fromPhone(request) {
  const answer = await (await caches.open(KEPT)).match(request);
  if (!answer) return Response.error();
  const headers = new Headers(answer.headers);
  headers.set("X-Kept-At", answer.headers.get("Date") || "before");
  return new Response(await answer.blob(), { status: answer.status, headers });
}
