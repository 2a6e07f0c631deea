// Hours of a day as forms have them: "08:00" on the page, minutes of the day in the API; an end may be the next morning.

import { h } from "./dom.js";

export const DAY = 1440;

const two = (number) => String(number).padStart(2, "0");

export const clockOf = (minute) => `${two(Math.floor(minute / 60) % 24)}:${two(minute % 60)}`;

const minuteOf = (clock) => Number(clock.slice(0, 2)) * 60 + Number(clock.slice(3, 5));

/** {starts, ends} in minutes: hours that end when they begin last all day, those that end before that pass midnight. */
export function minutesOf({ starts, ends }) {
  const [from, until] = [minuteOf(starts), minuteOf(ends)];
  return { starts: from, ends: until > from ? until : until + DAY };
}

/** A labelled box for the time `of[field]`. */
export const timeBox = (label, of, field, more = {}) => h("label", null, label, " ",
  h("input", { type: "time", required: true, value: of[field], "data-time": field, oninput: (event) => (of[field] = event.target.value), ...more }));
