"""index.html in Chromium: sorting, the runs of a number, phone, dark and printed, and without scripts."""

import re

import pytest
from browser import MISSING, Browser
from report_runs import cell, count_costs, finish_all

from vit.paths import results
from vit.plan import make_plan
from vit.report.claims.judged import HOLDS, NOT_RUN, UNDECIDED, Judged
from vit.report.page.whole_page import page
from vit.report.page.written_page import read_every

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(bool(MISSING), reason=f"not installed: {', '.join(MISSING)}"),
]
CLAIMS = [
    Judged(name, f"A statement of {name}.", "Section 4.3", verdict, "gain", 1.5, 0.5, 2.5, 0, "points", "above", ("a: 1",), ("table5",))
    for name, verdict in (("one", HOLDS), ("two", UNDECIDED), ("three", NOT_RUN))
]  # fmt: skip
PICTURE = '<svg xmlns="http://www.w3.org/2000/svg" width="900" height="90"><rect width="900" height="90"/></svg>'
FIRST = "#table5 td[data-cell] button"
COLUMN = 3  # of Table 5, the first with numbers
TEXTS = f"return [...document.querySelectorAll('#table5 tbody tr')].map(row => row.cells[{COLUMN - 1}].innerText.split('\\n')[0])"
# Colors as Chromium computes them, on a canvas that resolves every notation and mixes what is transparent.
CONTRASTS = """
const context = Object.assign(document.createElement('canvas'), {width: 1, height: 1}).getContext('2d', {willReadFrequently: true});
function painted(colors) {
  colors.forEach((color) => { context.fillStyle = color; context.fillRect(0, 0, 1, 1); });
  const light = [...context.getImageData(0, 0, 1, 1).data].slice(0, 3).map((part) => part / 255)
    .map((part) => part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4);
  return 0.2126 * light[0] + 0.7152 * light[1] + 0.0722 * light[2];
}
function contrast(element) {
  const behind = [];
  for (let at = element; at; at = at.parentElement) behind.unshift(getComputedStyle(at).backgroundColor);
  const [low, high] = [painted(behind), painted([...behind, getComputedStyle(element).color])].sort((a, b) => a - b);
  return (high + 0.05) / (low + 0.05);
}
return [...document.querySelectorAll('h1, h2, p, small, a, b, td, th, .tag, summary, li, dd')]
  .filter((element) => element.checkVisibility()).map((element) => [contrast(element), element.outerHTML.slice(0, 80)]);
"""


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Tables 4, 5 and 6 at scale mini, every run with an accuracy of its own; a picture; three claims; one error."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("VIT_RESULTS", str(tmp_path_factory.mktemp("results")))
        plan = make_plan("mini", ["table4", "table5", "table6"])
        order = {run: i for i, run in enumerate(plan.runs)}
        finish_all(plan, lambda run: 0.5 + (order[run] * 37 % 101) / 250)
        count_costs()
        results("mini").joinpath("table4.md").write_text("rendered")
        results("mini").joinpath("table5.svg").write_text(PICTURE)
        shown, errors = read_every(plan, {})
        path = results("mini") / "index.html"
        path.write_text(page(plan, shown, {**errors, "mine": "mine.yaml: no such key"}, CLAIMS))
        yield path


@pytest.fixture(scope="module")
def browser():
    with Browser() as window:
        yield window


@pytest.fixture
def opened(browser, made):
    browser.show_as()
    browser.open(made)
    yield browser
    assert browser.console_errors() == []


def test_the_first_screen_answers_what_was_reproduced(opened):
    bottom = "return document.querySelector(arguments[0]).getBoundingClientRect().bottom"
    assert all(opened.run(bottom, css) < 800 for css in ("header", ".answer", "#claim-three", "#counts h2"))


def test_every_link_leads_somewhere(opened):
    missing = (
        "return [...document.links].map(l => l.getAttribute('href')).filter(h => !document.getElementById(h.slice(1)))"
    )
    assert opened.run(missing) == [] and opened.run("return document.links.length") > 10


def test_a_column_is_sorted_up_down_and_back(opened):
    before = opened.run(TEXTS)
    button = f"#table5 thead th:nth-child({COLUMN}) button"
    state = f"return document.querySelector('#table5 thead th:nth-child({COLUMN})').getAttribute('aria-sort')"
    values = [float(text.split()[0]) for text in before]
    opened.click(button)
    assert opened.run(state) == "ascending"
    assert [float(text.split()[0]) for text in opened.run(TEXTS)] == sorted(values) != values
    opened.press("Enter")  # the button that was clicked has the focus
    assert opened.run(state) == "descending"
    assert [float(text.split()[0]) for text in opened.run(TEXTS)] == sorted(values, reverse=True)
    opened.press("Enter")
    assert opened.run(state) is None and opened.run(TEXTS) == before


def test_missing_values_are_last_in_both_directions(opened):
    column = "[...document.querySelectorAll('#table6 tbody tr')].map(row => row.cells[2].innerText.split('\\n')[0])"
    for _ in range(2):
        opened.click("#table6 thead th:nth-child(3) button")
        texts = opened.run(f"return {column}")
        missing = [text == "–" for text in texts]
        assert any(missing) and missing == sorted(missing)


