"""index.html as text: what it answers, in which order, from which runs; and that nothing of a run can break out of it."""

import json
import re
from html.parser import HTMLParser

import pytest
from report_runs import cell, finish, finish_all

from vit.paths import results, runs_folder
from vit.plan import make_plan
from vit.report.claims.judged import FAILS, HOLDS, NOT_RUN, UNDECIDED, Judged
from vit.report.page import write_page
from vit.report.page.training_curve import POINTS, training_curve
from vit.report.page.whole_page import page
from vit.report.page.written_page import read_every

CLAIMS = [
    Judged(
        "larger", "Larger sets are better.", "Section 4.3", HOLDS, "gain", 1.85, 0.9, 2.8, 0, "points", "above",
        ("ViT-B/16: 85.55 ±0.21",), ("table5", "figure3"), 1.6, "Both see as many images",
    ),
    Judged("adam", "Adam is ahead of SGD.", "Table 7", FAILS, "gap", -2.0, -3.0, -1.0, 0, "points", "above", (), ("table7",)),
    Judged("near", "They differ by < 1 point.", "Figure 9", UNDECIDED, "gap", 0.6, None, None, 1, "points", "below", (), ()),
    Judged("huge", "ViT-H/14 is best.", "Table 2", NOT_RUN, "gap", None, None, None, 0, "points", "above", (), ()),
]  # fmt: skip


