"""A browser, its network cut; where there is none, these tests are skipped and say so."""

import os
import shutil
import subprocess
import time
from pathlib import Path

import explorable
import fabricated
import pytest

from genbench.explorer import page as explorer_page
from genbench.explorer import runtime
from genbench.report.page import save_report
from genbench.results.run import collect
from genbench.utils.errors import InputError

os.environ["SE_AVOID_STATS"] = "true"
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
ARGUMENTS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--no-first-run",
    "--host-resolver-rules=MAP * ~NOTFOUND",
)


class Browser:
    """A window of 1440 x 900 unless it is told otherwise."""

    def __init__(self, driver):
        self.driver = driver

    def open(self, path, fragment="", width=1440, height=900):
        """Load a page from disk, whose script has run when this returns."""
        size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600}
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
        self.load(path.as_uri() + fragment)

    def load(self, address):
        """Load the page at an address anew, as `open` does."""
        self.driver.get("about:blank")
        self.driver.get(address)
        # on a busy machine the driver may return while the page is still read
        self.wait("return location.protocol === 'file:' && document.readyState === 'complete'")

    def run(self, code, *values):
        """What the code returns in the page."""
        return self.driver.execute_script(code, *values)

    def wait(self, code, *values, seconds=20):
        """The first value of the code that is true."""
        end = time.monotonic() + seconds
        while not (value := self.run(code, *values)):
            assert time.monotonic() < end, code
            time.sleep(0.05)
        return value

    def draw(self):
        """Draw what the window shows: of itself an idle browser without a screen may not."""
        picture = {"format": "jpeg", "quality": 1, "optimizeForSpeed": True}
        self.driver.execute_cdp_cmd("Page.captureScreenshot", picture)

    def violations(self, axe):
        """What axe-core finds in the page that is open; `axe` is its source."""
        if not axe:
            pytest.skip("needs axe-core: npm install --global axe-core")
        self.run(axe)
        return self.run("return axe.run().then(found => found.violations)")

    def errors(self):
        """What the console has complained of since the last call."""
        return [line["message"] for line in self.driver.get_log("browser")]


def start(**preferences):
    """A driver of the browser that is there."""
    from selenium import webdriver
    from selenium.webdriver.chrome.service import Service

    found = next(filter(None, map(shutil.which, BROWSERS)), None)
    chromedriver = shutil.which("chromedriver")
    if not (found and chromedriver):
        pytest.skip("needs a browser: the Debian packages chromium and chromium-driver")
    options = webdriver.ChromeOptions()
    options.binary_location = found
    for argument in ARGUMENTS:
        options.add_argument(argument)
    options.add_experimental_option("prefs", preferences)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    return webdriver.Chrome(options=options, service=Service(chromedriver))


@pytest.fixture(scope="session")
def browser():
    driver = start()
    yield Browser(driver)
    driver.quit()


@pytest.fixture(scope="session")
def plain_browser():
    """One that runs no scripts of pages."""
    driver = start(**{"profile.managed_default_content_settings.javascript": 2})
    yield Browser(driver)
    driver.quit()


@pytest.fixture(scope="session")
def axe():
    """The source of axe-core, which checks pages for accessibility; "" without it."""
    npm = shutil.which("npm")
    root = npm and subprocess.run([npm, "root", "--global"], capture_output=True, text=True)
    path = Path(root.stdout.strip() if root else "", "axe-core", "axe.min.js")
    return path.read_text(encoding="utf-8") if path.exists() else ""


@pytest.fixture(scope="session")
def page(tmp_path_factory):
    """The report of made-up results on two datasets, in a folder with a name that needs care."""
    root = tmp_path_factory.mktemp("report") / "100 % ü#"
    root.mkdir()
    choices = fabricated.params()
    save_report(choices, collect(choices, *fabricated.tree(root)), root / "reports")
    return root / "reports" / "index.html"


@pytest.fixture(scope="session")
def explorer(tmp_path_factory):
    """Models as the pipeline leaves them and explorer.html, in a folder whose name needs care."""
    folder = tmp_path_factory.mktemp("explorer") / "100 % ü#"
    models = {
        "gray": ((1, 8, 8), ("vae", "gan", "cvae", "flow_matching")),
        "color": ((3, 10, 10), ("res_vae",)),
    }
    try:
        engine = runtime.install()
    except InputError as error:
        pytest.skip(str(error))
    content = explorable.content(folder, models)
    explorer_page.save_page(content, engine, folder / "explorer.html")
    return folder
