// Light or dark, before anything is drawn: what was chosen on this screen, else what the system says. No module: those
// run when the page has been drawn already, and a dark room would get a white flash at each page.

(() => {
  const LOOK = "anxin.look"; // "day" | "night"
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const kept = () => {
    try {
      return localStorage.getItem(LOOK);
    } catch (error) {
      return null; // storage may be forbidden: the system decides
    }
  };
  const show = () => {
    document.documentElement.dataset.look = kept() || (dark.matches ? "night" : "day");
    dispatchEvent(new Event("look")); // the map is drawn by a script, not by the style sheet
  };

  show();
  dark.addEventListener("change", show);
  addEventListener("storage", (event) => event.key === LOOK && show());
  addEventListener("DOMContentLoaded", () => {
    const button = document.querySelector(".top__look");
    if (!button) return;
    button.hidden = false;
    button.addEventListener("click", () => {
      try {
        localStorage.setItem(LOOK, document.documentElement.dataset.look === "night" ? "day" : "night");
      } catch (error) {
        return;
      }
      show();
    });
  });
})();
