"""The first page of TensorBoard's texts: what its runs are, how to choose among them, where to read on."""

from pathlib import Path

from vit.atomic import write_bytes
from vit.paths import name_of
from vit.plan import Plan
from vit.report.page import reading_order
from vit.report.tensorboard.events import FILE, event_bytes, text
from vit.report.tensorboard.numbers import columns

TEXT = """\
# {title}

The page `{page}` shows every table beside the paper's numbers; `docs/logs.md` describes what is here.

## The runs in the list

| name | what it is | shown under |
| :-- | :-- | :-- |
| `runs/RECIPE-MODEL-SETS-SEED-HASH` | one training or evaluation, also while it runs; the folder of that name holds its files | Time Series |
| `cells` | this page; the table and the picture of each experiment | Text, Images |
| `cells/EXPERIMENT/CELL` | the numbers of one cell; `CELL` is its row and its column | HParams |
| `cells/EXPERIMENT/CELL/mean`, `min`, `max` | curves over the seeds of a cell | Time Series |

With more than 40 runs, the pages Text, Images and Scalars select none at first: a pattern that fits fewer selects them.

## Patterns for "Filter runs (regex)"

| pattern | what is left |
| :-- | :-- |
| `^cells$` | tables and pictures |
| `/mean$` | one curve for each cell |
| `^cells/table5/.*/mean$` | those of Table 5 |
| `^cells/table5/.*ViT-B-16/` | mean, minimum and maximum of one of its models |
| `^runs/pretrain` | every pre-training |
| `^runs/finetune.*seed` | every fine-tuning, without the runs that choose a learning rate |
| `^runs/.*-lr[0-9.]+-` | the runs that choose a learning rate |

In "Filter tags (regex)", `loss`, `held_out` or `test_` choose curves, `^inspect/` pictures of models while they train.

HParams has a row for each cell: *ours*, *standard deviation* and *paper* are the numbers of the table, in percent or in the
unit of its metric; the numbers after them are means over seeds, accuracies as fractions, as in the curves. Models and data sets
go by the paper's names; where something stands in for them, the column *verdict* says so.

## Experiments

{experiments}

After another `make report`, start TensorBoard again: it does not read a file that was replaced.
"""


def write_explanation(root: Path, plan: Plan) -> None:
    """ROOT's own file, the run `cells`: it lists the experiments that have a folder, and holds the columns of HParams."""
    names = sorted((name for name in plan.experiments if (root / name).exists()), key=reading_order)
    lines = [f"- `{name}`: {plan.experiments[name].title}" for name in names]
    page = TEXT.format(title=plan.scale.title, page=name_of(root.parent / "index.html"), experiments="\n".join(lines))
    write_bytes(root / FILE, event_bytes({0: [text("about", page), columns()]}, 0.0))
