import pytest

from genbench.report.formatting import decimals, number, probability
from genbench.report.gallery import Figure
from genbench.report.page import template_environment
from genbench.report.tables import Row, column_texts, make_table
from genbench.results.metric import Metric
from genbench.utils.record import Estimate

HOSTILE = 'a < b & "c" <script>'
ESCAPED = "a &lt; b &amp; &#34;c&#34; &lt;script&gt;"


def render(macro, *data):
    """What a macro of the templates makes of data."""
    return str(getattr(template_environment().get_template("macros.html").module, macro)(*data))


def cells(table):
    return [cell for line in (*table.references, *table.rows) for cell in line.cells]


def test_text_of_tables_is_escaped():
    row = Row(HOSTILE, {"a": 1}, rank=HOSTILE, detail=HOSTILE)
    metric = Metric("a", HOSTILE, note=HOSTILE)
    page = render("table", make_table([metric], [row], first=HOSTILE, references=[row]))
    assert "<script>" not in page and page.count(ESCAPED) == 2 + 1 + 2 * 3


def test_findings_are_escaped():
    assert f"<li>{ESCAPED}</li>" in render("findings", [HOSTILE])


def test_text_and_attributes_of_figures_are_escaped():
    for kind in ("chart", "pixels"):
        figure = Figure(HOSTILE, 9, 8, HOSTILE, kind, HOSTILE, HOSTILE, {"title": HOSTILE})
        page = render("row", [figure])
        assert page.count("<script") == (kind == "chart") and '"c"' not in page
        assert f">{ESCAPED}</p>" in page and f"<figcaption>{ESCAPED}</figcaption>" in page
        assert (
            f'src="{ESCAPED}"' in page
            and f'alt="{ESCAPED}"' in page
            and 'width="9" height="8"' in page
        )


def test_a_value_that_a_template_lacks_is_an_error():
    import jinja2

    with pytest.raises(jinja2.UndefinedError):
        template_environment().get_template("samples.html").render()


@pytest.mark.parametrize(
    "value, text", [(None, "–"), (1234567, "1,234,567"), (0.01234, "0.0123"), (-2.5, "−2.50")]
)
def test_a_number_has_three_significant_digits_and_separated_thousands(value, text):
    assert number(value) == text


@pytest.mark.parametrize(
    "p, text",
    [(1.0, "1"), (0.344, "0.34"), (0.001, "0.001"), (0.00099, "1e-3"), (3e-28, "3e-28"), (0, "0")],
)
def test_a_probability_has_two_digits_and_a_tiny_one_its_power_of_ten(p, text):
    assert probability(p) == text


@pytest.mark.parametrize(
    "values, places",
    [([1, 20], 0), ([0.5, 30.123], 3), ([12.345, 99.1], 1), ([1e-9], 4), ([], 0)],
)
def test_decimals_show_three_digits_of_the_smallest_value(values, places):
    assert decimals(values) == places


def test_the_best_of_a_column_is_bold_and_references_do_not_compete():
    metrics = [Metric("fid", "FID", "lower"), Metric("auroc", "AUROC", "higher")]
    rows = [Row("a", {"fid": 2.5, "auroc": 0.9}), Row("b", {"fid": 1.5, "auroc": 0.8})]
    table = make_table(metrics, rows, first="model", references=[Row("real", {"fid": 0.5})])
    page = render("table", table)
    assert "<b>1.500</b>" in page and "<b>0.900</b>" in page and page.count("<b>") == 2


def test_nothing_is_bold_where_all_are_the_same_or_neither_way_is_better():
    metrics = [Metric("k", "k", "higher"), Metric("n", "n")]
    rows = [Row("a", {"k": 3, "n": 7}), Row("b", {"k": 3, "n": 8})]
    assert "<b>" not in render("table", make_table(metrics, rows, first="model"))


def test_a_column_with_a_caveat_is_gray_with_the_reason_and_marks_no_best():
    metrics = [Metric("a", "A", "lower", caveat=HOSTILE), Metric("b", "B", "lower")]
    rows = [Row("x", {"a": 1, "b": 1}), Row("y", {"a": 2, "b": 2})]
    table = make_table(metrics, rows, first="model")
    page = render("table", table)
    assert page.count("<b>") == 2 and '<td data-value="1"><b>1</b>' in page
    assert f'<th scope="col" class="caveat" title="{ESCAPED}">' in page
    assert page.count('<td class="caveat"') == 2
    assert f"<b>A</b> {ESCAPED}</p>" in page and "<b>B</b>" not in page


def test_what_looks_like_the_best_is_bold_too():
    rows = [Row(n, {"auroc": v}) for n, v in zip("abc", (0.99999, 1.0, 0.5), strict=True)]
    table = make_table([Metric("auroc", "AUROC", "higher", decimals=3)], rows, first="model")
    assert render("table", table).count("<b>1.000</b>") == 2


@pytest.mark.parametrize(
    "places, texts",
    [(1, ["0.0", "123.5"]), (None, ["0.0123", "123.4560"]), ("each", ["0.0123", "123"])],
)
def test_decimals_are_of_the_column_or_of_each_value(places, texts):
    assert column_texts(Metric("a", "A", decimals=places), [0.0123, 123.456]) == texts


def test_a_value_below_chance_is_marked_as_reversed():
    rows = [Row("a", {"auroc": 0.49}), Row("b", {"auroc": 0.5})]
    page = render("table", make_table([Metric("auroc", "AUROC", chance=0.5)], rows, first="model"))
    assert page.count('class="reversed"') == 1 and ">0.490</span>" in page


def test_a_column_without_any_number_is_left_out_and_a_missing_number_is_a_dash():
    metrics = [Metric("a", "A"), Metric("b", "B")]
    page = render("table", make_table(metrics, [Row("x", {"a": 1}), Row("y", {})], first="model"))
    assert ">A</button>" in page and ">B</button>" not in page and "–" in page


def test_an_interval_stands_below_its_value_and_a_number_without_one_alone():
    rows = [Row("a", {"fid": Estimate(value=2.5, low=2.25, high=3)}), Row("b", {"fid": 1.5})]
    intervals = [cell.interval for cell in cells(make_table([Metric("fid", "F")], rows, first="m"))]
    assert intervals == ["2.25 to 3.00", None]


def test_zero_is_a_number_that_a_click_sorts():
    page = render("table", make_table([Metric("a", "A")], [Row("x", {"a": 0})], first="model"))
    assert 'data-value="0"' in page
