// The page of all work on devices.

import { $ } from "./dom.js";
import { maintenance } from "./maintenance.js";
import { every } from "./steady.js";

const place = $(".upkeep");
every(5000, maintenance(place, null, "may" in place.dataset));
