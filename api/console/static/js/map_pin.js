import { h, icon } from "./dom.js";

/** The pin of an incident, a button with its words beside it: the same on every map. */
export function pin(incident, picked) {
  const classes = ["pin", incident.emergency ? "pin--emergency" : "pin--other", incident.picked ? "is-picked" : ""];
  return h("button", {
    class: `map-pin ${incident.emergency ? "map-pin--emergency" : ""} ${incident.picked ? "is-picked" : ""}`, type: "button",
    "aria-label": incident.aria, "data-pin": incident.id, onclick: () => picked(incident.id),
  }, h("span", { class: classes.join(" ") }, icon(incident.kind)), h("span", { class: "map-pin__words" }, incident.words));
}
