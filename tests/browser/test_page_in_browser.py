"""The page in a real browser, from disk, without a network."""

import fabricated
import pytest

from genbench.report.page import load_whole

OPEN = "article > section:not([hidden])"
CHAPTERS = (
    "ranking",
    "samples",
    "classes",
    "training",
    "latent",
    "anomaly",
    "ood",
    "tsne",
    "sweep",
)
SEEN = "[...document.querySelectorAll(arguments[0])].filter(e => e.checkVisibility())"
LOADED = f"return {SEEN}.every(i => i.complete && i.naturalWidth)"


POINT = """
  const canvas = arguments[0], {width, height} = canvas;
  const {data} = canvas.getContext("2d").getImageData(0, 0, width, height);
  const filled = (x, y) => data[4 * (y * width + x) + 3] > 150;
  for (let y = height >> 1; y < height - 20; y++) for (let x = 20; x < width - 20; x++)
    if ([-1, 0, 1].every(d => filled(x + d, y) && filled(x, y + d))) return [x, y];
"""
"""The middle of a dot in the lower half of a canvas."""


def scroll(browser):
    """Bring every part into the window once."""
    height = browser.run("return document.documentElement.scrollHeight")
    for y in range(0, height, 800):
        browser.run("scrollTo(0, arguments[0])", y)
        browser.draw()


def shown_models(browser):
    return browser.run(f"return {SEEN}.map(e => e.dataset.model)", "#digits-samples [data-model]")


def serious_violations(browser, axe):
    """By rule, the elements that violate it."""
    return {
        violation["id"]: [node["html"][:200] for node in violation["nodes"]][:3]
        for violation in browser.violations(axe)
        if violation["impact"] in ("serious", "critical")
    }


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_every_chapter_draws_its_charts_and_pictures_without_an_error_and_for_everybody(
    browser, page, axe, chapter
):
    browser.open(page, f"#digits-{chapter}")
    charts = f"{SEEN}.filter(e => e.querySelector('script')).length"
    wanted = browser.run(f"return {charts}", "figure.chart")
    scroll(browser)
    browser.wait(f"return {SEEN}.length === arguments[1]", "figure.chart .live .marks", wanted)
    browser.wait(LOADED, "main img")
    assert browser.errors() == []
    assert wanted > 0 or chapter in ("samples", "classes")
    assert serious_violations(browser, axe) == {}


def test_only_the_chosen_chapter_is_seen_and_the_start_has_ranking_and_samples(browser, page):
    browser.open(page, "#digits-latent")
    shown = f"return {SEEN}.map(e => e.id)"
    assert browser.run(shown, OPEN) == ["digits-latent"]
    browser.open(page)
    assert browser.run(shown, OPEN) == ["digits-ranking", "digits-samples"]
    browser.run("document.querySelector('nav a[href=\"#Käfer-training\"]').click()")
    browser.wait(f"return {SEEN}.length === 1", OPEN)
    assert browser.run(shown, OPEN) == ["Käfer-training"]
    assert "at=K%C3%A4fer-training" in browser.driver.current_url


def test_a_click_on_a_head_sorts_its_column_up_and_down(browser, page):
    browser.open(page)
    table = "document.querySelector('#digits-ranking table')"
    heads = f"[...{table}.querySelectorAll('thead button')]"
    column = f"{heads}.findIndex(b => b.textContent.startsWith('recall'))"
    values = (
        f"return [...{table}.tBodies[1].rows].map(r => Number(r.cells[{column} + 1].dataset.value))"
    )
    for falling in (False, True):
        browser.run(f"{table}.querySelectorAll('thead button')[{column}].click()")
        numbers = browser.run(values)
        assert len(numbers) == len(fabricated.MODELS)
        assert numbers == sorted(numbers, reverse=falling)


def test_the_choice_of_models_is_in_the_address_and_comes_back_from_it(browser, page):
    browser.open(page)
    assert set(shown_models(browser)) == set(fabricated.MODELS)
    browser.run("document.querySelector('input[value=wgan]').click()")
    assert set(shown_models(browser)) == set(fabricated.MODELS) - {"wgan"}
    browser.load(browser.driver.current_url)
    assert set(shown_models(browser)) == set(fabricated.MODELS) - {"wgan"}
    browser.run("document.querySelector('#all').click()")
    assert set(shown_models(browser)) == set(fabricated.MODELS)


def test_one_slider_moves_the_snapshots_of_all_models(browser, page):
    browser.open(page, "#digits-training")
    captions = f"return {SEEN}.map(e => e.textContent.trim())"
    ends = {}
    for end in ("min", "max"):
        browser.run(
            f"const s = document.querySelector('#step'); s.value = s.{end};"
            "s.dispatchEvent(new Event('input', {bubbles: true}))"
        )
        ends[end] = browser.run(captions, "#digits-training [data-step] figcaption")
        assert len(ends[end]) == len(fabricated.MODELS)
    assert not set(ends["min"]) & set(ends["max"])
    assert "step=" in browser.driver.current_url
    browser.load(browser.driver.current_url)
    assert browser.run(captions, "#digits-training [data-step] figcaption") == ends["max"]


