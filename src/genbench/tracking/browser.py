"""Opens a page of MLflow once its server answers, where there is a desktop."""

import os
import subprocess
import sys
import time
import urllib.request
import webbrowser

SECONDS_TO_START = 120


def open_when_ready(server: str, page: str) -> None:
    """Start a process that waits for the server and opens the page; without a desktop, nothing."""
    if has_desktop():
        command = [sys.executable, "-m", __name__, server, page]
        nowhere = subprocess.DEVNULL
        subprocess.Popen(command, stdin=nowhere, stdout=nowhere, stderr=nowhere)


def has_desktop() -> bool:
    """Whether somebody at a terminal can see a window."""
    if not sys.stdout.isatty() or os.environ.get("CI"):
        return False
    displays = ("DISPLAY", "WAYLAND_DISPLAY")
    return sys.platform in ("darwin", "win32") or any(map(os.environ.get, displays))


def wait_and_open(server: str, page: str) -> None:
    """Open the page as soon as the server answers; give up after a while."""
    end = time.monotonic() + SECONDS_TO_START
    while time.monotonic() < end:
        try:
            urllib.request.urlopen(f"{server}/health", timeout=5).close()
        except OSError:
            time.sleep(0.5)
        else:
            webbrowser.open(f"{server}/{page}")
            return


if __name__ == "__main__":
    wait_and_open(*sys.argv[1:])
