"""Archives: every file of one is a member or left out with a reason, however it was packed."""

import io
import random
import zipfile

import pytest

from santorio.ingest.formats import zip_archive
from santorio.ingest.formats.zip_archive import Member, SkippedMember, iter_members


def packed(members: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", method) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return file.getvalue()


def members(data: bytes, skip: int = 0) -> dict[str, object]:
    return {
        part.path: part.data if isinstance(part, Member) else part.rejection.code
        for part in iter_members(io.BytesIO(data), skip=skip)
    }


def test_zips_in_a_zip_are_walked_through_and_folders_are_no_files() -> None:
    inner = packed({"1.fit": b"one", "2.fit": b"two"})
    outer = packed({"a/": b"", "a/days.json": b"[]", "a/files.zip": inner, "b.txt": b"b"})
    assert members(outer) == {
        "a/days.json": b"[]",
        "a/files.zip/1.fit": b"one",
        "a/files.zip/2.fit": b"two",
        "b.txt": b"b",
    }


def test_going_on_after_some_files_gives_exactly_the_others() -> None:
    inner = packed({f"{n}.fit": b"x" * n for n in range(4)})
    outer = packed({"a.json": b"[]", "in.zip": inner, "../up": b"", "b.json": b"{}"})
    complete = list(members(outer).items())
    assert len(complete) == 7
    for done in range(len(complete) + 1):
        assert list(members(outer, skip=done).items()) == complete[done:]


def test_a_third_level_is_left_out_with_a_reason() -> None:
    third = packed({"deep.json": b"{}"})
    assert members(packed({"1.zip": packed({"2.zip": third, "flat.json": b"{}"})})) == {
        "1.zip/2.zip": "nested_zip",
        "1.zip/flat.json": b"{}",
    }


@pytest.mark.parametrize(
    "name", ["../up.json", "a/../../up.json", "/etc/up.json", "C:/up.json", "..\\up.json"]
)
def test_a_name_that_leads_elsewhere_is_refused(name: str) -> None:
    assert members(packed({name: b"{}", "fine.json": b"{}"})) == {name: "unsafe_name", "fine.json": b"{}"}


def test_a_bomb_is_refused_before_it_goes_off_and_the_rest_is_read() -> None:
    assert members(packed({"bomb": b"0" * 50_000_000, "fine.json": b"{}"})) == {
        "bomb": "too_large",
        "fine.json": b"{}",
    }


def test_what_is_refused_takes_nothing_off_what_the_rest_may_unpack_to(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(zip_archive, "MIN_ALLOWANCE_BYTES", 1_000_000)
    data = packed({"bomb": b"0" * 50_000_000, "a.json": b"{}", "b.json": b"[]"})
    assert members(data) == {"bomb": "too_large", "a.json": b"{}", "b.json": b"[]"}


def test_a_bomb_of_many_files_ends_the_archive(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(zip_archive, "MAX_MEMBERS", 3)
    assert list(members(packed({f"{n}.json": b"{}" for n in range(9)})).values()) == [
        b"{}",
        b"{}",
        b"{}",
        "too_large",
    ]


def test_what_unpacks_to_far_more_than_its_size_ends_the_archive(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(zip_archive, "MIN_ALLOWANCE_BYTES", 1000)
    monkeypatch.setattr(zip_archive, "ALLOWANCE_RATIO", 1)
    data = packed({"a.json": b"1" * 900, "b.json": b"2" * 900, "c.json": b"3" * 900})
    assert list(members(data).values()) == [b"1" * 900, "too_large"]


def test_a_file_larger_than_any_export_writes_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(zip_archive, "MAX_MEMBER_BYTES", 100)
    assert members(packed({"a.json": b"1" * 101, "b.json": b"2" * 100})) == {
        "a.json": "too_large",
        "b.json": b"2" * 100,
    }


def test_a_file_with_a_password_is_named() -> None:
    data = bytearray(packed({"a.json": b"{}"}, zipfile.ZIP_STORED))
    data[6] |= 1
    data[data.index(b"PK\x01\x02") + 8] |= 1
    assert members(bytes(data)) == {"a.json": "locked"}


def test_two_files_of_one_name_are_both_read() -> None:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("a.json", b"1")
        with pytest.warns(UserWarning, match="Duplicate name"):
            archive.writestr("a.json", b"2")
    assert [part.data for part in iter_members(file) if isinstance(part, Member)] == [b"1", b"2"]


def test_a_flipped_bit_costs_its_own_file_alone() -> None:
    data = bytearray(packed({"a.json": b"a" * 500, "b.json": b"b" * 500}, zipfile.ZIP_STORED))
    data[data.index(b"aaaa") + 50] ^= 1
    assert members(bytes(data)) == {"a.json": "bad_zip", "b.json": b"b" * 500}


def test_no_damage_anywhere_makes_the_walk_fail() -> None:
    content = packed({"a.json": b"[1, 2]" * 99, "in.zip": packed({"b.json": b"{}" * 99}), "c.txt": b"c"})
    chance = random.Random(2614)
    for _ in range(600):
        data = bytearray(content)
        for _ in range(chance.randint(1, 4)):
            data[chance.randrange(len(data))] = chance.randrange(256)
        for part in iter_members(io.BytesIO(bytes(data[: chance.randint(1, len(data))]))):
            assert isinstance(part, Member | SkippedMember)


def test_zip64_is_read() -> None:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive, archive.open("a.json", "w", force_zip64=True) as member:
        member.write(b"{}")
    assert members(file.getvalue()) == {"a.json": b"{}"}


def test_the_accounts_email_in_a_name_is_not_repeated() -> None:
    inner = packed({"some.one+run@mail.example.org_17.fit": b"one"})
    outer = packed({"DI_CONNECT/some.one@example.org_0_summarizedActivities.json": b"[]", "Part1.zip": inner})
    assert members(outer) == {
        "DI_CONNECT/account_0_summarizedActivities.json": b"[]",
        "Part1.zip/account_17.fit": b"one",
    }
