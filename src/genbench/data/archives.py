"""Files inside a folder, .zip or .tar, read in place; unsafe and truncated archives are refused."""

import bz2
import gzip
import io
import lzma
import os
import posixpath
import stat
import tarfile
import unicodedata
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from ..utils.errors import InputError

SUFFIXES = (".zip", ".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tbz2", ".tar.xz", ".txz")
HIDDEN_NAMES = (  # in any case, as is whatever starts with a dot
    "__macosx",
    "thumbs.db",  # Windows
    "ehthumbs.db",
    "desktop.ini",
    "$recycle.bin",
    "system volume information",
    "@eadir",  # Synology
    "#recycle",
    "#snapshot",
    "@recycle",  # QNAP
    "@recently-snapshot",
    "lost+found",  # Linux
)
MAX_FILE_BYTES = 2**28  # unpacked: an archive of a few kB can claim to hold terabytes
MAX_RATIO = 100
"""An archive unpacks to so many times its own size at most, or to MAX_FILE_BYTES."""
UNPACKERS: dict[bytes, Callable[..., Any]] = {
    b"\x1f\x8b": gzip.open,
    b"BZh": bz2.open,
    b"\xfd7zXZ": lzma.open,
}
"""By the first bytes of a compressed .tar, whatever its name."""
READ_ERRORS = (
    zipfile.BadZipFile,
    tarfile.TarError,
    zlib.error,
    lzma.LZMAError,
    gzip.BadGzipFile,
    EOFError,
    NotImplementedError,  # a compression method that zipfile lacks
)


class Entry(NamedTuple):
    """A file or folder of an archive, as it is stored."""

    name: str
    is_folder: bool
    size: int
    read: Callable[[], bytes]


class Contents(NamedTuple):
    """Files and folders of an archive by their relative names, "/" between folders.

    Names are in Unicode's composed normal form (NFC): macOS stores others. `files` has a function
    that reads each, in stored order.
    """

    files: dict[str, Callable[[], bytes]]
    folders: set[str]


@contextmanager
def open_archive(path: Path) -> Iterator[Contents]:
    """Open a folder, .zip or .tar for reading, without hidden files.

    Reading in the order of `files` passes through a compressed .tar only once.

    Raises
    ------
    InputError : naming the archive and, where there is one, the member that is unsafe or broken.
    """
    try:
        if path.is_dir():
            yield _contents(path, _folder_entries(path.resolve()))
        elif not path.name.lower().endswith(SUFFIXES):
            raise InputError(f"{path}: must be a folder or end in {', '.join(SUFFIXES)}")
        elif path.suffix.lower() == ".zip":
            with zipfile.ZipFile(path) as file:
                _check_total(path, sum(info.file_size for info in file.infolist()))
                yield _contents(path, _zip_entries(file))
        else:
            with _Unpacked(path) as stream, tarfile.open(fileobj=stream, mode="r:") as file:
                yield _contents(path, _tar_entries(file))
    except READ_ERRORS as error:
        reason = (str(error) or type(error).__name__).splitlines()[0].rstrip(":")
        raise InputError(f"{path}: truncated, damaged or not such an archive ({reason})") from None


def _check_total(path: Path, n_bytes: int) -> None:
    """Refuse to unpack more than MAX_RATIO allows: a few kB can hold terabytes."""
    packed = path.stat().st_size
    most = max(MAX_RATIO * packed, MAX_FILE_BYTES)
    if n_bytes > most:
        raise InputError(
            f"{path}: its {packed} bytes unpack to more than {most}, {MAX_RATIO} times as many or"
            f" {MAX_FILE_BYTES}; pack its images alone, or unpack it into a folder yourself"
        )


class _Unpacked(io.RawIOBase):
    """The bytes of a .tar, compressed or not, as far as `_check_total` lets one read them."""

    def __init__(self, path: Path):
        with path.open("rb") as file:
            start = file.read(6)
        unpack = next((u for magic, u in UNPACKERS.items() if start.startswith(magic)), None)
        self.path = path
        self.file = unpack(path) if unpack else path.open("rb")

    def read(self, n_bytes: int = -1) -> bytes:
        _check_total(self.path, self.file.tell() + n_bytes)
        try:
            return self.file.read(n_bytes)
        except OSError as error:
            if error.errno is None:  # what bz2 says of damaged bytes
                raise tarfile.ReadError(str(error)) from None
            raise

    def seek(self, place: int, whence: int = 0) -> int:
        _check_total(self.path, place)
        return self.file.seek(place, whence)

    def tell(self) -> int:
        return self.file.tell()

    def close(self) -> None:
        self.file.close()
        super().close()


