"""One number, however it was written."""

from __future__ import annotations

import pytest

from community import phones


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("2222999", "2222999"),
        ("02222999", "2222999"),
        ("222 2999", "2222999"),
        ("0546-2222999", "+865462222999"),
        ("0546-2222999转801", "+865462222999"),
        ("(0546)2222999 ext. 12", "+865462222999"),
        ("013800138000", "+8613800138000"),
        ("13800138000", "+8613800138000"),
        ("8613800138000", "+8613800138000"),
        ("008613800138000", "+8613800138000"),
        ("+86 138-0013-8000", "+8613800138000"),
        ("１３８００１３８０００", "+8613800138000"),
        ("sip:13800138000@10.0.0.1;user=phone", "+8613800138000"),
        ("tel:+8613800138000", "+8613800138000"),
        ("120", "120"),
        ("12345", "12345"),
        ("+44 7911 123456", "+447911123456"),
        ("+999 123", "+999123"),
        ("1380013800", "1380013800"),
    ],
)
def test_a_number_has_one_written_form(written: str, kept: str) -> None:
    assert phones.normalise(written) == kept
    assert phones.normalise(kept) == kept, "the written form stays as it is"


@pytest.mark.parametrize(
    "written", ["", "  ", "anonymous", "sip:anonymous@x.invalid", "隐藏号码", "-", "Unknown1"]
)
def test_a_withheld_number_is_no_number(written: str) -> None:
    assert phones.normalise(written) == ""


@pytest.mark.parametrize("written", ["1380013800", "13", "not a number", "+999 123", "23456789012345"])
def test_what_cannot_be_dialled_is_refused_with_advice(written: str) -> None:
    with pytest.raises(ValueError, match="11 digits"):
        phones.checked(written)


@pytest.mark.parametrize("written", ["120", "2222999", "0546-2222999", "13800138000", "+44 7911 123456"])
def test_what_can_be_dialled_is_kept(written: str) -> None:
    assert phones.checked(written) == phones.normalise(written)


def test_a_local_number_is_the_same_with_its_area_code() -> None:
    assert phones.same("2222999", "0546-2222999")
    assert phones.same("+865462222999", "02222999")
    assert not phones.same("2222998", "0546-2222999")
    assert not phones.same("0546-2222999", "0532-2222999")


def test_withheld_numbers_are_not_the_same_person() -> None:
    assert not phones.same("", "")
    assert not phones.same("anonymous", "withheld")


def test_the_end_of_a_mobile_number_is_not_a_local_number() -> None:
    assert phones.local_part("+8613800138000") == ""
    assert not phones.same("0138000", "13800138000")


@pytest.mark.parametrize(
    ("number", "shown"),
    [
        ("+8613800138000", "138****8000"),
        ("0546-2222999", "546***2999"),
        ("2222999", "2****99"),
        ("12345", "12345"),
        ("anonymous", ""),
    ],
)
def test_logs_never_hold_a_whole_number(number: str, shown: str) -> None:
    assert phones.masked(number) == shown


@pytest.mark.parametrize(
    ("number", "keyed"),
    [
        ("+8613800000380", "13800000380"),
        ("+865462520118", "05462520118"),
        ("+861065529988", "01065529988"),
        ("+85223456789", "0085223456789"),
        ("+12025550123", "0012025550123"),
        ("2222999", "2222999"),
        ("120", "120"),
        ("", ""),
    ],
)
def test_a_kept_number_is_dialled_as_people_here_dial(number: str, keyed: str) -> None:
    assert phones.dialled(number) == keyed
