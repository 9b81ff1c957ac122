"""The explorer in a real browser, from disk, without a network, by real clicks and keys."""

import base64
import struct
import time
import zlib

import explorable
import numpy as np
import pytest
from PIL import Image
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.select import Select

import genbench
from genbench.utils import files

PANELS = ("latents", "between", "anomaly", "map")
CANVAS = """
  const canvas = document.querySelector(arguments[0]), {width, height} = canvas;
  const {data} = canvas.getContext("2d").getImageData(0, 0, width, height);
  return [height, width, [...data].filter((_, i) => i % 4 === 0)];
"""


class Explorer:
    """The page in a browser."""

    def __init__(self, browser, folder):
        self.browser = browser
        self.folder = folder

    def find(self, selector):
        return self.browser.driver.find_element(By.CSS_SELECTOR, selector)

    def settle(self, panel, times=0):
        """Wait until the panel has been drawn so often and is idle; returns how often it was."""
        (drawn,) = self.browser.wait(
            "const {ariaBusy, dataset} = document.querySelector(arguments[0]);"
            "const drawn = Number(dataset.drawn ?? 0);"
            "return ariaBusy !== 'true' && drawn >= arguments[1] && [drawn]",
            f"#{panel}",
            times,
        )
        return drawn

    def after(self, panel, act):
        """Do something, and wait until the panel has been drawn again."""
        before = self.settle(panel)
        act()
        self.settle(panel, before + 1)

    def go(self, panel):
        self.find(f'nav a[href="#{panel}"]').click()
        assert self.find(f"#{panel}").is_displayed()
        if panel != "map":
            self.settle(panel, 1)

    def choose(self, selector, value):
        Select(self.find(selector)).select_by_value(value)

    def gray(self, selector):
        """The gray levels (H, W) of a canvas."""
        height, width, values = self.browser.run(CANVAS, selector)
        return np.array(values).reshape(height, width)

    def code(self, panel):
        """What the code box of a panel says."""
        if not self.find(f"#{panel} details.code").get_attribute("open"):
            self.find(f"#{panel} details.code summary").click()
        return self.find(f"#{panel} details.code pre").text

    def runs(self, panel, monkeypatch):
        """The names that the code of a panel leaves behind in the folder of the pipeline."""
        monkeypatch.chdir(self.folder)
        names: dict = {}
        exec(self.code(panel), names)
        return names


@pytest.fixture
def opened(browser, explorer):
    if browser.driver.current_url.split("#")[0] != (explorer / "explorer.html").as_uri():
        browser.open(explorer / "explorer.html")
        browser.wait("return document.body.dataset.started")
    page = Explorer(browser, explorer)
    page.browser.errors()
    if Select(page.find("#dataset")).first_selected_option.text != "gray":
        page.choose("#dataset", "gray")
    page.go("latents")
    page.choose("#model", "vae")
    page.settle("latents")
    yield page
    assert browser.errors() == []


def test_a_slider_moves_one_latent_and_the_image_is_that_of_the_public_api(opened, monkeypatch):
    opened.choose("#beside", "gan")
    before = opened.gray("#latents figure canvas")
    slider = opened.find("#latents .sliders input")
    opened.after("latents", lambda: slider.send_keys(Keys.END))
    names = opened.runs("latents", monkeypatch)
    assert (names["z"] == 3).sum() == 1
    assert np.abs(opened.gray("#latents figure canvas") - names["image"][0].astype(int)).max() <= 1
    assert (opened.gray("#latents figure canvas") != before).any()
    beside = genbench.load("gray/gan", folder=opened.folder).decode(names["z"])[0, 0].astype(int)
    assert np.abs(opened.gray("#latents figure:nth-of-type(2) canvas") - beside).max() <= 1
    opened.choose("#beside", "")


def test_seed_truncation_and_zero_draw_other_latents(opened, monkeypatch):
    opened.after("latents", opened.find("#next").click)
    first = opened.runs("latents", monkeypatch)["z"]
    opened.after("latents", lambda: opened.find("#truncation").send_keys(Keys.HOME))
    assert np.abs(opened.runs("latents", monkeypatch)["z"]).max() <= 0.2 < np.abs(first).max()
    opened.after("latents", opened.find("#zero").click)
    assert not opened.runs("latents", monkeypatch)["z"].any()
    opened.after("latents", lambda: opened.find("#truncation").send_keys(Keys.END))


