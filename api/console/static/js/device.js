// One device: whether a press of it has come all the way, and the ten minutes in which its first alarm is a test.

import { everySecond } from "./clock.js";
import { $ } from "./dom.js";
import { every } from "./steady.js";
import { maintenance } from "./maintenance.js";
import { Trial } from "./trial.js";
import { wiring } from "./wiring.js";

const page = $(".device");
const trial = new Trial(page.dataset.device, $(".device__proof"), $(".device__trial"), "mayTry" in page.dataset);

const { device: id, role } = page.dataset;
wiring({ id, role, inverted: "inverted" in page.dataset }, $(".device__wiring"), "mayTry" in page.dataset);
everySecond(() => trial.tick());
every(2000, () => trial.read());
every(5000, maintenance($(".device__work"), Number(id), true));
trial.read();
