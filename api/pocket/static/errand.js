// A worker's taps count at once on her screen, and leave when there is a network: each is kept on the phone
// until the centre has said yes or no. Saying the same twice is harmless there. Written for browsers of 2016.
(function () {
  "use strict";
  var KEY = "anxin-taps";
  var AGAIN = 4000;
  var sending = false;
  var kept = [];

  function load() {
    try {
      return JSON.parse(localStorage.getItem(KEY) || "[]");
    } catch (_broken) {
      return [];
    }
  }

  function keep() {
    try {
      localStorage.setItem(KEY, JSON.stringify(kept));
    } catch (_full) {
      // a private window keeps nothing: the taps then live as long as the page
    }
  }

  function clock(ms) {
    var moment = new Date(ms);
    return ("0" + moment.getHours()).slice(-2) + ":" + ("0" + moment.getMinutes()).slice(-2);
  }

  function say(words) {
    var line = document.querySelector("main .warn");
    if (!line) return;
    line.textContent = words;
    line.hidden = !words;
  }

  function incident() {
    var now = document.querySelector(".now[data-incident]");
    return now ? now.getAttribute("data-incident") : "";
  }

  function mark() {
    // What waits to be sent is shown as done, and as not sent yet.
    kept.forEach(function (tap) {
      if (tap.incident !== incident()) return;
      var button = document.querySelector('.deeds button[name="state"][value="' + tap.state + '"]');
      if (!button) return;
      button.disabled = true;
      button.classList.add("big--done");
      if (!button.querySelector(".waits")) {
        var waits = document.createElement("em");
        waits.className = "waits";
        waits.textContent = clock(tap.at) + " 待发送 not sent yet";
        button.appendChild(waits);
      }
    });
    var cut = document.querySelector(".cut");
    if (cut && kept.length) cut.hidden = false;
  }

  function flush() {
    if (sending || !kept.length) return;
    sending = true;
    var tap = kept[0];
    var note = tap.note;
    if (Date.now() - tap.at > 30000) note = (note ? note + "," : "") + clock(tap.at) + "在无网络时点的";
    var said = "incident=" + encodeURIComponent(tap.incident) + "&state=" + encodeURIComponent(tap.state);
    if (tap.eta) said += "&eta_min=" + encodeURIComponent(tap.eta);
    if (note) said += "&note=" + encodeURIComponent(note);
    var request = new XMLHttpRequest();
    request.open("POST", "/p/step");
    request.timeout = 15000;
    request.setRequestHeader("Accept", "application/json");
    request.setRequestHeader("Content-Type", "application/x-www-form-urlencoded");
    request.onload = function () {
      sending = false;
      if (request.status >= 500 || request.status === 429) return later();
      kept.shift();
      keep();
      if (request.status === 409) say(JSON.parse(request.responseText).detail);
      else if (request.status >= 400) say("没有记下,请打电话告诉值班员 not taken: call the operator");
      if (kept.length) flush();
      else document.dispatchEvent(new CustomEvent("refresh"));
    };
    request.onerror = request.ontimeout = later;
    request.send(said);
  }

  function later() {
    sending = false;
    mark();
    setTimeout(flush, AGAIN);
  }

  function above(element, tag) {
    while (element && element.tagName !== tag) element = element.parentElement;
    return element;
  }

  document.addEventListener("click", function (event) {
    var button = above(event.target, "BUTTON");
    if (!button) return;
    var address = button.getAttribute("data-copy");
    if (address) {
      copy(address, button);
      return;
    }
    var form = button.form;
    if (!form || form.className.indexOf("deeds") < 0) return;
    event.preventDefault();
    var state = form.querySelector('input[name="state"]');
    var eta = form.querySelector('select[name="eta_min"]');
    say("");
    kept.push({
      incident: form.querySelector('input[name="incident"]').value,
      state: state ? state.value : button.value,
      note: button.name === "note" ? button.value : "",
      eta: eta && button.value === "accepted" ? eta.value : "",
      at: Date.now(),
    });
    keep();
    var details = above(button, "DETAILS");
    if (details) details.open = false;
    button.blur();
    mark();
    flush();
  });

  function copy(text, button) {
    var field = document.createElement("textarea");
    field.value = text;
    field.className = "unseen";
    document.body.appendChild(field);
    field.select();
    var done = document.execCommand("copy");
    document.body.removeChild(field);
    button.firstChild.textContent = done ? "已复制" : text;
  }

  kept = load();
  document.addEventListener("drawn", mark);
  window.addEventListener("online", flush);
  mark();
  flush();
  if ("serviceWorker" in navigator) navigator.serviceWorker.register("/p/worker.js", { scope: "/p/" });
})();
