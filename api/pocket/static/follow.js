// Keeps the page true: drawn anew when the centre says that the case has changed, and every 15 s all the same.
// Written for browsers of 2016: no modules, no async, nothing newer.
(function () {
  "use strict";
  var EVERY = 15000;
  var since = new Date();
  var asking = false;
  var FINGER = 700; // ms from a finger on the glass to its click, in slow browsers too
  var touched = 0;

  function clock(moment) {
    return ("0" + moment.getHours()).slice(-2) + ":" + ("0" + moment.getMinutes()).slice(-2);
  }

  function cut(isCut) {
    var bar = document.querySelector(".cut");
    if (!bar) return;
    bar.hidden = !isCut;
    var when = bar.querySelector(".cut__since");
    if (when) when.textContent = clock(since);
  }

  function isBusy() {
    var at = document.activeElement;
    var open = document.querySelector("details[open]");
    return Boolean(open || (at && (at.tagName === "SELECT" || at.tagName === "INPUT")));
  }

  function draw(text) {
    var fresh = new DOMParser().parseFromString(text, "text/html");
    var main = fresh.querySelector("main");
    var before = document.querySelector("main");
    if (!main || isBusy()) return;
    if (Date.now() - touched < FINGER) {
      setTimeout(refresh, FINGER); // a button drawn anew under a finger is never clicked
      return;
    }
    if (main.innerHTML !== before.innerHTML) before.innerHTML = main.innerHTML;
    document.dispatchEvent(new CustomEvent("drawn"));
  }

  function refresh() {
    if (asking) return;
    asking = true;
    var request = new XMLHttpRequest();
    request.open("GET", location.href);
    request.timeout = 10000;
    request.onload = function () {
      asking = false;
      var kept = request.getResponseHeader("X-Kept-At"); // answered by this phone itself: no network
      if (!kept) since = new Date();
      cut(Boolean(kept) || request.status >= 500);
      if (request.status === 401) location.reload();
      else if (request.status < 500) draw(request.responseText);
    };
    request.onerror = request.ontimeout = function () {
      asking = false;
      cut(true);
    };
    request.send();
  }

  ["touchstart", "mousedown"].forEach(function (kind) {
    document.addEventListener(kind, function () {
      touched = Date.now();
    }, true);
  });
  if (window.EventSource) {
    var stream = new EventSource("/p/live");
    stream.addEventListener("changed", refresh);
    stream.addEventListener("open", refresh);
  }
  setInterval(refresh, EVERY);
  window.addEventListener("online", refresh);
  document.addEventListener("visibilitychange", function () {
    if (!document.hidden) refresh();
  });
  document.addEventListener("refresh", refresh);
  cut(navigator.onLine === false);
})();
