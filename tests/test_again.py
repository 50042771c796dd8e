"""`python -m vit again`: how far the cells of two rendered CSVs are from each other."""

import csv
import random
from math import sqrt

import pytest

from vit.__main__ import main
from vit.errors import UserError
from vit.paths import ROOT
from vit.report.again.again_files import write_again
from vit.report.again.measured import read_measured
from vit.report.again.moves import moves_between, root_mean_square, telling_axes
from vit.report.provenance import provenance_of

HEAD = "experiment,model,transfer,metric,ours_mean,ours_std,n,planned,paper,difference,verdict,pretrain_run,runs,lr,seconds"
STATED = (  # a cell that moves by 2.5 spreads, one by 1, one with spread 0, one with a single seed, one not finished, one alone
    "x,A,one,test_accuracy,80.0000,0.4000,2,2,,,NO PAPER VALUE,,a;b,0.1,1.0",
    "x,A,two,test_accuracy,70.0000,1.0000,2,2,,,NO PAPER VALUE,,c;d,0.1,1.0",
    "x,B,one,test_accuracy,60.0000,0.0000,2,2,,,NO PAPER VALUE,,e;f,0.1,1.0",
    "x,B,two,test_accuracy,50.0000,,1,1,,,NO PAPER VALUE,,g,0.1,1.0",
    "x,C,one,test_accuracy,,,0,2,,,MISSING,,h,,",
    "x,C,two,test_accuracy,40.0000,,1,1,,,NO PAPER VALUE,,i,0.1,1.0",
    "x,A,,exaflops_counted,2.0000,,,,,,REPRODUCED,,,,",
)
AGAIN = (  # in another order
    "x,B,two,test_accuracy,50.0000,,1,1,,,NO PAPER VALUE,,g,0.1,1.0",
    "x,B,one,test_accuracy,60.1000,0.2000,2,2,,,NO PAPER VALUE,,e;f,0.1,1.0",
    "x,A,two,test_accuracy,71.0000,0.3000,2,2,,,NO PAPER VALUE,,c;d,0.03,1.0",
    "x,C,one,test_accuracy,45.0000,,1,2,,,NO PAPER VALUE,,h,0.1,1.0",
    "x,A,one,test_accuracy,79.0000,0.4000,2,2,,,NO PAPER VALUE,,a;z,0.1,1.0",
    "x,A,,exaflops_counted,3.0000,,,,,,REPRODUCED,,,,",
)
MADE = "From 9 runs of 2 min in sum, 1 min from the first start to the last end (0 resumed); 2026-01-02; {}, 1 thread; torch 2.6.0; commit {}.\n"


@pytest.fixture
def folders(tmp_path, monkeypatch):
    """(what was stated, what was made anew): results folders with mini/x.csv; VIT_RESULTS is the first."""
    for name, lines in (("stated", STATED), ("anew", AGAIN)):
        (tmp_path / name / "mini").mkdir(parents=True)
        (tmp_path / name / "mini" / "x.csv").write_text("\n".join([HEAD, *lines]) + "\n")
    monkeypatch.setenv("VIT_RESULTS", str(tmp_path / "stated"))
    return tmp_path / "stated", tmp_path / "anew"


def moves_of(folders):
    return moves_between(*(read_measured(folder / "mini" / "x.csv") for folder in folders))


def test_cells_are_found_by_their_axes_and_metric_wherever_they_stand(folders):
    found = {(move.stated.axes["model"], move.stated.axes["transfer"]): move for move in moves_of(folders).moves}
    assert {key: move.difference for key, move in found.items()} == {
        ("A", "one"): -1.0, ("A", "two"): 1.0, ("B", "one"): 0.1, ("B", "two"): 0.0,
    }  # fmt: skip
    assert found["A", "one"].spreads == -2.5 and found["A", "two"].spreads == 1.0 and found["B", "two"].spreads is None
    assert found["B", "one"].spreads == float("inf") and [key for key, move in found.items() if move.far] == [
        ("A", "one"),
        ("B", "one"),
    ]


def test_the_order_of_lines_and_columns_of_axes_changes_nothing(folders):
    path = folders[1] / "mini" / "x.csv"
    with open(path, newline="") as file:
        head, *rows = csv.reader(file)
    before = moves_of(folders)
    random.Random(0).shuffle(rows)
    swapped = [[row[0], row[2], row[1], *row[3:]] for row in [head, *rows]]
    path.write_text("\n".join(map(",".join, swapped)) + "\n")
    assert moves_of(folders).moves == before.moves


def test_cells_with_a_number_in_one_file_only_are_listed(folders):
    moves = moves_of(folders)
    assert [cell.axes for cell in moves.only_stated] == [{"model": "C", "transfer": "two"}]
    assert [cell.axes for cell in moves.only_again] == [{"model": "C", "transfer": "one"}]
    text = write_again("mini", "x", str(folders[1]))
    assert "no number in the new file: C / two" in text and "no number in the stated file: C / one" in text


