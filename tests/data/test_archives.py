"""Folders, .zip and .tar: the same content read the same way, and nothing unsafe or broken."""

import io
import os
import stat
import tarfile
import zipfile

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


def read(path):
    with archives.open_archive(path) as contents:
        return {name: get() for name, get in contents.files.items()}


@pytest.mark.parametrize("kind", ["folder", *KINDS])
def test_content_is_the_same_in_every_kind_and_hidden_files_are_left_out(tmp_path, kind):
    hidden = {"cat/.DS_Store": b"x", "__MACOSX/cat/1.png": b"x", "cat/Thumbs.db": b"x"}
    assert read(pack(tmp_path, kind, GOOD | hidden)) == GOOD


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


def test_another_kind_of_file_is_refused_with_those_allowed(tmp_path):
    (tmp_path / "images.rar").touch()
    with pytest.raises(InputError, match=r"images.rar: must be a folder or end in .zip, .tar"):
        read(tmp_path / "images.rar")


def under(top, files):
    return {f"{top}/{name}": data for name, data in files.items()}


@pytest.mark.parametrize(
    "files, message",
    [
        ({"1.png": png(), "2.png": png()}, "1.png is in no class folder; expected <class>/<image>"),
        (GOOD | {"1.png": png()}, "1.png is in no class folder"),
        (GOOD | {"cat/a/b/1.png": png()}, "cat/a/b/1.png is nested too deeply"),
        (GOOD | {"cow/notes.txt": b""}, "folder cow holds no image"),
        ({"notes.txt": b""}, "holds no image"),
        ({"cat/1.png": png(), "cat/2.png": png()}, r"one class folder only \(cat\)"),
        (
            under("train", GOOD) | under("test", {"cat/1.png": png()}),
            "class dög is missing in test",
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


def test_splits_above_the_classes_are_kept_and_a_class_may_be_called_train(tmp_path):
    splits, _ = image_folders.load(
        pack(tmp_path, "zip", under("test", GOOD) | under("train", GOOD)), 8, 1
    )
    assert {split: len(y) for split, (_, y) in splits.items()} == {"test": 12, "train": 12}
    trains = {name.replace("cat", "train"): data for name, data in GOOD.items()}
    splits, classes = image_folders.load(pack(tmp_path, "folder", trains), 8, 1)
    assert list(splits) == ["train"] and classes == ["dög", "train"]
