// Where she is, if she wants to tell: the newest place only, while she is asked to a case or on one. Without a
// network, a satellite or her leave nothing is sent, and everything else goes on. Written for browsers of 2016.
(function () {
  "use strict";
  var WANTS = "anxin-place"; // she has said yes on this phone
  var EVERY = 20000; // ms between two places, also of who stands still: a place counts for ten minutes
  var HOW = { enableHighAccuracy: true, maximumAge: 5000, timeout: 60000 };
  var box = document.querySelector(".place");
  if (!box || !navigator.geolocation || window.isSecureContext === false) return;
  var button = box.querySelector("button");
  var said = box.querySelector(".place__said");
  var on = false;
  var next = null;

  function isWanted() {
    return Boolean(document.querySelector(".now[data-place]"));
  }

  function hasSaidYes() {
    try {
      return localStorage.getItem(WANTS) === "yes";
    } catch (_refused) {
      return false; // a private window: it holds as long as the page
    }
  }

  function keep(yes) {
    try {
      if (yes) localStorage.setItem(WANTS, "yes");
      else localStorage.removeItem(WANTS);
    } catch (_refused) {
      // as above
    }
  }

  function clock() {
    var now = new Date();
    return ("0" + now.getHours()).slice(-2) + ":" + ("0" + now.getMinutes()).slice(-2);
  }

  function draw() {
    box.hidden = !isWanted();
    button.setAttribute("aria-pressed", on ? "true" : "false");
    button.firstChild.textContent = on ? "不再发送我的位置" : "发送我的位置";
    button.lastChild.textContent = on ? "stop sending where I am" : "send where I am";
  }

  function post(path, form, done) {
    var request = new XMLHttpRequest();
    request.open("POST", path);
    request.timeout = 15000;
    request.setRequestHeader("Accept", "application/json");
    request.setRequestHeader("Content-Type", "application/x-www-form-urlencoded");
    request.onload = function () {
      done(request.status, request.responseText);
    };
    request.onerror = request.ontimeout = function () {
      done(0, "");
    };
    request.send(form);
  }

  function look() {
    if (on) navigator.geolocation.getCurrentPosition(found, missed, HOW);
  }

  function later() {
    clearTimeout(next);
    next = setTimeout(look, EVERY);
  }

  function found(position) {
    if (!on) return;
    var here = position.coords;
    var form = "lat=" + here.latitude + "&lon=" + here.longitude + (here.accuracy > 0 ? "&accuracy_m=" + here.accuracy : "");
    post("/p/place", form, function (status, text) {
      if (!on) return;
      if (status === 200 && !JSON.parse(text).wanted) return stop("");
      if (status >= 400 && status < 500 && status !== 429) return stop("");
      if (status === 200) said.textContent = clock() + " 已发送 sent";
      later(); // without a network, too: by then there is a newer place
    });
  }

  function missed(problem) {
    if (problem.code !== 1) return later(); // no satellite here
    keep(false);
    stop("手机没有允许定位,可在浏览器的设置里打开 not allowed by this phone");
  }

  function start() {
    if (on || !isWanted()) return;
    on = true;
    draw();
    look();
  }

  function stop(why) {
    on = false;
    clearTimeout(next);
    said.textContent = why;
    draw();
  }

  button.addEventListener("click", function () {
    keep(!on);
    if (on) {
      stop("已停止,位置已删除 stopped and forgotten");
      post("/p/place/forget", "", function () {});
    } else {
      said.textContent = "正在定位 looking for it";
      start();
    }
  });

  document.addEventListener("drawn", function () {
    if (on && !isWanted()) stop("");
    else if (!on && hasSaidYes()) start();
    draw();
  });
  if (hasSaidYes()) start();
  draw();
})();