def test_the_summary_by_hand(folders):
    text = write_again("mini", "x", str(folders[1]))
    squares = sqrt((1 + 1 + 0.01) / 3), sqrt((0.16 + 1 + 0) / 3)
    for line in (
        "3 of 4 cells in points moved",
        "2 of the 3 with a spread moved by more than 2 spreads",
        "root mean square over those: moves {:.2f}, stated spreads {:.2f} points".format(*squares),
        "1 cells state no spread, as they have one seed",
        "the largest move: -1.00 points (in spreads: -2.5), A / one",
        "another learning rate was chosen in 1 of 4 cells",
        "1 of 4 cells come from runs of other names: their configs are not the same, so more than chance moves them",
    ):
        assert line in text.splitlines(), line
    assert root_mean_square([3, 4]) == sqrt(12.5)


def test_what_was_written_is_what_was_printed(folders):
    main(["again", "--scale", "mini", "x", "--other", str(folders[1])])
    shown, table = ((folders[0] / "mini" / "again" / f"x.{ending}").read_text() for ending in ("md", "csv"))
    assert "| A / one | 80.00 ±0.40 | 79.00 | -1.00 | -2.5 | 0.1 |" in shown
    assert "| A / two | 70.00 ±1.00 | 71.00 | +1.00 | +1.0 | 0.1 → 0.03 |" in shown
    rows = {(row["model"], row["transfer"]): row for row in csv.DictReader(table.splitlines())}
    assert len(rows) == 6 and (rows["A", "two"]["move"], rows["A", "two"]["again_lr"]) == ("1.0000", "0.03")
    assert (rows["C", "one"]["stated_mean"], rows["C", "one"]["again_mean"], rows["C", "one"]["move"]) == (
        "",
        "45.0000",
        "",
    )


def test_device_versions_and_commit_are_those_of_the_rendered_pages_and_unknown_without_one(folders):
    (folders[0] / "mini" / "x.md").write_text("# x\n\n" + MADE.format("a processor", "abc1234"))
    text = write_again("mini", "x", str(folders[1])).splitlines()
    assert "devices: a processor, 1 thread → unknown" in text
    (folders[1] / "mini" / "x.md").write_text(
        "# x\n\n" + MADE.format("a GPU", "def5678+ (+: with uncommitted changes)")
    )
    text = write_again("mini", "x", str(folders[1])).splitlines()
    assert {
        "devices: a processor, 1 thread → a GPU, 1 thread",
        "commit: abc1234 → def5678+",
        "versions: the same (torch 2.6.0)",
    } <= {*text}


RENDERED = sorted(path.stem for path in (ROOT / "results" / "mini").glob("*.csv") if "ours_mean" in path.read_text())


@pytest.mark.parametrize("name", RENDERED)
def test_every_committed_table_equals_itself_and_tells_what_it_was_made_with(name):
    cells = read_measured(ROOT / "results" / "mini" / f"{name}.csv")
    moves = moves_between(cells, cells)
    assert moves.moves and not moves.only_stated and not moves.only_again
    assert not [move for move in moves.moves if move.difference or move.far]
    labels = {tuple(cell.axes.get(axis) for axis in telling_axes(moves.cells)) for cell in moves.cells}
    assert len(labels) == len(cells)
    made = provenance_of((ROOT / "results" / "mini" / f"{name}.md").read_text())
    assert "thread" in made["devices"] and "torch" in made["versions"] and made["commit"] and made["dates"][:3] == "202"


MISTAKES = [  # what x.csv of the new folder is -> words of the message
    (None, "x.csv: no such file"),
    ("experiment,model,fact,ours,paper,difference,verdict\n", "nothing is trained for it"),
    ("a,b\n1,2\n", "no column 'experiment'"),
    (
        f"{HEAD}\nx,A,one,test_accuracy,eighty,,1,1,,,MISSING,,a,0.1,1.0\n",
        "x.csv:2: ours_mean: 'eighty' is not a number",
    ),
    (f"{HEAD}\nx,A\n", "x.csv:2: 2 values for 15 columns"),
    ("\n".join([HEAD, AGAIN[0], AGAIN[0]]), "x.csv:3: a second cell with the same axes"),
    (f"{HEAD}\n", "no cell has a number in"),
]


@pytest.mark.parametrize(("content", "words"), MISTAKES)
def test_a_mistake_is_one_line_and_nothing_is_written(folders, content, words):
    path = folders[1] / "mini" / "x.csv"
    path.unlink() if content is None else path.write_text(content)
    with pytest.raises(UserError) as error:
        write_again("mini", "x", str(folders[1]))
    assert words in str(error.value) and "\n" not in str(error.value)
    assert not (folders[0] / "mini" / "again").exists()


def test_a_file_is_not_compared_with_itself(folders):
    with pytest.raises(UserError, match="--other"):
        write_again("mini", "x", str(folders[0]))
