"""Telephone numbers, in one written form: the only place that knows the library for them.

A number that can be dialled from anywhere is E.164 (`+8613800138000`). Service numbers and local numbers
without their area code (`120`, `12345`, `2222999`) stay as the digits they are: the library would read
2222999 as +86 222 2999, which is nobody.
"""

from __future__ import annotations

import re
import unicodedata

import phonenumbers

_HOME = "CN"
_SCHEME = re.compile(r"^(?:sips?|tel):([^@;]*)(?:[@;].*)?$", re.IGNORECASE)
_EXTENSION = re.compile(r"(?:转|分机|ext\.?|x|#|,|;).*$", re.IGNORECASE)
_LONGEST_SERVICE = 5  # 110, 12345, 10086: everybody's
_LONGEST_LOCAL = 8  # digits of the longest number that is dialled without an area code


def normalise(text: str) -> str:
    """The one written form of a number; "" for a withheld or unreadable one. Extensions are dropped.

    Full-width digits, spaces, dashes, a trunk 0 or 00, `sip:` and `tel:` are understood. Digits that make no
    valid number are kept as digits, so that a caller is never lost: `checked` is for what people enter.
    """
    plain = unicodedata.normalize("NFKC", text).strip()
    if scheme := _SCHEME.match(plain):
        plain = scheme[1]
    plain = _EXTENSION.sub("", plain)
    numerals = digits(plain)
    if not numerals or re.search(r"[^\W\d_]", plain):
        return ""  # anonymous, withheld, 隐藏号码 …
    international = plain.lstrip(" (").startswith("+")
    if (number := _valid(f"+{numerals}" if international else numerals)) is not None:
        return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    if international:
        return f"+{numerals}"
    if len(numerals) == _LONGEST_LOCAL and numerals.startswith("0"):
        return numerals[1:]  # a telephone exchange put its trunk 0 before a local number
    return numerals


def in_words(number: str) -> str:
    """A kept number as people here read it: 138 0000 0380, 0546 2520118. Others stay as they are."""
    if mobile := re.fullmatch(r"\+86(1\d{2})(\d{4})(\d{4})", number):
        return " ".join(mobile.groups())
    return re.sub(r"^\+86(10|2\d|\d{3})", r"0\1 ", number)


def dialled(number: str) -> str:
    """A kept number as a telephone here dials it: 13800000380, 05462520118, 00… for foreign ones."""
    parsed = _valid(number) if number.startswith("+") else None
    if parsed is None:
        return digits(number)
    if parsed.country_code != phonenumbers.country_code_for_region(_HOME):
        return f"00{digits(number)}"
    return digits(phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.NATIONAL))


def checked(text: str) -> str:
    """`normalise` for what people enter: ValueError, saying what to do, for what cannot be dialled."""
    number = normalise(text)
    if _valid(number) is not None or (number.isdigit() and 3 <= len(number) <= _LONGEST_LOCAL):
        return number
    raise ValueError(
        f"{text.strip()!r} cannot be dialled: a mobile number has 11 digits, a fixed line its area code "
        "(0546-2222999), a foreign number a + and its country"
    )


def same(a: str, b: str) -> bool:
    """Whether two writings are one number; a local number equals itself with any area code."""
    left, right = normalise(a), normalise(b)
    if not left or not right:
        return False
    return left == right or left == local_part(right) or local_part(left) == right


def masked(number: str) -> str:
    """A number for logs, which must not hold a person's whole one: `138****8000`. `120` stays."""
    plain = normalise(number).removeprefix("+86").removeprefix("+")
    if len(plain) <= _LONGEST_SERVICE:
        return plain
    head, tail = (3, 4) if len(plain) > _LONGEST_LOCAL else (1, 2)
    return plain[:head] + "*" * (len(plain) - head - tail) + plain[-tail:]


def local_part(number: str) -> str:
    """Of a normalised number, what neighbours dial: without +86 and area code; "" for any other number."""
    if number.isdigit():
        return number if len(number) in (7, 8) else ""
    parsed = _valid(number)
    if parsed is None or parsed.country_code != phonenumbers.country_code_for_region(_HOME):
        return ""
    area = phonenumbers.length_of_geographical_area_code(parsed)
    return str(parsed.national_number)[area:] if area else ""


def digits(text: str) -> str:
    """Only the decimal digits of a text, full-width ones included, as ASCII."""
    return "".join(
        numeral
        for numeral in unicodedata.normalize("NFKC", text)
        if numeral.isdecimal() and numeral.isascii()
    )


def _valid(number: str) -> phonenumbers.PhoneNumber | None:
    try:
        parsed = phonenumbers.parse(number, _HOME)
    except phonenumbers.NumberParseException:
        return None
    return parsed if phonenumbers.is_valid_number(parsed) else None
