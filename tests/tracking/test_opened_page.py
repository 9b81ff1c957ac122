"""`make ui` says where the page of runs is, and opens it where somebody can see it."""

import os
import subprocess
import sys
import threading
import webbrowser
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from genbench.tracking import browser, store

PAGE = "#/experiments/1/runs?workflowType=machine_learning"


@pytest.fixture
def desktop(monkeypatch):
    """A terminal under Linux with a display."""
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    for name in ("CI", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("DISPLAY", ":0")


def test_a_terminal_with_a_display_is_a_desktop(desktop, monkeypatch):
    assert browser.has_desktop()
    monkeypatch.delenv("DISPLAY")
    assert not browser.has_desktop()
    monkeypatch.setenv("WAYLAND_DISPLAY", "wayland-0")
    assert browser.has_desktop()


@pytest.mark.parametrize("platform", ["darwin", "win32"])
def test_other_systems_have_a_display_always(desktop, monkeypatch, platform):
    monkeypatch.delenv("DISPLAY")
    monkeypatch.setattr(sys, "platform", platform)
    assert browser.has_desktop()


def test_nothing_is_opened_in_a_pipe_or_by_a_machine(desktop, monkeypatch):
    monkeypatch.setenv("CI", "true")
    assert not browser.has_desktop()
    monkeypatch.delenv("CI")
    monkeypatch.setattr(sys.stdout, "isatty", lambda: False)
    assert not browser.has_desktop()


class Server(BaseHTTPRequestHandler):
    """Answers as MLflow does, the first time with an error."""

    asked: list[str] = []

    def do_GET(self):
        self.asked.append(self.path)
        self.send_response(200 if len(self.asked) > 1 else 503)
        self.end_headers()

    def log_message(self, *_):
        pass


def test_the_page_is_opened_once_the_server_answers(monkeypatch):
    opened = []
    monkeypatch.setattr(webbrowser, "open", lambda address: opened.append((address, Server.asked)))
    with HTTPServer(("127.0.0.1", 0), Server) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        address = f"http://127.0.0.1:{server.server_port}"
        browser.wait_and_open(address, PAGE)
        server.shutdown()
    assert opened == [(f"{address}/{PAGE}", ["/health", "/health"])]


def test_a_server_that_never_answers_opens_nothing(monkeypatch):
    monkeypatch.setattr(webbrowser, "open", lambda address: pytest.fail(address))
    monkeypatch.setattr(browser, "SECONDS_TO_START", 0.1)
    browser.wait_and_open("http://127.0.0.1:9", PAGE)


@pytest.mark.parametrize("is_desktop", [True, False])
def test_the_server_says_where_the_page_is(tmp_path, monkeypatch, capsys, is_desktop):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    monkeypatch.setattr(os, "execv", lambda path, command: None)
    monkeypatch.setattr(browser, "has_desktop", lambda: is_desktop)
    started = []
    monkeypatch.setattr(subprocess, "Popen", lambda command, **_: started.append(command))
    store.serve(0, PAGE)
    address = f"http://127.0.0.1:0/{PAGE}"
    assert capsys.readouterr().out == f"MLflow: {address} in a few seconds (Ctrl-C ends it)\n"
    assert [command[-2:] for command in started] == [["http://127.0.0.1:0", PAGE]] * is_desktop
    assert Path.cwd() == tmp_path