def test_a_class_is_chosen_for_conditional_models_alone(opened, monkeypatch):
    assert not opened.find("#label").is_displayed()
    opened.choose("#model", "cvae")
    opened.after("latents", lambda: opened.choose("#label", "1"))
    names = opened.runs("latents", monkeypatch)
    assert "label=" in opened.code("latents") and "<b>one</b>" in opened.code("latents")
    assert np.abs(opened.gray("#latents figure canvas") - names["image"][0].astype(int)).max() <= 1


def test_between_two_images_are_reconstructions_a_path_and_other_classes(opened, monkeypatch):
    opened.go("between")
    number = opened.find("#between .picker:nth-of-type(1) input[type=number]")
    opened.after("between", lambda: number.send_keys(Keys.ARROW_UP))
    opened.after("between", lambda: opened.choose("#path", "lerp"))
    names = opened.runs("between", monkeypatch)
    assert "lerp" in opened.code("between") and len(names["images"]) == 9
    path = opened.gray("#between .path canvas")[:, :88].reshape(8, -1)
    shown = np.stack([path[:, 10 * i : 10 * i + 8] for i in range(9)])
    assert np.abs(shown - names["images"][:, 0].astype(int)).max() <= 1
    point = opened.find("#t")
    opened.after("between", lambda: point.send_keys(Keys.END))
    last = opened.gray("#between .path figure:nth-of-type(2) canvas")
    assert np.abs(last - names["images"][-1, 0].astype(int)).max() <= 1
    assert opened.gray("#between .arithmetic canvas").shape == (8, 28)
    opened.choose("#model", "gan")
    opened.browser.wait("return document.querySelector('#between .path canvas')")
    opened.settle("between")
    assert "seed 0" in opened.find("#between .path figcaption").text
    opened.after("between", lambda: opened.choose("#between .picker select", "test"))
    assert "gan has no encoder" in opened.find("#between .why").text


def test_a_drawing_is_read_as_an_image(opened, monkeypatch):
    opened.go("anomaly")
    opened.after("anomaly", lambda: opened.choose("#anomaly .picker select", "drawing"))
    assert not opened.gray("#anomaly figure canvas").any()
    pencil = opened.find("#anomaly .pencil")
    stroke = ActionChains(opened.browser.driver, duration=10).move_to_element_with_offset(
        pencil, -40, -40
    )
    opened.after("anomaly", stroke.click_and_hold().move_by_offset(80, 80).release().perform)
    image = opened.runs("anomaly", monkeypatch)["image"]
    assert (image[0] == opened.gray("#anomaly figure canvas")).all()
    lit = np.argwhere(image[0] > 100)
    assert len(lit) >= 4 and np.abs(lit[:, 0] - lit[:, 1]).max() <= 1  # along the diagonal
    opened.after("anomaly", opened.find("#anomaly .drawing button").click)
    pencil.send_keys(Keys.SHIFT, Keys.ARROW_RIGHT, Keys.ARROW_RIGHT)
    opened.settle("anomaly")
    assert opened.gray("#anomaly figure canvas")[3:5].max() > 150
    opened.choose("#anomaly .picker select", "test")


def scores_shown(opened):
    rows = opened.browser.driver.find_elements(By.CSS_SELECTOR, "#anomaly tbody tr")
    return {
        row.find_element(By.TAG_NAME, "th").text: float(
            row.find_element(By.TAG_NAME, "td").get_attribute("data-value")
        )
        for row in rows
    }


