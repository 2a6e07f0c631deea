// What the register knows of getting in and of illness, in the words in which it is read out to 120.

import { phoneWords } from "./card.js";
import { h } from "./dom.js";

const link = (number) => h("a", { class: "phone", href: `tel:${number}` }, phoneWords(number));

/** How to get in, line by line; empty when nothing is known. `phone(number, name)` draws the key holder's number. */
export function waysIn(household, phone = link) {
  const { gate, door_notes, key_holder, key_holder_phone, access_notes } = household;
  return [
    line(["哪个门", "gate"], gate),
    line(["门禁、钥匙", "door, key"], door_notes),
    line(["谁有钥匙", "key holder"], [key_holder, key_holder_phone ? phone(key_holder_phone, key_holder) : ""]),
    line(["备注", "remark"], access_notes),
  ].filter(Boolean);
}

/** What one resident suffers from, takes and must not get. */
export function illness({ conditions, medicines, allergies, health_notes }) {
  return [
    line(["疾病", "conditions"], conditions),
    line(["用药", "medicines"], medicines),
    line(["过敏", "allergies"], allergies),
    line(["健康备注", "remark"], health_notes),
  ].filter(Boolean);
}

function line([chinese, english], said) {
  const parts = [said].flat().filter(Boolean);
  return parts.length ? h("p", null, h("span", { class: "quiet" }, chinese, h("span", { class: "en", lang: "en" }, english), ": "), parts.map((part, place) => [place ? " " : "", part])) : null;
}
