// Questions that want an answer before something happens. Nothing destructive goes by a single key.

import { $, h } from "./dom.js";

/**
 * Ask in a modal dialog; resolves with what `read(form)` gives, or null when the operator goes back. `confirm` is
 * the [zh, en] of the deed; `ready(form)` says whether it may be pressed yet; `wide` gives it more room.
 */
export function ask({ title, lead, body, confirm, read, ready, wide }) {
  return new Promise((resolve) => {
    const deed = confirm
      ? h("button", { class: "button button--deed", type: "submit" }, confirm[0], h("span", { class: "en" }, confirm[1]))
      : null;
    const form = h("form", { class: "dialog__body", method: "dialog" },
      h("h2", { id: "dialog-title" }, title[0], h("span", { class: "en" }, title[1])),
      lead ? h("p", { class: "quiet" }, lead) : null,
      body,
      h("div", { class: "dialog__foot" },
        h("button", { class: "button", type: "button", onclick: () => end(null) }, confirm ? "返回" : "关闭",
          h("span", { class: "en" }, confirm ? "back" : "close"), h("kbd", null, "Esc")),
        deed));
    const dialog = h("dialog", { class: wide ? "dialog dialog--wide" : "dialog", "aria-labelledby": "dialog-title" }, form, h("div", { class: "toasts", role: "status" }));
    const before = document.activeElement;
    let ended = false;

    function end(answer) {
      if (ended) return;
      ended = true;
      if (dialog.close) dialog.close();
      $(".toasts").append(...dialog.querySelectorAll(".toast"));
      dialog.remove();
      if (before && before.isConnected) before.focus();
      resolve(answer);
    }
    function look() {
      if (deed) deed.disabled = ready ? !ready(form) : false;
    }
    form.addEventListener("input", look);
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      if (!deed || !deed.disabled) end(read ? read(form) : true);
    });
    dialog.addEventListener("cancel", (event) => {
      event.preventDefault();
      end(null);
    });
    dialog.answer = end;
    document.body.appendChild(dialog);
    look();
    if (dialog.showModal) dialog.showModal();
    else dialog.setAttribute("open", "");
    const first = form.querySelector("[autofocus], textarea, input, select, [data-dial]");
    if (first) first.focus();
  });
}

export const dialogIsOpen = () => document.querySelector("dialog[open]") !== null;