def test_the_anomaly_panel_scores_an_image_and_follows_its_corruption(opened, monkeypatch):
    opened.go("anomaly")
    clean = scores_shown(opened)
    opened.choose("#corruption", "inversion")
    opened.after("anomaly", lambda: opened.find("#severity").send_keys(Keys.END))
    names = opened.runs("anomaly", monkeypatch)
    model = genbench.load("gray/vae", folder=opened.folder)
    wanted = {name: score[0] for name, score in model.scores(names["image"][None]).items()}
    shown = scores_shown(opened)
    assert shown.keys() == wanted.keys() - {"complexity"} and shown != clean
    for name, score in shown.items():
        assert score == pytest.approx(wanted[name], rel=1e-4), name
    (x,) = files.load_npz(opened.folder / "data" / "processed" / "gray.npz", "test_x")
    assert (names["image"] == 255 - x[0]).all()
    verdicts = [
        cell.text
        for cell in opened.browser.driver.find_elements(
            By.CSS_SELECTOR, "#anomaly tbody td:last-child"
        )
    ]
    assert set(verdicts) <= {"normal", "anomaly"} and "anomaly" in verdicts
    assert opened.gray("#anomaly .near canvas").shape == (8, 48)
    error = opened.gray("#anomaly .pictures figure:nth-of-type(3) canvas")
    white = np.quantile(model.error_map(x[:200]), 0.999)
    wanted = (255 * model.error_map(names["image"][None])[0] / white).clip(0, 255)
    assert np.abs(error - wanted).max() <= 1 and np.ptp(wanted) > 50
    assert "complexity" in opened.find("#anomaly .leftout").text
    opened.after("anomaly", lambda: opened.find("#severity").send_keys(Keys.HOME))
    assert scores_shown(opened) == clean
    opened.choose("#score", "kl")
    opened.browser.wait(
        "return document.querySelector('.chart figcaption').textContent.startsWith('kl')"
    )


