// The top line: its clock, and its menus. They open and close without this; with it only one is open, and Escape or a
// tap elsewhere shuts it.

import { clockTime, everySecond, now } from "./clock.js";

const time = document.querySelector(".top__time"); // paper has no top line
if (time) everySecond(() => (time.textContent = clockTime(now())));

const menus = Array.from(document.querySelectorAll(".menu"));

function shut(except) {
  for (const menu of menus) if (menu !== except) menu.open = false;
}

for (const menu of menus) {
  menu.addEventListener("toggle", () => menu.open && shut(menu)); // browsers before 2024 do not know its `name`
  menu.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || !menu.open) return;
    event.stopPropagation();
    menu.open = false;
    menu.querySelector("summary").focus();
  });
}

document.addEventListener("click", (event) => shut(event.target.closest(".menu")));
document.addEventListener("focusin", (event) => shut(event.target.closest(".menu")));
