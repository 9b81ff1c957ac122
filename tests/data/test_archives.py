"""Folders, .zip and .tar: the same content read the same way, and nothing unsafe or broken."""

import bz2
import gzip
import io
import lzma
import os
import stat
import tarfile
import tempfile
import unicodedata
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from genbench.data import archives, image_folders
from genbench.utils.errors import InputError

KINDS = ["zip", "tar", "tar.gz", "tar.bz2", "tar.xz"]


def png(seed=0) -> bytes:
    file = io.BytesIO()
    pixels = np.random.default_rng(seed).integers(256, size=(9, 9, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(file, "PNG")
    return file.getvalue()


GOOD = {f"{label}/{i}.png": png(i) for label in ("cat", "dög") for i in range(6)}


def pack(folder, kind, files, links=()):
    """Write files, in the given order, as a folder or an archive."""
    path = folder / ("images" if kind == "folder" else f"images.{kind}")
    if kind == "zip":
        with zipfile.ZipFile(path, "w") as file:
            for name, data in files.items():
                file.writestr(name, data)
    elif kind == "folder":
        for name, data in files.items():
            (path / name).parent.mkdir(parents=True, exist_ok=True)
            (path / name).write_bytes(data)
    else:
        with tarfile.open(path, "w:" + kind[4:]) as file:
            for name, data in files.items():
                member = tarfile.TarInfo(name)
                member.size = len(data)
                file.addfile(member, io.BytesIO(data))
            for name, target, link in links:
                member = tarfile.TarInfo(name)
                member.type, member.linkname = link, target
                file.addfile(member)
    return path


def pack_to_bytes(files) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        return pack(Path(folder), "tar", files).read_bytes()


def read(path):
    with archives.open_archive(path) as contents:
        return {name: get() for name, get in contents.files.items()}


@pytest.mark.parametrize("kind", ["folder", *KINDS])
def test_content_is_the_same_in_every_kind_and_hidden_files_are_left_out(tmp_path, kind):
    hidden = ["cat/.DS_Store", "__MACOSX/cat/1.png", "cat/Thumbs.db", "Desktop.ini"]
    hidden += ["cat/@eaDir/1.png/THUMB_M.png", "#recycle/1.png", "$RECYCLE.BIN/cat/1.png"]
    hidden += ["lost+found/1.png", "System Volume Information/1.png", "cat/.@__thumb/1.png"]
    assert read(pack(tmp_path, kind, GOOD | dict.fromkeys(hidden, b"x"))) == GOOD


DECOMPOSED = {unicodedata.normalize("NFD", name): data for name, data in GOOD.items()}


@pytest.mark.parametrize("kind", ["folder", *KINDS])
def test_names_in_any_form_of_unicode_are_the_same_names(tmp_path, kind):
    assert DECOMPOSED.keys() != GOOD.keys()
    assert read(pack(tmp_path, kind, DECOMPOSED)) == GOOD
    halves = under("train", GOOD) | under("test", DECOMPOSED)
    (tmp_path / "halves").mkdir()
    _, classes = image_folders.load(pack(tmp_path / "halves", kind, halves), 8, 1)
    assert classes == ["cat", "dög"]


def test_a_folder_with_names_of_a_mac_is_copied_under_the_names_that_are_read(tmp_path):
    copy = tmp_path / "copy"
    image_folders.copy(pack(tmp_path, "folder", DECOMPOSED), copy)
    assert {path.relative_to(copy).as_posix() for path in copy.rglob("*.png")} == GOOD.keys()
    assert read(copy) == GOOD


@pytest.mark.parametrize("label", ["Äpfel", "ねこ", "cafe\u0301"])
def test_a_zip_with_names_in_utf_8_and_no_flag_that_says_so(tmp_path, label):
    path = pack(tmp_path, "zip", {f"{label}/1.png": png()})
    data = bytearray(path.read_bytes())
    for mark, high_byte_of_flags in ((b"PK\3\4", 7), (b"PK\1\2", 9)):
        data[data.find(mark) + high_byte_of_flags] &= 0xF7
    path.write_bytes(data)
    assert zipfile.ZipFile(path).namelist() != [f"{label}/1.png"]
    assert list(read(path)) == [unicodedata.normalize("NFC", f"{label}/1.png")]


def test_a_zip_with_names_that_are_not_utf_8_is_read_as_zipfile_reads_it(tmp_path):
    path = pack(tmp_path, "zip", {"M__ller/1.png": png()})
    path.write_bytes(path.read_bytes().replace(b"M__ller", b"M\x81\x81ller"))  # code page 437
    assert list(read(path)) == ["Müüller/1.png"]


@pytest.mark.parametrize("kind", ["zip", "tar"])
@pytest.mark.parametrize("name", ["../evil.png", "cat/../../evil.png", "/tmp/evil.png", "C:/e.png"])
def test_a_member_that_points_outside_is_named(tmp_path, kind, name):
    with pytest.raises(InputError, match=rf"images.{kind}: {name} (points outside|is an absolute)"):
        read(pack(tmp_path, kind, {**GOOD, name: b"x"}))


@pytest.mark.parametrize("link", [tarfile.SYMTYPE, tarfile.LNKTYPE])
@pytest.mark.parametrize("target", ["../../etc/passwd", "/etc/passwd"])
def test_a_link_out_of_a_tar_is_named(tmp_path, link, target):
    with pytest.raises(InputError, match=r"images.tar: cat/x.png is a link that points outside"):
        read(pack(tmp_path, "tar", GOOD, [("cat/x.png", target, link)]))


def test_a_link_inside_a_tar_or_a_folder_is_the_file_that_it_leads_to(tmp_path):
    links = [("cat/x.png", "1.png", tarfile.SYMTYPE), ("cat/y.png", "cat/1.png", tarfile.LNKTYPE)]
    want = GOOD | {"cat/x.png": GOOD["cat/1.png"], "cat/y.png": GOOD["cat/1.png"]}
    assert read(pack(tmp_path, "tar", GOOD, links)) == want
    folder = pack(tmp_path, "folder", GOOD)
    (folder / "cat/x.png").symlink_to("1.png")
    (folder / "cat/y.png").symlink_to(folder / "cat/1.png")
    assert read(folder) == want


def test_a_loop_of_links_ends_in_an_error(tmp_path):
    links = [("cat/x.png", "y.png", tarfile.SYMTYPE), ("cat/y.png", "x.png", tarfile.SYMTYPE)]
    with pytest.raises(InputError, match="cat/x.png is neither a file nor a link to one"):
        read(pack(tmp_path, "tar", GOOD, links))


def test_links_in_a_zip_and_out_of_a_folder_are_named(tmp_path):
    path = pack(tmp_path, "zip", GOOD)
    with zipfile.ZipFile(path, "a") as file:
        member = zipfile.ZipInfo("cat/x.png")
        member.create_system, member.external_attr = 3, (stat.S_IFLNK | 0o777) << 16
        file.writestr(member, "/etc/passwd")
    with pytest.raises(InputError, match="images.zip: cat/x.png is a link"):
        read(path)
    folder = pack(tmp_path, "folder", GOOD)
    os.symlink("/etc", folder / "cow")
    with pytest.raises(InputError, match="images: cow is a link that points outside"):
        read(folder)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("share", [0.0, 0.3, 0.6, 0.9])
def test_a_truncated_archive_is_named(tmp_path, kind, share):
    path = pack(tmp_path, kind, {f"cat/{i}": os.urandom(3000) for i in range(9)})
    os.truncate(path, int(share * 9 * 3000))
    message = f"images.{kind}: truncated, damaged or not such an archive"
    with pytest.raises(InputError, match=message):
        read(path)


def test_a_tar_truncated_between_two_members_is_named(tmp_path):
    path = pack(tmp_path, "tar", GOOD)
    with tarfile.open(path) as file:
        second = file.getmembers()[1].offset
    os.truncate(path, second)
    with pytest.raises(InputError, match="the end-of-archive marker is missing"):
        read(path)


@pytest.mark.parametrize("kind", ["zip", "tar"])
def test_a_member_that_would_fill_the_memory_is_named(tmp_path, kind, monkeypatch):
    monkeypatch.setattr(archives, "MAX_FILE_BYTES", 1000)
    with pytest.raises(InputError, match="cat/big.png has 1001 bytes, more than 1000"):
        read(pack(tmp_path, kind, {**GOOD, "cat/big.png": bytes(1001)}))


@pytest.mark.parametrize("kind", ["zip", "tar.gz", "tar.bz2", "tar.xz"])
@pytest.mark.parametrize("n_members", [1, 40])
def test_an_archive_that_unpacks_to_far_more_than_it_is_is_refused(
    tmp_path, kind, n_members, monkeypatch
):
    monkeypatch.setattr(archives, "MAX_FILE_BYTES", 10**6)
    files = {f"cat/{i}.bmp": bytes(3 * 10**6 // n_members) for i in range(n_members)}
    if kind == "zip":
        path = tmp_path / "images.zip"
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
            for name, data in files.items():
                file.writestr(name, data)
    else:
        path = pack(tmp_path, kind, files)
    size = path.stat().st_size
    bound = max(100 * size, 10**6)
    message = f"its {size} bytes unpack to more than {bound}, 100 times as many or 1000000; pack"
    with pytest.raises(InputError, match=message):
        read(path)


def unpacked_by(path, kind, content, monkeypatch) -> int:
    """How many bytes are unpacked until an archive of this content is refused."""
    opener = {"tar.gz": gzip.open, "tar.bz2": bz2.open, "tar.xz": lzma.open}[kind]
    with opener(path, "wb") as file:
        file.write(content)
    n_bytes = 0

    class Counted(archives._Unpacked):
        def read(self, size=-1):
            nonlocal n_bytes
            data = super().read(size)
            n_bytes = max(n_bytes, self.tell())
            return data

        def seek(self, place, whence=0):
            nonlocal n_bytes
            n_bytes = max(n_bytes, super().seek(place, whence))
            return place

    monkeypatch.setattr(archives, "_Unpacked", Counted)
    with pytest.raises(InputError, match="unpack to more than 1000000, 100 times as many"):
        read(path)
    return n_bytes


def header(kind, size) -> bytes:
    member = tarfile.TarInfo("cat/1.png")
    member.type, member.size = kind, size
    return member.tobuf(tarfile.GNU_FORMAT)


@pytest.mark.parametrize("kind", ["tar.gz", "tar.bz2", "tar.xz"])
@pytest.mark.parametrize(
    "start",
    [
        pack_to_bytes(GOOD),
        header(tarfile.REGTYPE, 2**31),
        header(tarfile.XHDTYPE, 2**31),
        header(tarfile.GNUTYPE_LONGNAME, 2**31),
    ],
    ids=["behind the end", "file", "extended header", "long name"],
)
def test_zeros_in_a_tar_are_not_unpacked_beyond_the_bound(tmp_path, kind, start, monkeypatch):
    monkeypatch.setattr(archives, "MAX_FILE_BYTES", 10**6)
    content = start + bytes(4 * 10**6)
    assert unpacked_by(tmp_path / f"images.{kind}", kind, content, monkeypatch) <= 10**6


@pytest.mark.parametrize("kind", ["tar.gz", "tar.bz2", "tar.xz"])
def test_a_damaged_byte_in_a_compressed_tar_is_named(tmp_path, kind):
    path = pack(tmp_path, kind, {f"cat/{i}": os.urandom(3000) for i in range(9)})
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    with pytest.raises(InputError, match=f"images.{kind}: truncated, damaged or not such"):
        read(path)


def test_a_tar_is_known_by_its_bytes_and_not_by_its_name(tmp_path):
    for kind in ("tar.gz", "tar.bz2", "tar.xz"):
        (tmp_path / kind).mkdir()
        path = pack(tmp_path / kind, kind, GOOD)
        assert read(path.rename(path.with_name("images.tar"))) == GOOD


def test_another_kind_of_file_is_refused_with_those_allowed(tmp_path):
    (tmp_path / "images.rar").touch()
    with pytest.raises(InputError, match=r"images.rar: must be a folder or end in .zip, .tar"):
        read(tmp_path / "images.rar")


def under(top, files):
    return {f"{top}/{name}": data for name, data in files.items()}


FLAT = {f"{i}.png": png(i) for i in range(6)}


@pytest.mark.parametrize(
    "files, sizes, classes",
    [
        (FLAT, {"train": 6}, ["all images"]),
        (under("faces", FLAT), {"train": 6}, ["faces"]),
        (under("data/celeba/faces", FLAT), {"train": 6}, ["faces"]),
        (under("train", FLAT), {"train": 6}, ["all images"]),
        (
            under("all/Train", FLAT) | under("all/test", FLAT),
            {"train": 6, "test": 6},
            ["all images"],
        ),
        (under("train/good", FLAT) | under("test/good", FLAT), {"train": 6, "test": 6}, ["good"]),
    ],
)
@pytest.mark.parametrize("kind", ["folder", "zip"])
def test_images_without_class_folders_are_of_one_class(tmp_path, kind, files, sizes, classes):
    splits, names = image_folders.load(pack(tmp_path, kind, files), 8, 1)
    assert names == classes
    assert {split: len(x) for split, (x, _) in splits.items()} == sizes
    assert all(set(y) == {0} for _, y in splits.values())


@pytest.mark.parametrize(
    "files, message",
    [
        (GOOD | {"1.png": png()}, "1.png is in no class folder"),
        (
            GOOD | {"1.png": png(), "2.png": png()},
            r"1.png \(and 1 more\) is in no class folder; expected <cl",
        ),
        (GOOD | {"cat/a/b/1.png": png()}, "cat/a/b/1.png is nested too deeply"),
        (GOOD | {"cow/notes.txt": b""}, "folder cow holds no image"),
        ({"notes.txt": b""}, "holds no image"),
        (
            under("train", GOOD) | under("test", {"1.png": png()}),
            "test/1.png is in no class folder",
        ),
        (GOOD | under("cat/a", GOOD), r"cat/a/cat/0.png \(and 11 more\) is nested too deeply"),
        (
            under("train", GOOD) | under("test", {"cat/1.png": png()}),
            "class dög is missing in test",
        ),
        (
            under("train", GOOD | {"cow/1.png": png()}) | under("test", {"cat/1.png": png()}),
            "class cow, dög is missing in test",
        ),
        (
            under("train", GOOD) | under("Val", GOOD) | under("valid", GOOD),
            "Val/ and valid/ are both val",
        ),
        (GOOD | {"cat/liar.png": b"I am a text"}, "cat/liar.png: not a PNG, JPEG, WEBP, BMP"),
        (GOOD | {"cat/cut.png": png()[:150]}, "cat/cut.png: broken image"),
    ],
)
@pytest.mark.parametrize("kind", ["folder", "zip"])
def test_what_is_wrong_with_the_class_folders_is_named(tmp_path, kind, files, message):
    with pytest.raises(InputError, match=message):
        image_folders.load(pack(tmp_path, kind, files), 8, 3)


def test_an_empty_class_folder_is_named(tmp_path):
    folder = pack(tmp_path, "folder", GOOD)
    (folder / "cow").mkdir()
    with pytest.raises(InputError, match="folder cow holds no image"):
        image_folders.load(folder, 8, 3)


@pytest.mark.parametrize("wrap", [lambda f: f, lambda f: under("pets", f)], ids=["bare", "wrapped"])
def test_stored_order_kind_and_an_enclosing_folder_change_nothing(tmp_path, wrap):
    want, classes = image_folders.load(pack(tmp_path, "folder", GOOD), 8, 1)
    backwards = wrap(dict(reversed(GOOD.items())))
    got, names = image_folders.load(pack(tmp_path, "tar.gz", backwards), 8, 1)
    assert names == classes == ["cat", "dög"]
    for ours, theirs in zip(got["train"], want["train"], strict=True):
        np.testing.assert_array_equal(ours, theirs)


@pytest.mark.parametrize("stranger", ["dev", "ground_truth", "trains", "Training"])
def test_a_folder_beside_the_splits_is_named_and_none_of_its_pictures(tmp_path, stranger):
    files = under("train", GOOD) | under("Test", GOOD) | under(stranger, GOOD)
    with pytest.raises(
        InputError, match=f"folder {stranger}/ stands beside Test/, train/"
    ) as error:
        image_folders.load(pack(tmp_path, "folder", files), 8, 1)
    assert "train, val (valid, validation) and test" in str(error.value)
    assert ".png" not in str(error.value)


@pytest.mark.parametrize("wrap", [lambda f: f, lambda f: under("pets", f)], ids=["bare", "wrapped"])
@pytest.mark.parametrize("val", ["val", "valid", "validation", "Val", "VALIDATION"])
def test_splits_are_known_by_their_common_names_in_any_case(tmp_path, val, wrap):
    files = under("Train", GOOD) | under("TEST", GOOD) | under(val, GOOD)
    splits, classes = image_folders.load(pack(tmp_path, "zip", wrap(files)), 8, 1)
    assert splits.keys() == {"train", "test", "val"} and classes == ["cat", "dög"]


@pytest.mark.parametrize("kind", ["folder", "zip"])
def test_all_broken_images_are_in_one_list(tmp_path, kind):
    broken = {"cat/liar.png": b"text", "dög/cut.png": png()[:150], "dög/empty.png": b""}
    with pytest.raises(InputError) as error:
        image_folders.load(pack(tmp_path, kind, GOOD | broken), 8, 1)
    line = str(error.value)
    assert "3 images cannot be used: cat/liar.png, dög/empty.png: not a PNG" in line
    assert "; dög/cut.png: broken image" in line
    assert "\n" not in line and not [name for name in GOOD if name in line]


def test_members_of_a_zip_with_wrong_checksums_are_in_one_list(tmp_path):
    path = pack(tmp_path, "zip", GOOD)
    data = bytearray(path.read_bytes())
    with zipfile.ZipFile(path) as file:
        for info in file.infolist()[:2]:
            data[info.header_offset + 30 + len(info.filename) + 70] ^= 1  # stored, not compressed
    path.write_bytes(data)
    with pytest.raises(InputError, match="2 images cannot be used: cat/0.png: .*; cat/1.png: "):
        image_folders.load(path, 8, 1)


def test_a_list_of_broken_images_has_an_end(tmp_path, monkeypatch):
    monkeypatch.setattr(image_folders, "MAX_NAMES", 2)
    broken = {f"cat/x{i}.png": b"text" for i in range(5)}
    with pytest.raises(InputError, match="5 images .*x0.png, cat/x1.png: .*; and 3 more$"):
        image_folders.load(pack(tmp_path, "folder", GOOD | broken), 8, 1)


def test_splits_above_the_classes_are_kept_and_a_class_may_be_called_train(tmp_path):
    splits, _ = image_folders.load(
        pack(tmp_path, "zip", under("test", GOOD) | under("train", GOOD)), 8, 1
    )
    assert {split: len(y) for split, (_, y) in splits.items()} == {"test": 12, "train": 12}
    trains = {name.replace("cat", "train"): data for name, data in GOOD.items()}
    splits, classes = image_folders.load(pack(tmp_path, "folder", trains), 8, 1)
    assert list(splits) == ["train"] and classes == ["dög", "train"]