def _contents(path: Path, entries: Iterator[Entry]) -> Contents:
    contents = Contents({}, set())
    try:
        for entry in entries:
            parts = _safe_path_parts(entry.name)
            if not parts or any(map(_is_hidden, parts)):
                continue
            name = "/".join(parts)
            contents.folders.update("/".join(parts[:n]) for n in range(1, len(parts)))
            if entry.is_folder:
                contents.folders.add(name)
            elif name in contents.files:
                raise InputError(f"{name} occurs twice")
            elif entry.size > MAX_FILE_BYTES:
                raise InputError(f"{name} has {entry.size} bytes, more than {MAX_FILE_BYTES}")
            else:
                contents.files[name] = entry.read
    except InputError as error:
        raise InputError(f"{path}: {error}") from None
    return contents


def _safe_path_parts(name: str) -> list[str]:
    """Split a relative name at "/"; one that could point outside the archive is refused."""
    name = unicodedata.normalize("NFC", name)
    parts = [p for p in name.split("/") if p not in ("", ".")]
    if name.startswith("/") or name[1:3] == ":/":
        raise InputError(f"{name} is an absolute name; names must be relative")
    if ".." in parts:
        raise InputError(f"{name} points outside; '..' is not allowed")
    try:
        name.encode()
    except UnicodeEncodeError:
        raise InputError(f"{ascii(name)} is not valid UTF-8; rename it") from None
    return parts


def _is_hidden(part: str) -> bool:
    return part.startswith(".") or part.casefold() in HIDDEN_NAMES


def _folder_entries(root: Path) -> Iterator[Entry]:
    for folder, folders, files in os.walk(root, onerror=_raise):
        folders[:] = sorted(name for name in folders if not _is_hidden(name))
        for path in (Path(folder, name) for name in (*folders, *sorted(files))):
            name = path.relative_to(root).as_posix()
            target = path.resolve()
            if _is_hidden(path.name):
                continue
            if not target.is_relative_to(root):
                raise InputError(f"{name} is a link that points outside")
            if path.is_symlink() and not target.is_file():
                raise InputError(f"{name} is a link to no file; put the files themselves there")
            if not target.is_dir() and not target.is_file():
                raise InputError(f"{name} is no regular file")
            yield Entry(name, target.is_dir(), 0, target.read_bytes)


def _raise(error: OSError):
    raise error  # os.walk skips unreadable folders by default


def _zip_entries(file: zipfile.ZipFile) -> Iterator[Entry]:
    for info in file.infolist():
        name = _zip_name(info).replace("\\", "/")  # as some Windows tools write it
        if stat.S_ISLNK(info.external_attr >> 16):
            raise InputError(f"{name} is a link; put the file itself there")
        if info.flag_bits & 1:
            raise InputError(f"{name} is encrypted; pack it without a password")
        yield Entry(name, name.endswith("/"), info.file_size, partial(file.read, info))


def _zip_name(info: zipfile.ZipInfo) -> str:
    """A name in UTF-8, also if the flag that says so (bit 11) is not set; else in code page 437."""
    if info.flag_bits & 0x800:
        return info.filename
    try:
        return info.filename.encode("cp437").decode("utf-8")
    except UnicodeError:
        return info.filename


def _tar_entries(file: tarfile.TarFile) -> Iterator[Entry]:
    members = {posixpath.normpath(m.name): m for m in file.getmembers()}
    file.fileobj.seek(file.offset)
    if file.fileobj.read(tarfile.BLOCKSIZE) != tarfile.NUL * tarfile.BLOCKSIZE:
        # tarfile itself accepts such a file
        raise tarfile.ReadError("the end-of-archive marker is missing")
    while file.fileobj.read(tarfile.RECORDSIZE):
        pass  # to the end, where .gz and .xz have their checksum
    for member in file.getmembers():
        target: tarfile.TarInfo | None = member
        if member.issym() or member.islnk():
            # A symbolic link starts at its own folder, a hard link at the top of the archive.
            start = posixpath.dirname(member.name) if member.issym() else ""
            name = posixpath.normpath(posixpath.join(start, member.linkname))
            if name.startswith(("/", "..")):
                raise InputError(f"{member.name} is a link that points outside")
            target = members.get(name)
        if target is None or not (target.isreg() or member.isdir()):
            raise InputError(f"{member.name} is neither a file nor a link to one in the archive")
        yield Entry(member.name, member.isdir(), target.size, partial(_read_member, file, target))


def _read_member(file: tarfile.TarFile, member: tarfile.TarInfo) -> bytes:
    content = file.extractfile(member)
    assert content is not None, "only regular files are read"
    return content.read()
