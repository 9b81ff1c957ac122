"""A `python` that runs a stage at once: a copy of a process that has loaded the libraries.

The tests of the pipeline start some hundred stages, and PyTorch alone takes two seconds to load.
Everything else is as users have it: DVC, the shell, the command, the script, its package.
"""

import fcntl
import functools
import gc
import hashlib
import json
import logging
import os
import resource
import runpy
import select
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import traceback
from pathlib import Path

LIBRARIES = ["pydantic", "torch", "torchmetrics.image.fid", "sklearn.manifold", "vl_convert"]
LIBRARIES += ["mlflow.pytorch", "mlflow.store.tracking.sqlalchemy_store", "jinja2"]
"""None of ours: each copy of the repository has its own."""
CLIENT = """import json, os, resource, signal, socket, sys
words = sys.argv[1:]
if words[0] == "-u":  # of torchrun
    words.pop(0)
if not words[0].endswith(".py"):
    os.execv({python!r}, [{python!r}, *words])
server = socket.socket(socket.AF_UNIX)
server.connect({address!r})
limit = resource.getrlimit(resource.RLIMIT_FSIZE)
task = dict(words=words, cwd=os.getcwd(), environ=dict(os.environ), file_size=limit)
task = json.dumps(task)
socket.send_fds(server, [task.encode() + bytes(1)], [0, 1, 2])
for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
    signal.signal(number, lambda number, _: server.send(bytes([number])))
code = int(server.recv(10) or 1)
if code < 0:  # by a signal
    if -code != signal.SIGKILL:
        signal.signal(-code, signal.SIG_DFL)
    os.kill(os.getpid(), -code)
sys.exit(code)
"""
USERS, ADDRESS = "users", "socket"
"""Beside the programs: a file that processes lock while they need these, and the server's."""


@functools.cache
def programs() -> Path:
    """A folder, to stand first in PATH, with a `python` for scripts; others get the real one.

    All processes of a run of the tests share it, and the server, which ends after the last of them.
    """
    run = os.environ.get("PYTEST_XDIST_TESTRUNUID", os.getpid())
    folder = Path(tempfile.gettempdir(), f"genbench-{run}")
    folder.mkdir(exist_ok=True)
    with open(folder / "start", "w") as start:
        fcntl.flock(start, fcntl.LOCK_EX)
        fcntl.flock(os.open(folder / USERS, os.O_WRONLY | os.O_CREAT), fcntl.LOCK_SH)
        if not (folder / ADDRESS).exists():
            _start(folder)
    return folder / "bin"


def _start(folder: Path) -> None:
    from genbench.tracking.store import ENVIRONMENT

    client = folder / "bin" / "python"
    client.parent.mkdir()
    code = folder / "client.py"
    code.write_text(CLIENT.format(python=sys.executable, address=str(folder / ADDRESS)))
    words = shlex.join([sys.executable, "-ISE", str(code)])  # `#!` takes no path with a space
    client.write_text(f'#!/bin/sh\nexec {words} "$@"\n')
    client.chmod(0o700)
    # read when the libraries are imported; of tests at once, each has one core
    environment = os.environ | ENVIRONMENT | {"OMP_NUM_THREADS": "1"}
    command = [sys.executable, __file__, folder]
    server = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE)
    assert server.stdout
    with server.stdout as ready:
        assert ready.readline(), "the server does not start"


def serve(folder: Path) -> None:
    """Run what clients ask for, each in a process of its own, as long as there are users."""
    for library in LIBRARIES:
        __import__(library)
    vl_convert = sys.modules["vl_convert"]
    vl_convert.javascript_bundle = remembered(vl_convert.javascript_bundle, folder)
    logging.root.handlers.clear()  # MLflow's: a stage sets up its own before it loads MLflow
    gc.freeze()  # a copy need not look through all of that
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    sys.executable = str(folder / "bin" / "python")  # by which scripts start others
    users = open(folder / USERS)
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(folder / ADDRESS))
        server.listen()
        print("ready", flush=True)
        while True:
            if not select.select([server], [], [], 1)[0]:
                if _is_free(users):
                    break
                continue
            client, _ = server.accept()
            if os.fork() == 0:
                server.close()
                signal.signal(signal.SIGCHLD, signal.SIG_DFL)
                keep(client)
            client.close()
    shutil.rmtree(folder)
    os._exit(0)


def remembered(function, folder: Path):
    """A function of texts whose values are kept in files of a folder: each is computed once."""

    def call(*texts: str) -> str:
        path = folder / hashlib.sha256(repr(texts).encode()).hexdigest()
        if not path.exists():
            new = path.with_name(f"{path.name}-{os.getpid()}")
            new.write_text(function(*texts))
            new.rename(path)
        return path.read_text()

    return call


def _is_free(file) -> bool:
    """Whether nobody has locked a file."""
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def keep(client: socket.socket) -> None:
    """Run one task, hand on signals, tell the exit code; without a client, kill it."""
    text, streams, *_ = socket.recv_fds(client, 1 << 20, 3)
    while not text.endswith(bytes(1)):
        text += client.recv(1 << 20)
    task = json.loads(text[:-1])
    child = os.fork()
    if child == 0:
        client.close()
        become(streams=streams, **task)
    while True:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            client.sendall(str(os.waitstatus_to_exitcode(status)).encode())
            os._exit(0)
        if select.select([client], [], [], 0.02)[0]:
            number = client.recv(1)
            os.kill(child, number[0] if number else signal.SIGKILL)
            if not number:
                os._exit(0)


def become(
    words: list[str], cwd: str, environ: dict[str, str], file_size: list[int], streams: list[int]
) -> None:
    """Become the script of these words."""
    resource.setrlimit(resource.RLIMIT_FSIZE, file_size)
    for number, stream in enumerate(streams):
        os.dup2(stream, number)
    sys.stdout, sys.stderr = (open(number, "w", closefd=False) for number in (1, 2))
    os.chdir(cwd)
    os.environ.clear()
    os.environ.update(environ)
    sys.argv = words
    sys.path[0] = os.path.dirname(os.path.abspath(words[0]))
    code: object = 0
    try:
        runpy.run_path(words[0], run_name="__main__")
    except SystemExit as end:
        code = end.code or 0
    except BaseException:
        traceback.print_exc()
        code = 1
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code if isinstance(code, int) else 1)


if __name__ == "__main__":
    serve(Path(sys.argv[1]))
