"""README, CONTRIBUTING and docs: what they show, name and link is there."""

import csv
import re
import subprocess
import tomllib

import pytest
import yaml

from vit.paths import ROOT
from vit.plan.experiment import experiment_files

PAGES = [
    "README.md",
    "CONTRIBUTING.md",
    "findings/README.md",
    *(f"docs/{path.name}" for path in (ROOT / "docs").glob("*.md")),
]


def committed(name):
    """A rendered file as it was committed: whoever has run `make table5` since has a table of their own."""
    shown = subprocess.run(["git", "-C", ROOT, "show", f"HEAD:{name}"], capture_output=True, text=True)
    return shown.stdout if shown.returncode == 0 else (ROOT / name).read_text()


def text_of(page):
    return (ROOT / page).read_text()


def blocks(text, language):
    return re.findall(rf"```{language}\n(.*?)```", text, re.S)


def test_the_readme_shows_numbers_of_the_rendered_table5():
    rows = csv.DictReader(committed("results/mini/table5.csv").splitlines())
    cells = [row for row in rows if (row["model"], row["transfer"]) == ("ViT-B/16", "CIFAR-10")]
    printed = text_of("results/mini/table5.md")
    shown = re.findall(
        r"^\| (\S.*?)(?: → .*?)? \| (\d+\.\d+ ±\d+\.\d+) \| (.*?) \| (.*) \|$", text_of("README.md"), re.M
    )
    assert [(name, paper, verdict) for name, _, paper, verdict in shown] == [
        (row["pretrain"], row["paper"] or "–", row["verdict"]) for row in cells
    ]
    for (_, ours, _, _), row in zip(
        shown, cells, strict=True
    ):  # the CSV has four digits, so rounding it again may differ
        assert f"**{ours}**" in printed
        numbers = [float(number) for number in ours.split(" ±")]
        assert numbers == pytest.approx([float(row["ours_mean"]), float(row["ours_std"])], abs=0.0051)


ABLATIONS = {
    "pretrain_lr": "pretrain.lr",
    "registers": "registers",
    "conv_stem": "model",
}  # and the axis that each varies


@pytest.mark.parametrize("name", ABLATIONS)
def test_the_readme_shows_the_real_ablations_and_their_results(name):
    assert text_of(f"experiments/ablations/{name}.yaml") in blocks(text_of("README.md"), "yaml")
    rows = [row for row in csv.DictReader(committed(f"results/mini/{name}.csv").splitlines()) if row["base_low"]]
    measured = {}
    for row in rows:
        numbers = (float(row[key]) for key in ("base_difference", "base_low", "base_high"))
        measured.setdefault(row[ABLATIONS[name]], []).append("{:+.2f} [{:+.2f}, {:+.2f}]".format(*numbers))
    shown = [line.split(" | ")[1:4] for line in text_of("README.md").splitlines() if f"[{name}.md]" in line]
    assert shown and all(cells in measured.values() for cells in shown)


def test_the_readme_names_every_scale_and_every_page():
    for scale in (ROOT / "experiments" / "scales").glob("*.yaml"):
        assert f"`{scale.stem}`" in text_of("README.md")
        assert f"`{scale.stem}`" in text_of("docs/running.md")
    for page in PAGES:
        assert page in ("README.md", "findings/README.md") or f"]({page})" in text_of("README.md"), page


@pytest.mark.parametrize("page", PAGES)
def test_every_link_leads_to_a_file_and_a_heading(page):
    for link, heading in re.findall(r"\]\((?!https?:)([^)#]*)#?([^)]*)\)", text_of(page)):
        target = (ROOT / page).parent / link if link else ROOT / page
        name = target.resolve().relative_to(ROOT).as_posix()
        assert committed(name), link
        headings = re.findall(r"^#+ (.*)", committed(name), re.M) if heading else []
        assert not heading or heading in [re.sub(r"[^\w -]", "", one).lower().replace(" ", "-") for one in headings], (
            link
        )


@pytest.mark.parametrize("page", PAGES)
def test_every_path_of_the_repository_exists(page):
    top = "vit|data|bench|tests|experiments|docs|findings|results/paper"
    for path in re.findall(rf"`((?:{top})/[\w./-]+)`", text_of(page)):
        assert "NAME" in path or path.startswith("data/downloads") or (ROOT / path).exists(), path


@pytest.mark.parametrize("page", PAGES)
def test_every_target_of_make_exists(page):
    makefile = text_of("Makefile")
    targets = [
        *re.findall(r"^([a-z-]+):.*## ", makefile, re.M),
        *[path.stem for path in experiment_files()],
        "data-check",
    ]
    inline, lines = re.findall(r"`make ([^`]+)`", text_of(page)), re.findall(r"^make ([^#\n]+)", text_of(page), re.M)
    for words in (*inline, *lines):
        for word in re.sub(r'\S+="[^"]*"', "", words).split():
            assert re.match(r"-|[A-Z_]+=|[A-Z]+$|\.\.\.", word) or word in targets, f"make {words}"


def test_every_experiment_of_ours_has_rendered_results_with_provenance():
    for name in ("table5", "table6", "gelu"):
        text = committed(f"results/mini/{name}.md")
        assert re.search(r"[Cc]ommits? `?[0-9a-f]{7,}", text), name


def test_environment_yml_equals_pyproject():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    conda = yaml.safe_load((ROOT / "environment.yml").read_text())
    pip = next(entry["pip"] for entry in conda["dependencies"] if isinstance(entry, dict))
    assert pip == project["dependencies"] + project["optional-dependencies"]["test"]
    assert "python" + project["requires-python"] in conda["dependencies"]


def test_constraints_pin_every_dependency_without_an_address():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    lines = [line for line in (ROOT / "constraints.txt").read_text().splitlines() if line and not line.startswith("#")]
    pinned = {line.split("==")[0].lower().replace("_", "-") for line in lines}
    assert all(re.fullmatch(r"[A-Za-z0-9._-]+==[A-Za-z0-9.+!]+", line) for line in lines)
    for requirement in project["dependencies"] + project["optional-dependencies"]["test"]:
        assert re.match(r"[A-Za-z0-9_-]+", requirement).group().lower() in pinned


def test_malicious_versions_of_lightning_are_excluded():
    """2.6.2 and 2.6.3 on the registry were malicious uploads."""
    assert '"lightning>=2.6.4"' in (ROOT / "pyproject.toml").read_text()