def test_a_column_of_names_is_sorted_as_text(opened):
    opened.click("#table6 thead th:nth-child(1) button")
    names = opened.run("return [...document.querySelectorAll('#table6 tbody tr')].map(row => row.cells[0].innerText)")
    assert names[0].startswith("R50+ViT-B/16") and names[-1].startswith("ViT-L/32")


def test_a_number_opens_its_runs_and_escape_closes_them(opened):
    opened.run(f"document.querySelector('{FIRST}').focus()")
    opened.press("Enter")
    assert opened.run("return document.querySelector('dialog').open")
    text = opened.run("return document.querySelector('dialog').innerText")
    table5 = make_plan("mini", ["table5"])
    chosen = cell(table5, model="ViT-B/16", pretrain="none", transfer="CIFAR-10")
    assert (
        all(run in text for run in chosen.runs) and "abc1234" in text and "a machine" in text and "from scratch" in text
    )
    assert opened.run("return document.querySelectorAll('dialog polyline').length") == len(chosen.runs) == 2
    opened.run("document.querySelector('dialog details').open = true")
    config = opened.run("return document.querySelector('dialog details').innerText")
    assert "class_path: vit.tasks.Finetune" in config and f"runs/{chosen.runs[0]}/" in config
    opened.press("Escape")
    assert not opened.run("return document.querySelector('dialog').open")
    assert opened.run(f"return document.activeElement === document.querySelector('{FIRST}')")


def test_the_title_of_a_number_says_of_what_a_bare_number_is(opened):
    opened.click("#table6 td[data-cell] button")
    assert "ViT-B/32 · epochs 7 · CIFAR-10" in opened.run("return document.querySelector('dialog h2').innerText")


def test_a_number_without_training_says_where_it_is_from(opened):
    opened.click("#table4 td[data-cell] button")
    text = opened.run("return document.querySelector('dialog').innerText")
    assert "Nothing is trained" in text and "experiments/recipes/finetune.yaml" in text


def test_a_claim_opens_with_what_it_rests_on(opened):
    visible = "return document.querySelector('#claim-one li').checkVisibility()"
    assert not opened.run(visible)
    opened.press("Enter", "#claim-one summary")
    assert opened.run(visible)


def test_the_cells_of_one_verdict_can_be_highlighted(opened):
    faint = "return [...document.querySelectorAll('main td')].filter(c => getComputedStyle(c).opacity < 1).map(c => c.className)"
    for _ in range(2):
        opened.click("#counts [data-verdict=stand-in] button")
    assert opened.run(faint) == []
    opened.click("#counts [data-verdict=stand-in] button")
    found = opened.run(faint)
    assert found and not [name for name in found if "stand-in" in name]


def test_a_phone_scrolls_only_downwards(opened):
    opened.show_as(width=390, height=844)
    assert opened.run("return document.documentElement.scrollWidth") <= 390
    assert opened.run("return document.querySelector('#table5 .wide').scrollWidth") > 390  # within its own box
    opened.click(".narrow-screen summary")
    opened.click(".narrow-screen a[href='#table6']")
    top = opened.run("return document.querySelector('#table6').getBoundingClientRect().top")
    assert 0 <= top < 400 and opened.run("return document.querySelector('.narrow-screen details').open") is False
    opened.run(f"document.querySelector('{FIRST}').click()")
    assert opened.run("return document.documentElement.scrollWidth") <= 390


def test_a_wide_screen_keeps_the_index_in_sight(opened):
    opened.run("document.querySelector('#table6').scrollIntoView()")
    assert opened.run("return document.querySelector('.wide-screen').getBoundingClientRect().top") == 0
    assert not opened.run("return document.querySelector('.narrow-screen').checkVisibility()")


@pytest.mark.parametrize("dark", [False, True])
def test_every_text_can_be_read(opened, dark):
    """WCAG asks for a contrast of 4.5 between text and what is behind it."""
    opened.show_as(dark=dark)
    contrasts = opened.run(CONTRASTS)
    assert len(contrasts) > 300 and [found for found in contrasts if found[0] < 4.5] == []
    paper = opened.run("return getComputedStyle(document.body).backgroundColor")
    assert (max(map(int, re.findall(r"\d+", paper))) < 60) is dark


def test_printed_there_is_no_index_and_nothing_is_folded(opened):
    opened.show_as(media="print")
    assert not opened.run("return [...document.querySelectorAll('nav')].some(e => e.checkVisibility())")
    hidden = "return [...document.querySelectorAll('main details li, main details p')].filter(e => !e.getBoundingClientRect().height).length"
    assert opened.run(hidden) == 0
    opened.run("window.dispatchEvent(new Event('beforeprint'))")
    assert opened.run("return document.querySelectorAll('main details:not([open])').length") == 0
    opened.run("window.dispatchEvent(new Event('afterprint'))")
    assert opened.run("return document.querySelectorAll('main details[open]').length") == 0


def test_without_scripts_all_tables_can_be_read_and_no_button_is_dead(opened, made):
    opened.devtools("Emulation.setScriptExecutionDisabled", value=True)
    opened.open(made)
    opened.devtools("Emulation.setScriptExecutionDisabled", value=False)
    assert opened.run("return document.querySelectorAll('button').length") == 0
    assert opened.run("return document.querySelector('#table5 td').checkVisibility()")
    opened.click("#table5 details summary")
    assert opened.run("return document.querySelector('#table5 details li').checkVisibility()")
