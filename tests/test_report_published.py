"""The paper's numbers are looked up by (table, row, column); the expected ones are typed here from the paper."""

import pytest

from vit.errors import UserError
from vit.plan.resolve import load_experiment
from vit.plan.schema import Paper
from vit.report import paper_values
from vit.report.paper_values import Published


def printed(name):
    return Published(Paper(**load_experiment(name).paper))


@pytest.mark.parametrize(
    ("model", "pretrain", "transfer", "value"),
    [
        ("ViT-L/16", "JFT-300M", "CIFAR-100", 94.04),
        ("ViT-B/16", "ImageNet", "CIFAR-10", 98.13),
        ("ViT-B/32", "ImageNet-21k", "ImageNet", 81.28),
        ("ViT-H/14", "JFT-300M", "ImageNet ReaL", 90.33),
        ("ViT-L/32", "ImageNet", "Oxford-IIIT-Pets", 91.35),
        ("ViT-H/14", "ImageNet", "CIFAR-10", None),  # left empty in the paper
        ("ViT-B/16", "none", "CIFAR-10", None),  # no such row
    ],
)
def test_table5(model, pretrain, transfer, value):
    assert printed("table5").value({"model": model, "pretrain": pretrain, "transfer": transfer}) == value


@pytest.mark.parametrize(
    ("model", "epochs", "transfer", "value", "exaflops"),
    [
        ("R50+ViT-L/16", 14, "ImageNet", 87.12, 1668),
        ("ViT-L/16", 14, "CIFAR-100", 94.04, 1567),
        ("ViT-L/16", 7, "CIFAR-100", 93.46, 783),
        ("ViT-H/14", 14, "ImageNet ReaL", 90.36, 4262),  # Table 5 prints 90.33 for the same model
        ("ResNet50x1", 7, "Oxford Flowers-102", 94.26, 50),
    ],
)
def test_table6(model, epochs, transfer, value, exaflops):
    axes = {"model": model, "epochs": epochs, "transfer": transfer}
    assert printed("table6").value(axes) == value
    assert printed("table6").cost(axes) == exaflops


@pytest.mark.parametrize(
    ("pretrain", "measure", "value"),
    [("JFT-300M", "top-1", 61.7), ("JFT-300M", "top-5", 82.1), ("ImageNet-21k", "top-1", None)],
)
def test_appendix_d9(pretrain, measure, value):
    axes = {"model": "ViT-H/14", "pretrain": pretrain, "measure": measure}
    assert printed("objectnet").value(axes) == value


@pytest.mark.parametrize("asked", [7, "7", 7.0])
@pytest.mark.parametrize("written", ["7", "7.0"])
def test_numbers_are_the_same_however_they_are_written(table, asked, written):
    assert table(f"name,epochs,top\nA,{written},90.5\n").value({"model": "A", "epochs": asked}) == 90.5


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        ("name,epochs,best\nA,7,90\n", "table.csv: no column 'top'"),
        ("nmae,epochs,top\nA,7,90\n", "table.csv: no column 'name', did you mean 'nmae'?"),
        ("", "table.csv: no column 'name'"),
        ("name,epochs,top\nA,7,ninety\n", "table.csv:2: column 'top': 'ninety' is not a number"),
        ("name,epochs,top\nA,7,nan\n", "table.csv:2: column 'top': 'nan' is not a number"),
        ("name,epochs,top\nA,7\n", "table.csv:2: expected 3 columns"),
        ("name,epochs,top\nA,7,90,91\n", "table.csv:2: expected 3 columns"),
        ("name,epochs,top\nA,7,90\nA,7.0,91\n", "table.csv: lines 2 and 3 have the same key (name A, epochs 7)"),
    ],
)
def test_a_malformed_table_is_one_line_that_names_file_and_column(table, content, complaint):
    with pytest.raises(UserError) as error:
        table(content).value({"model": "A", "epochs": 7})
    assert complaint in str(error.value) and "\n" not in str(error.value)


def test_a_missing_table_is_one_line(table):
    with pytest.raises(UserError, match=r"table\.csv: no such file"):
        table(None)


@pytest.fixture
def table(tmp_path, monkeypatch):
    """Writes table.csv and opens it as an experiment would."""

    def write(content):
        monkeypatch.setattr(paper_values, "PAPER", tmp_path)
        if content is not None:
            (tmp_path / "table.csv").write_text(content)
        return Published(
            Paper(file="table.csv", match={"model": "name", "epochs": "epochs"}, value="top", tolerance=0.5)
        )

    return write
