// What is read out to 120, large enough to be read out, copied by one tap; and how the call to 120 went.

import { callRow, deskTelephone } from "./calls.js";
import { ask } from "./dialog.js";
import { both, h, toast } from "./dom.js";

export function showBrief(incident, brief, last, done) {
  const copied = async () => toast((await copy(brief.text)) ? "已复制 copied" : "没有复制成,请选中文字复制 could not copy: select the words");
  return ask({
    title: ["120 交接单", "for the ambulance"], lead: "照着念,先说地址。 Read it out; the address first.",
    body: h("div", null,
      h("dl", { class: "brief" }, brief.lines.map((line) => [h("dt", null, both(line.label)), h("dd", null, line.text)])),
      h("button", { class: "button", type: "button", "data-copy": "", onclick: copied }, both(["复制全部", "copy all"])),
      h("ul", { class: "call-rows" }, callRow(incident, { who: "120", name: "120", number: "120" }, done, (last.get("120") || {}).result)),
      deskTelephone()),
    wide: true,
  });
}

/** Put words on the clipboard; false when the browser does not let us. */
export async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch (problem) {
    // Without HTTPS there is no clipboard: the old way still works there.
  }
  const box = h("textarea", { class: "unseen", value: text, readonly: true });
  (document.querySelector("dialog[open]") || document.body).appendChild(box); // outside of it nothing can be selected
  const before = document.activeElement;
  box.select();
  const done = document.execCommand("copy");
  box.remove();
  if (before) before.focus();
  return done;
}
