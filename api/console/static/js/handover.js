// The handover sheet: to be printed as it stood when it was opened.

import { clockTime, everySecond, now } from "./clock.js";
import { $ } from "./dom.js";

everySecond(() => ($(".top__time").textContent = clockTime(now())));
$(".print").addEventListener("click", () => window.print());
