// A link that lets the screen on the wall in without a login.

import { post } from "./api.js";
import { copy } from "./brief.js";
import { $, fill, h, toast } from "./dom.js";

const button = $(".wall-link"); // of administrators only
if (button)
  button.addEventListener("click", async () => {
    try {
      const { url } = await post("/api/wall/links");
      fill($(".wall-link__url"), h("b", null, url), h("br"),
        (await copy(url)) ? "已复制,在大屏的浏览器里打开;一年有效,谁有它谁就能看。 Copied: open it on that screen. Lasts a year; whoever has it sees the wall."
          : "请选中复制,在大屏的浏览器里打开;一年有效,谁有它谁就能看。 Select and copy it: open it on that screen. Lasts a year; whoever has it sees the wall.");
    } catch (problem) {
      toast(problem.message, true);
    }
  });
