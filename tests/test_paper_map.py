"""docs/paper.md leads from every section, equation, table and figure of the paper to code that is there."""

import re

import pytest

from vit.paths import ROOT

PAGE = (ROOT / "docs" / "paper.md").read_text()
ROWS = {
    "Sections": ["3.1", "3.2", *(f"4.{i}" for i in range(1, 7)), "A", "B.1", "B.1.1", "B.1.2", "C", *(f"D.{i}" for i in range(1, 11))],
    "Equations": [str(i) for i in range(1, 9)],
    "Tables": [str(i) for i in range(1, 10)],
    "Figures": [str(i) for i in range(1, 15)],
}  # fmt: skip


def rows(part):
    """Cells of the rows of the page's table under a heading."""
    text = PAGE.split(f"## {part}\n")[1].split("\n## ")[0]
    lines = [line for line in text.splitlines() if line.startswith("|")][2:]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


@pytest.mark.parametrize("part", ROWS)
def test_every_part_of_the_paper_has_a_row_in_order(part):
    assert list(dict.fromkeys(row[0] for row in rows(part))) == ROWS[part]


@pytest.mark.parametrize("part", ROWS)
def test_every_row_names_code_or_an_experiment_or_says_not_yet(part):
    for row in rows(part):
        assert "`" in "".join(row[2:]) or "not yet" in "".join(row[2:]), row


def test_every_file_and_name_exists():
    named = re.findall(r"`([\w./-]+\.(?:py|yaml))(?:::([\w.]+))?`", PAGE)
    assert len(named) > 50
    for path, name in named:
        text = (ROOT / path).read_text()
        for word in name.split(".") if name else ():
            assert re.search(rf"^\s*(?:def|class) {word}\b|^{word} = ", text, re.M), (path, name)
            text = re.split(rf"^\s*class {word}\b", text, flags=re.M)[-1]  # a method is looked for below its class


def test_every_experiment_exists():
    for name in re.findall(r"`make (\w+)`", PAGE):
        assert list((ROOT / "experiments").rglob(f"{name}.yaml")), name


WITHOUT = {"figure1": "a drawing of the model"}  # a table or figure that no experiment makes -> why


def test_every_table_and_figure_of_the_paper_is_a_target_or_has_a_reason():
    """The other way round too: what gets a target leaves the list."""
    wanted = {f"table{number}" for number in range(1, 10)} | {f"figure{number}" for number in range(1, 15)}
    there = {path.stem for path in (ROOT / "experiments").glob("*.yaml")}
    assert wanted - there == WITHOUT.keys()


UNREAD = {  # CSV of results/paper that no experiment and no code names -> why
    "table6_flops_check.csv": "arithmetic beside Table 6, no numbers of the paper: tests/test_cost.py compares the counted multiply-adds",
}


def test_every_csv_of_the_paper_has_a_reader_or_a_reason():
    """The other way round too: a file that gets a reader leaves the list."""
    experiments = [*(ROOT / "experiments").rglob("*.yaml")]
    read = "".join(path.read_text() for path in (*experiments, *(ROOT / "vit").rglob("*.py")))
    rendered = {f"{path.stem}.csv" for path in experiments}  # scale `paper` renders its tables into the same folder
    files = {path.name for path in (ROOT / "results" / "paper").glob("*.csv")} - rendered
    assert {name for name in files if name not in read} == UNREAD.keys()