def test_a_pointer_on_a_point_shows_its_image_and_its_class(browser, page):
    from selenium.webdriver.common.action_chains import ActionChains

    browser.open(page, "#digits-tsne")
    chart = browser.driver.find_element("css selector", "#digits-tsne figure.chart")
    browser.run("arguments[0].scrollIntoView({block: 'center'})", chart)
    browser.wait("return arguments[0].querySelector('canvas')", chart)
    canvas = chart.find_element("css selector", "canvas")
    x, y = browser.run(POINT, canvas)
    left, top = (-canvas.size[side] // 2 for side in ("width", "height"))
    ActionChains(browser.driver, duration=0).move_to_element_with_offset(
        canvas, left + x, top + y
    ).perform()
    browser.wait(f"return {SEEN}.length", "#tip .sprite")
    style = browser.run("return document.querySelector('#tip .sprite').style.backgroundImage")
    assert "tsne-features-images.png" in style
    assert "class <b>" in browser.run("return document.querySelector('#tip').textContent")
    assert browser.run("return document.querySelector('#tip b')") is None


def test_a_click_on_a_legend_hides_its_line_and_another_one_shows_it(browser, page):
    browser.open(page, "#digits-ood")
    chart = browser.driver.find_element("css selector", "#digits-ood .row figure.chart")
    browser.run("arguments[0].scrollIntoView({block: 'center'})", chart)
    label = ".role-legend-label text"
    browser.wait("return arguments[0].querySelector(arguments[1])", chart, ".live " + label)
    opacities = (
        "return [...arguments[0].querySelectorAll('.layer_1_pathgroup path, .mark-line path')]"
        ".filter(p => p.getAttribute('opacity') === '0').length"
    )
    assert browser.run(opacities, chart) == 0
    for hidden in (1, 0):
        chart.find_element("css selector", ".live " + label).click()
        browser.wait(opacities + f" === {hidden}", chart)


def test_a_pointer_on_a_cell_of_a_grid_marks_its_points_in_the_lines_beside_it(browser, page):
    from selenium.webdriver.common.action_chains import ActionChains

    browser.open(page, "#digits-sweep")
    scroll(browser)
    chart = "#digits-sweep figure.chart .live"
    sizes = (
        "return new Set([...document.querySelector(arguments[0]).querySelectorAll("
        "'.mark-symbol.role-mark path')].map(p => p.getAttribute('d'))).size"
    )
    browser.wait(f"return {SEEN}.length", f"{chart} .mark-rect path")
    assert browser.run(sizes, chart) == 1
    cell = browser.driver.find_element("css selector", f"{chart} .mark-rect path")
    browser.run("arguments[0].scrollIntoView({block: 'center'})", cell)
    ActionChains(browser.driver, duration=0).move_to_element_with_offset(cell, 20, 20).perform()
    browser.wait(f"{sizes} === 2", chart)


def test_a_button_gives_a_chart_another_axis_or_other_colors(browser, page):
    for fragment, label in (("#digits-training", "log"), ("#digits-tsne", "by model")):
        browser.open(page, fragment)
        scroll(browser)
        find = f"{SEEN}.find(b => b.textContent === arguments[1])"
        button = browser.wait(f"return {find}", "button.variant", label)
        browser.run("arguments[0].closest('figure').querySelector('.live').id = 'old'", button)
        browser.run("arguments[0].click()", button)
        browser.wait("return !document.querySelector('#old')")
        assert button.get_attribute("aria-pressed") == "true"
        assert browser.errors() == []


def test_a_picture_opens_in_full_size_with_the_next_model_beside_it(browser, page):
    browser.open(page, "#digits-samples")
    browser.run("document.querySelector('#digits-samples .pixels a').click()")
    said = "return document.querySelector('#viewer span').textContent"
    assert browser.run("return document.querySelector('#viewer').open")
    first = browser.run(said)
    browser.run("document.querySelector('#viewer button[value=next]').click()")
    assert first.startswith("real") and not browser.run(said).startswith("real")
    browser.run("document.querySelector('#viewer button[value=close]').click()")
    assert not browser.run("return document.querySelector('#viewer').open")


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_nothing_is_wider_than_a_phone(browser, page, chapter):
    browser.open(page, f"#digits-{chapter}", width=390, height=844)
    scroll(browser)
    assert browser.run("return document.documentElement.scrollWidth") <= 390


def test_without_scripts_every_table_and_chart_is_there(browser, plain_browser, page):
    browser.open(page)
    counted = [
        browser.run(f"return document.querySelectorAll('{tag}').length")
        for tag in ("table", "figure")
    ]
    plain_browser.open(page)
    find = plain_browser.driver.find_elements
    for tag, n in zip(("table", "figure"), counted, strict=True):
        elements = find("css selector", tag)
        assert len(elements) == n > 10
        assert all(element.is_displayed() for element in elements)
    assert not find("css selector", "#controls")[0].is_displayed()


@pytest.mark.parametrize(
    "place, scheme",
    [("glossary", "light"), ("digits-ranking", "dark"), ("digits-training", "dark")],
)
def test_axe_finds_no_serious_violation_elsewhere(browser, page, axe, place, scheme):
    media = {"features": [{"name": "prefers-color-scheme", "value": scheme}]}
    browser.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", media)
    browser.open(page, f"#{place}")
    scroll(browser)
    found = serious_violations(browser, axe)
    browser.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})
    assert found == {}


def test_the_page_as_one_file_shows_everything_without_the_files_beside_it(browser, page, tmp_path):
    path = tmp_path / "sent.html"
    path.write_text(load_whole(page.parent), encoding="utf-8")
    browser.open(path, "#digits-training")
    charts = browser.run(f"return {SEEN}.length", "figure.chart")
    scroll(browser)
    browser.wait(f"return {SEEN}.length === arguments[1]", "figure.chart .live .marks", charts)
    browser.wait(LOADED, "main img")
    browser.open(path, "#digits-samples")
    scroll(browser)
    browser.wait(LOADED, "main img")
    assert browser.errors() == []
