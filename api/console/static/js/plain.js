// The top line's clock on pages that need nothing else.

import { clockTime, everySecond, now } from "./clock.js";

everySecond(() => (document.querySelector(".top__time").textContent = clockTime(now())));
