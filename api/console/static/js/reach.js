// Homes for which nobody could be reached: the list is drawn by the server; an administrator may check again now.

import { post } from "./api.js";
import { $, toast } from "./dom.js";

const button = $("[data-check]");
if (button)
  button.addEventListener("click", async () => {
    button.disabled = true;
    try {
      await post("/api/reachability/check");
      location.reload();
    } catch (problem) {
      toast(problem.message, true);
      button.disabled = false;
    }
  });
