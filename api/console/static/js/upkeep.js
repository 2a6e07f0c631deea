// The page of all work on devices.

import { clockTime, everySecond, now } from "./clock.js";
import { $ } from "./dom.js";
import { maintenance } from "./maintenance.js";
import { every } from "./steady.js";

const place = $(".upkeep");
everySecond(() => ($(".top__time").textContent = clockTime(now())));
every(5000, maintenance(place, null, "may" in place.dataset));
