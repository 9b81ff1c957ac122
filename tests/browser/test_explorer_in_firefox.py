"""The explorer in Firefox, from disk, by WebDriver BiDi, which needs no other program."""

import json
import os
import re
import shutil
import subprocess
import time

import pytest


class Firefox:
    """A page of a Firefox that runs here; `complaints` are the errors of its console."""

    def __init__(self, address: str):
        import websocket

        self.socket = websocket.create_connection(address, timeout=60, suppress_origin=True)
        self.asked = 0
        self.complaints: list[str] = []
        self.call("session.new", capabilities={})
        self.call("session.subscribe", events=["log.entryAdded"])
        self.page = self.call("browsingContext.getTree")["contexts"][0]["context"]

    def call(self, method, **params):
        self.asked += 1
        self.socket.send(json.dumps({"id": self.asked, "method": method, "params": params}))
        while (said := json.loads(self.socket.recv())).get("id") != self.asked:
            if said.get("params", {}).get("level") in ("error", "warn"):
                self.complaints.append(said["params"]["text"])
        assert said["type"] == "success", said
        return said["result"]

    def run(self, code):
        target = {"context": self.page}
        said = self.call("script.evaluate", expression=code, target=target, awaitPromise=True)
        return said["result"].get("value")

    def wait(self, code, seconds=30):
        end = time.monotonic() + seconds
        while not self.run(code):
            assert time.monotonic() < end, code
            time.sleep(0.05)


@pytest.fixture(scope="module")
def firefox(tmp_path_factory):
    program = shutil.which("firefox") or shutil.which("firefox-esr")
    if program is None:
        pytest.skip("needs Firefox: Debian's package firefox-esr")
    folder = tmp_path_factory.mktemp("firefox")
    words = [program, "--headless", "--profile", str(folder), "--remote-debugging-port=0"]
    # a proxy that is not there: the network is cut
    settings = {"network.proxy.type": 1, "network.proxy.http": "127.0.0.1"}
    settings |= {"network.proxy.ssl": "127.0.0.1", "network.proxy.http_port": 9}
    settings |= {"network.proxy.ssl_port": 9}
    lines = [f"user_pref({json.dumps(k)}, {json.dumps(v)});" for k, v in settings.items()]
    (folder / "user.js").write_text("\n".join(lines))
    environment = os.environ | {"HOME": str(folder)}
    process = subprocess.Popen(words, stderr=subprocess.PIPE, text=True, env=environment)
    assert process.stderr is not None
    address = next(filter(None, (re.search(r"ws://\S+", line) for line in process.stderr)))[0]
    yield Firefox(f"{address}/session")
    process.terminate()
    process.wait()


def test_every_panel_works_in_firefox(firefox, explorer):
    address = (explorer / "explorer.html").as_uri()
    firefox.call("browsingContext.navigate", context=firefox.page, url=address, wait="complete")
    for panel in ("latents", "between", "anomaly", "map"):
        firefox.wait("document.body.dataset.started")
        firefox.run(f"document.querySelector('nav a[href=\"#{panel}\"]').click()")
        if panel == "map":
            point = "const p = document.querySelector('#point'); p.value = 3;"
            firefox.run(point + "p.dispatchEvent(new Event('input'))")
        firefox.wait(f"document.querySelector('#{panel}').dataset.drawn > 0")
    assert firefox.run("document.querySelector('#status').textContent") == ""
    assert firefox.complaints == []
