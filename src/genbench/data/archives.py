"""Files inside a folder, .zip or .tar: read in place, never from outside it, never cut off."""

import gzip
import lzma
import os
import posixpath
import stat
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from ..utils.errors import InputError

ARCHIVES = (".zip", ".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tbz2", ".tar.xz", ".txz")
HIDDEN = ("__MACOSX", "Thumbs.db", "desktop.ini")  # and whatever starts with a dot
MAX_BYTES = 2**28  # of one file, unpacked: an archive of a few kB can claim to hold terabytes
BROKEN = (
    zipfile.BadZipFile,
    tarfile.TarError,
    zlib.error,
    lzma.LZMAError,
    gzip.BadGzipFile,
    EOFError,
    NotImplementedError,  # a compression that zipfile does not know
)


class Entry(NamedTuple):
    name: str
    is_folder: bool
    size: int
    read: Callable[[], bytes]


class Content(NamedTuple):
    """Names below `path`, "/" between folders; `files` says how to read each, in stored order."""

    files: dict[str, Callable[[], bytes]]
    folders: set[str]


@contextmanager
def opened(path: Path) -> Iterator[Content]:
    """Open a folder, .zip or .tar for reading, hidden files left out.

    Reading in the order of `files` passes through a compressed .tar only once.

    Raises
    ------
    InputError : naming the archive and, where there is one, the member that is unsafe or broken.
    """
    try:
        if path.is_dir():
            yield _content(path, _in_folder(path.resolve()))
        elif not path.name.lower().endswith(ARCHIVES):
            raise InputError(f"{path}: must be a folder or end in {', '.join(ARCHIVES)}")
        elif path.suffix.lower() == ".zip":
            with zipfile.ZipFile(path) as file:
                yield _content(path, _in_zip(file))
        else:
            with tarfile.open(path, "r:*") as file:
                yield _content(path, _in_tar(file))
    except BROKEN as error:
        reason = (str(error) or type(error).__name__).splitlines()[0].rstrip(":")
        raise InputError(f"{path}: cut off, damaged or no such archive ({reason})") from None


def _content(path: Path, entries: Iterator[Entry]) -> Content:
    content = Content({}, set())
    try:
        for entry in entries:
            parts = _safe_parts(entry.name)
            if not parts or any(map(_is_hidden, parts)):
                continue
            name = "/".join(parts)
            content.folders.update("/".join(parts[:n]) for n in range(1, len(parts)))
            if entry.is_folder:
                content.folders.add(name)
            elif name in content.files:
                raise InputError(f"{name} is in it twice")
            elif entry.size > MAX_BYTES:
                raise InputError(f"{name} has {entry.size} bytes; at most {MAX_BYTES} are allowed")
            else:
                content.files[name] = entry.read
    except InputError as error:
        raise InputError(f"{path}: {error}") from None
    return content


def _safe_parts(name: str) -> list[str]:
    """The parts of a relative name; a name that could lead elsewhere is refused."""
    parts = [p for p in name.split("/") if p not in ("", ".")]
    if name.startswith("/") or name[1:3] == ":/":
        raise InputError(f"{name} is an absolute name; names must be relative")
    if ".." in parts:
        raise InputError(f"{name} leads out of it; '..' is not allowed")
    try:
        name.encode()
    except UnicodeEncodeError:
        raise InputError(f"{ascii(name)} is not valid UTF-8; rename it") from None
    return parts


def _is_hidden(part: str) -> bool:
    return part.startswith(".") or part in HIDDEN


def _in_folder(root: Path) -> Iterator[Entry]:
    for folder, folders, files in os.walk(root, onerror=_fail):
        folders[:] = sorted(name for name in folders if not _is_hidden(name))
        for path in (Path(folder, name) for name in (*folders, *sorted(files))):
            name, real = path.relative_to(root).as_posix(), path.resolve()
            if _is_hidden(path.name):
                continue
            if not real.is_relative_to(root):
                raise InputError(f"{name} is a link that leads out of it")
            if path.is_symlink() and not real.is_file():
                raise InputError(f"{name} is a link to no file; put the files themselves there")
            if not real.is_dir() and not real.is_file():
                raise InputError(f"{name} is no regular file")
            yield Entry(name, real.is_dir(), 0, real.read_bytes)


def _fail(error: OSError):
    raise error  # os.walk leaves unreadable folders out unless told otherwise


def _in_zip(file: zipfile.ZipFile) -> Iterator[Entry]:
    for info in file.infolist():
        name = info.filename.replace("\\", "/")  # some Windows tools write it so
        if stat.S_ISLNK(info.external_attr >> 16):
            raise InputError(f"{name} is a link; put the file itself there")
        if info.flag_bits & 1:
            raise InputError(f"{name} is encrypted; pack it without a password")
        yield Entry(name, name.endswith("/"), info.file_size, lambda i=info: file.read(i))


def _in_tar(file: tarfile.TarFile) -> Iterator[Entry]:
    members = {posixpath.normpath(m.name): m for m in file.getmembers()}
    file.fileobj.seek(file.offset)
    if file.fileobj.read(tarfile.BLOCKSIZE) != tarfile.NUL * tarfile.BLOCKSIZE:
        raise tarfile.ReadError("the end mark is missing")  # tarfile itself takes this for the end
    while file.fileobj.read(2**20):
        pass  # as far as the checksum that .gz and .xz have at their end
    for member in file.getmembers():
        target = member
        if member.issym() or member.islnk():
            # A symbolic link starts at its own folder, a hard link at the top of the archive.
            start = posixpath.dirname(member.name) if member.issym() else ""
            goal = posixpath.normpath(posixpath.join(start, member.linkname))
            if goal.startswith(("/", "..")):
                raise InputError(f"{member.name} is a link that leads out of it")
            target = members.get(goal)
        if target is None or not (target.isreg() or member.isdir()):
            raise InputError(f"{member.name} is no file and no link to a file in the archive")
        yield Entry(
            member.name, member.isdir(), target.size, lambda t=target: file.extractfile(t).read()
        )
