import pytest

from genbench.report.html import Column, Html, decimals, join, number, table, tag


def test_text_is_escaped_and_html_is_not():
    assert tag("p", "a < b", tag("b", "&")) == "<p>a &lt; b<b>&amp;</b></p>"
    assert isinstance(tag("p"), Html)


def test_attributes_are_escaped_and_empty_ones_left_out():
    assert tag("a", href='x" onclick="y', class_=None) == '<a href="x&quot; onclick=&quot;y"></a>'
    assert tag("img", src="x", alt="") == '<img src="x">'


def test_children_may_be_nested_and_none_is_nothing():
    assert join("a", None, ["b", ("c", tag("i", "d"))]) == "abc<i>d</i>"


@pytest.mark.parametrize(
    "value, text", [(None, "–"), (1234567, "1,234,567"), (0.01234, "0.0123"), (-2.5, "−2.50")]
)
def test_a_number_has_three_significant_digits_and_separated_thousands(value, text):
    assert number(value) == text


@pytest.mark.parametrize(
    "values, places",
    [([1, 20], 0), ([0.5, 30.123], 3), ([12.345, 99.1], 1), ([1e-9], 4), ([], 0)],
)
def test_decimals_show_three_digits_of_the_smallest_value(values, places):
    assert decimals(values) == places


def test_the_best_of_a_column_is_bold_and_floors_do_not_compete():
    columns = [Column("fid", "FID", "lower"), Column("auroc", "AUROC", "higher")]
    rows = [{"name": "a", "fid": 2.5, "auroc": 0.9}, {"name": "b", "fid": 1.5, "auroc": 0.8}]
    page = table(columns, rows, first="model", above=[{"name": "real", "fid": 0.5}])
    assert "<b>1.500</b>" in page and "<b>0.900</b>" in page and page.count("<b>") == 2


def test_nothing_is_bold_where_all_are_the_same_or_neither_way_is_better():
    rows = [{"name": "a", "k": 3, "n": 7}, {"name": "b", "k": 3, "n": 8}]
    assert "<b>" not in table([Column("k", "k", "higher"), Column("n", "n")], rows, first="model")


def test_what_looks_like_the_best_is_bold_too():
    rows = [{"name": n, "auroc": v} for n, v in zip("abc", (0.99999, 1.0, 0.5), strict=True)]
    page = table([Column("auroc", "AUROC", "higher", places=3)], rows, first="model")
    assert page.count("<b>1.000</b>") == 2


@pytest.mark.parametrize(
    "places, texts",
    [(1, ["0.0", "123.5"]), ("column", ["0.0123", "123.4560"]), ("value", ["0.0123", "123"])],
)
def test_decimals_are_of_the_column_or_of_each_value(places, texts):
    assert Column("a", "A", places=places).texts([{"a": 0.0123}, {"a": 123.456}]) == texts


def test_a_value_below_chance_is_marked_as_reversed():
    rows = [{"name": "a", "auroc": 0.49}, {"name": "b", "auroc": 0.5}]
    page = table([Column("auroc", "AUROC", chance=0.5)], rows, first="model")
    assert page.count('class="reversed"') == 1 and ">0.490</span>" in page


def test_a_column_without_any_number_is_left_out_and_a_missing_number_is_a_dash():
    columns = [Column("a", "A", note="about A"), Column("b", "B", note="about B")]
    page = table(columns, [{"name": "x", "a": 1}, {"name": "y"}], first="model")
    assert "about A" in page and "about B" not in page and "–" in page