@pytest.fixture(scope="module")
def plan(tmp_path_factory):
    """Table 5 at scale mini finished but for one cell, Table 4 (which needs no run), and Table 7, of which nothing is finished."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("VIT_RESULTS", str(tmp_path_factory.mktemp("results")))
        plan = make_plan("mini", ["table5", "table4", "table7"])
        table5 = make_plan("mini", ["table5"])
        finish_all(table5, lambda run: 0.7 if "scratch" in run else 0.9)
        for run in of_cell(table5).runs:
            (runs_folder("mini") / run / "metrics.json").unlink()
        results("mini").joinpath("table4.md").write_text("rendered")
        write_page(plan)
        yield plan


def of_cell(plan):
    return cell(plan, model="ViT-L/16", pretrain="none", transfer="CIFAR-100")


def written(plan, judged=()):
    shown, errors = read_every(plan, {})
    return page(plan, shown, errors, list(judged))


def data_of(text):
    return json.loads(re.search(r'id="data">(.*?)</script>', text, re.DOTALL)[1])


def test_the_claims_precede_the_counts_and_these_the_tables(plan):
    text = written(plan, CLAIMS)
    places = [text.index(f'id="{name}"') for name in ("top", "claims", "counts", "stand-ins", "table4", "table5")]
    assert places == sorted(places)
    assert "(4): <b>1</b> HOLDS, <b>1</b> DOES NOT HOLD, <b>1</b> UNDECIDED, <b>1</b> NOT RUN" in text


def test_without_judged_claims_there_is_no_such_section(plan):
    assert 'id="claims"' not in written(plan) and "#claims" not in written(plan)


def test_a_claim_is_shown_with_its_interval_its_threshold_and_what_it_rests_on(plan):
    text = written(plan, CLAIMS)
    assert "+1.85 [+0.90, +2.80] points<small>holds above 0 points</small>" in text
    assert "+0.60 points, no interval<small>holds below 1 points</small>" in text
    assert "They differ by &lt; 1 point." in text and "<li>ViT-B/16: 85.55 ±0.21</li>" in text
    assert "of the paper's own numbers: +1.60 points" in text
    assert "<p>Both see as many images.</p>" in text
    assert '<a href="#table5">table5</a>, figure3.' in text  # figure3 is not on the page
    bars = re.findall(r'<svg class="interval".*?</svg>', text)
    assert len(bars) == 3  # none where nothing was run
    position = {name: float(re.search(f'{name}="([^"]*)"', bars[0])[1]) for name in ("cx", "x1", "x2")}
    middle = float(re.search('class="threshold" x1="([^"]*)"', bars[0])[1])
    assert middle < position["cx"] and 'class="side" x="62"' in bars[0] and 'class="side" x="0"' in bars[2]


def test_a_claim_within_a_threshold_holds_on_both_sides_of_0(plan):
    claim = Judged("near", "Level.", "Table 8", UNDECIDED, "gap", 0.5, -0.5, 2.0, 1, "points", "within", (), ())
    (bar,) = re.findall(r'<svg class="interval".*?</svg>', written(plan, [claim]))
    x, width = (float(number) for number in re.search('class="side" x="([^"]*)" y="0" width="([^"]*)"', bar).groups())
    lines = [float(end) for end in re.findall('class="threshold" x1="([^"]*)"', bar)]
    assert (
        lines == [x, x + width] and x + width / 2 == 62
    )  # the middle of the bar, where 0 is; 2.0 is at a margin, 56 from it
    assert width == 2 * 28 and x < float(re.search('cx="([^"]*)"', bar)[1]) < x + width


def test_every_cell_is_counted_once(plan):
    text = written(plan)
    measured = [planned for planned in plan.cells if planned.experiment == "table5"]
    assert f"Measured by training, or on trained models: {len(measured)} cells" in text
    counts = re.search(r"on trained models.*?<ul class=\"counts\">(.*?)</ul>", text)[1]
    assert sum(int(count) for count in re.findall(r"</span>(\d+) [A-Z]", counts)) == len(measured)
    assert f"models, values of recipes, counted FLOPs: {len(plan.facts)} cells" in text


def test_what_is_not_finished_is_named_and_has_no_section(plan):
    text = written(plan)
    assert "Nothing finished yet: table7." in text and 'id="table7"' not in text


def test_stand_ins_are_said_in_a_sentence_and_listed(plan):
    text = written(plan)
    assert "fractals-1k for ImageNet" in text[: text.index('id="counts"')]
    assert "100,000 rendered fractals (100 categories x 1,000)" in text
    paper = make_plan("paper", ["table5"])
    assert 'id="stand-ins"' not in page(paper, [], {}, [])


def test_a_cell_leads_to_its_runs_and_to_those_before_them(plan):
    data = data_of(written(plan))
    chosen = cell(plan, model="ViT-B/16", pretrain="ImageNet", transfer="CIFAR-10")
    (found,) = [
        one for one in data["cells"] if [data["runs"][run]["id"] for run, _ in one.get("seeds", ())] == list(chosen.runs)
    ]  # fmt: skip
    assert [value for _, value in found["seeds"]] == ["90.00"] * 4
    assert [data["runs"][run]["pretrain_seed"] for run, _ in found["seeds"]] == [0, 0, 1, 1]
    before = {data["runs"][run]["id"] for run in found["before"]}
    assert before == plan.with_needs(chosen.runs) - set(chosen.runs) and chosen.upstream in before
    run = data["runs"][found["seeds"][0][0]]
    assert (run["seed"], run["pretrain_seed"]) == (0, 0)
    assert (run["lr"], run["seconds"], data["shared"][run["device"]]) == (0.1, 60.0, "a machine")
    config = {part: data["shared"][position] for part, position in run["config"].items()}
    assert config == plan.runs[run["id"]].config


def test_each_run_is_in_the_data_once_and_an_unfinished_one_is_not(plan):
    data = data_of(written(plan))
    ids = [run["id"] for run in data["runs"]]
    assert len(ids) == len(set(ids)) and not set(of_cell(plan).runs) & set(ids)


def test_rendering_again_gives_the_same_bytes_and_reading_for_others_too(plan):
    before = (results("mini") / "index.html").read_bytes()
    shown, _ = read_every(plan, {})
    assert write_page(plan).read_bytes() == before
    assert write_page(plan, {shown[0].name: shown[0]}).read_bytes() == before


def test_a_run_of_which_only_the_record_was_kept_is_shown_without_a_curve(plan):
    run = cell(plan, model="ViT-B/16", pretrain="ImageNet", transfer="CIFAR-10").runs[-1]
    csv = runs_folder("mini") / run / "metrics.csv"
    kept = csv.read_bytes()
    csv.unlink()
    found = {each["id"]: each for each in data_of(written(plan))["runs"]}
    csv.write_bytes(kept)
    assert "loss" not in found[run] and sum("loss" in each for each in found.values()) > 10


@pytest.mark.parametrize(
    "content", ["", "step,lr\n1,2\n", "step,train_loss\nx,y\n", "step,train_loss\n9", "step,train_loss\n1,nan\n"]
)
def test_a_file_without_losses_gives_no_curve(tmp_path, content):
    (tmp_path / "metrics.csv").write_text(content)
    assert training_curve(tmp_path / "metrics.csv") == ([], [])


def test_a_curve_has_few_points_the_first_and_the_last_among_them(tmp_path):
    lines = "".join(f"{step},{1000 - step}\n" for step in range(1000))
    (tmp_path / "metrics.csv").write_text("step,train_loss\n" + lines)
    steps, losses = training_curve(tmp_path / "metrics.csv")
    assert len(steps) == POINTS and (steps[0], steps[-1], losses[0], losses[-1]) == (0, 999, 1000.0, 1.0)
    assert steps == sorted(set(steps))


class Elements(HTMLParser):
    """Tags with their attributes, in order."""

    def __init__(self, text):
        super().__init__()
        self.found = []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.found.append((tag, dict(attributes)))


def test_texts_of_runs_and_claims_cannot_become_elements(plan):
    evil = "</script><img src=x onerror=alert(1)>"
    run = cell(plan, model="ViT-B/32", pretrain="ImageNet", transfer="CIFAR-10").runs[-1]
    finish(plan, run, 0.9, device=evil)
    claim = Judged("a", evil, evil, HOLDS, evil, 1.0, 0.5, 2.0, 0, evil, "above", (evil,), (evil,))
    text = written(plan, [claim])
    finish(plan, run, 0.9)
    tags = [tag for tag, _ in Elements(text).found]
    images = [attributes for tag, attributes in Elements(text).found if tag == "img"]
    assert tags.count("script") == 2 and not any("onerror" in attributes for attributes in images)
    assert evil in data_of(text)["shared"]


def test_nothing_comes_from_outside(plan):
    text = written(plan, CLAIMS)
    for tag, attributes in Elements(text).found:
        assert not attributes.get("src", "data:").partition("data:")[0] and tag not in ("link", "iframe", "base")
        assert attributes.get("href", "#").startswith("#")
    assert "default-src 'none'" in text


def test_every_link_leads_to_one_place(plan):
    found = [attributes for _, attributes in Elements(written(plan, CLAIMS)).found]
    places = [attributes["id"] for attributes in found if "id" in attributes]
    links = {attributes["href"] for attributes in found if "href" in attributes}
    assert len(places) == len(set(places)) and links <= {f"#{place}" for place in places} and len(links) == 5