def black_png(side: int) -> bytes:
    """A picture of side x side pixels in a few kilobytes."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        check = struct.pack(">I", zlib.crc32(kind + content))
        return struct.pack(">I", len(content)) + kind + content + check

    head = struct.pack(">IIBBBBB", side, side, 1, 0, 0, 0, 0)
    rows = zlib.compress(bytes(side * (side // 8 + 1)))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


BAD = {
    "empty.png": (b"", "is empty"),
    "notes.png": (b"some text that is no picture", "is no picture that can be used"),
    "script.svg": (
        b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>",
        "is no picture",
    ),
    "cut.png": (b"\x89PNG\r\n\x1a\nbroken", "cannot be read: it is damaged"),
    "large.png": (black_png(8000), "at most 40 million"),
    "huge.png": (black_png(40000), "too large"),
    "<img src=x onerror=alert(1)>.jpg": (
        b"\xff\xd8\xff\xe0 no more",
        "cannot be read: it is damaged",
    ),
}


def test_a_bad_file_gets_a_sentence_and_a_good_one_is_resized(opened, tmp_path, monkeypatch):
    opened.go("anomaly")
    opened.choose("#anomaly .picker select", "file")
    field, note = opened.find("#anomaly input[type=file]"), "#anomaly .picker .note"
    for name, (content, sentence) in BAD.items():
        (tmp_path / name).write_bytes(content)
        field.send_keys(str(tmp_path / name))
        said = "return document.querySelector(arguments[0]).textContent.includes(arguments[1])"
        opened.browser.wait(said, note, sentence)
        assert name in opened.find(note).text
    ramp = np.tile(np.arange(0, 240, 2, dtype=np.uint8), (80, 1))
    picture = np.stack([ramp, 0 * ramp, 255 - ramp], 2)
    Image.fromarray(picture).save(tmp_path / "good.png")
    opened.after("anomaly", lambda: field.send_keys(str(tmp_path / "good.png")))
    assert "120 x 80 pixels, resized and cropped to 8 x 8" in opened.find(note).text
    image = opened.runs("anomaly", monkeypatch)["image"]
    wanted = (
        Image.fromarray(picture)
        .convert("L")
        .crop((20, 0, 100, 80))
        .resize((8, 8), Image.Resampling.BOX)
    )
    assert np.abs(image[0] - np.array(wanted).astype(int)).max() <= 3
    opened.choose("#anomaly .picker select", "test")


def test_a_click_on_the_map_decodes_there_and_a_line_shows_what_is_inside(opened, monkeypatch):
    opened.go("map")
    canvas = opened.find("canvas.map")
    opened.after(
        "map",
        ActionChains(opened.browser.driver)
        .move_to_element_with_offset(canvas, 30, 20)
        .click()
        .perform,
    )
    names = opened.runs("map", monkeypatch)
    assert (opened.gray("#map .pictures figure canvas") == names["image"][0]).all()
    decoded = opened.gray("#map .pictures figure:nth-of-type(2) canvas")
    assert np.abs(decoded - names["decoded"][0].astype(int)).max() <= 1
    size = canvas.size
    line = ActionChains(opened.browser.driver, duration=10)
    line.move_to_element_with_offset(
        canvas, 2 - size["width"] // 2, 2 - size["height"] // 2
    ).click_and_hold()
    for dx, dy in ((size["width"] - 5, 0), (0, size["height"] - 5), (5 - size["width"], 0)):
        line.move_by_offset(dx, dy)
    line.release().perform()
    inside = f"{explorable.N} images inside the line"
    opened.browser.wait(
        "return document.querySelector('.lasso figcaption').textContent === arguments[0]", inside
    )
    opened.choose("#model", "gan")
    assert "There is no map of gan" in opened.find("#map .why").text


def test_every_picture_is_saved_as_png(opened, tmp_path):
    where = {"behavior": "allow", "downloadPath": str(tmp_path)}
    opened.browser.driver.execute_cdp_cmd("Browser.setDownloadBehavior", where)
    opened.find("#latents figure button").click()
    end = time.monotonic() + 20
    while not (found := list(tmp_path.glob("*.png"))):
        assert time.monotonic() < end
        time.sleep(0.05)
    with Image.open(found[0]) as saved:
        assert saved.size == (256, 256)
        assert (
            np.array(saved.convert("L"))[16::32, 16::32] == opened.gray("#latents figure canvas")
        ).all()
    opened.go("map")
    opened.find("#map button[aria-label='save map as PNG']").click()
    while not (tmp_path / "map.png").exists():
        assert time.monotonic() < end
        time.sleep(0.05)
    with Image.open(tmp_path / "map.png") as saved:
        assert saved.size == (620, 460) and np.ptp(np.array(saved.convert("RGBA"))) > 100
    opened.go("latents")


def test_another_dataset_has_its_models_and_what_is_left_out_is_said(opened, monkeypatch):
    opened.after("latents", lambda: opened.choose("#dataset", "color"))
    assert opened.find("#model").text.split() == ["res_vae"]
    assert opened.find("#missing").text == "mine is left out: <i>why</i>."
    image = opened.runs("latents", monkeypatch)["image"]
    assert np.abs(opened.gray("#latents figure canvas") - image[0].astype(int)).max() <= 1


@pytest.mark.parametrize("dark", [False, True])
def test_nobody_is_kept_out_of_any_panel(opened, axe, dark):
    media = {"features": [{"name": "prefers-color-scheme", "value": "dark" if dark else "light"}]}
    opened.browser.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", media)
    for panel in PANELS:
        opened.go(panel)
        found = opened.browser.violations(axe)
        assert [(v["id"], v["nodes"][0]["html"]) for v in found] == [], panel


def test_a_thousand_moves_of_a_slider_leak_no_memory(opened):
    move = """
      const [moves, done] = arguments, panel = document.querySelector("#latents");
      const slider = panel.querySelector(".sliders input"), later = r => queueMicrotask(r);
      (async () => {
        for (let i = 0; i < moves; i++) {
          const before = Number(panel.dataset.drawn);
          slider.value = String(((i % 60) - 30) / 10);
          slider.dispatchEvent(new Event("input"));
          while (Number(panel.dataset.drawn) === before) await new Promise(later);
        }
        done();
      })();
    """

    def used(moves):
        opened.browser.driver.execute_async_script(move, moves)
        opened.browser.driver.execute_cdp_cmd("HeapProfiler.collectGarbage", {})
        counters = opened.browser.driver.execute_cdp_cmd("Performance.getMetrics", {})["metrics"]
        values = {each["name"]: each["value"] for each in counters}
        return values["JSHeapUsedSize"], values["Nodes"]

    opened.browser.driver.execute_cdp_cmd("Performance.enable", {})
    heap, nodes = used(100)
    later_heap, later_nodes = used(1000)
    assert later_heap - heap < 500_000  # half a kilobyte a move would be as much
    assert later_nodes <= nodes


def test_nothing_is_asked_of_any_other_place(explorer):
    text = (explorer / "explorer.html").read_text(encoding="utf-8")
    assert "default-src 'none'" in text and "connect-src data: blob:" in text
    assert "Copyright (c) Microsoft Corporation" in text
    wasm = text.split('id="wasm">')[1].split("<")[0]
    assert zlib.decompress(base64.b64decode(wasm), 31)[:4] == b"\0asm"
