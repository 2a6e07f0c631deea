// The handover sheet: to be printed as it stood when it was opened.

import { $ } from "./dom.js";

$(".print").addEventListener("click", () => window.print());
