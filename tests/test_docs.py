"""What the README shows is what is there."""

import re
import subprocess
import tomllib

import yaml

from vit.paths import ROOT


def block(name):
    """The README's text between a marker and the next `<!-- end -->`."""
    return re.search(rf"<!-- {name}:.*?-->\n(.*?)<!-- end -->", (ROOT / "README.md").read_text(), re.S).group(1).strip()


def committed(name):
    """A rendered file as it was committed: whoever has run `make table5` since has a table of their own."""
    shown = subprocess.run(["git", "-C", ROOT, "show", f"HEAD:{name}"], capture_output=True, text=True)
    return shown.stdout if shown.returncode == 0 else (ROOT / name).read_text()


def table_of(text):
    """The first table of a Markdown text that has a model's name in its head."""
    lines = text.splitlines()
    start = next(i for i, line in enumerate(lines) if line.startswith("|") and "ViT-B/16" in line)
    end = next(i for i in range(start, len(lines)) if not lines[i].startswith("|"))
    return "\n".join(lines[start:end])


def test_the_readme_shows_the_rendered_table5():
    assert block("table5") == table_of(committed("results/mini/table5.md"))


def test_the_readme_shows_the_real_ablation():
    text = (ROOT / "experiments" / "ablations" / "gelu.yaml").read_text().strip()
    assert block("gelu") == f"```yaml\n{text}\n```"


def test_the_readme_names_every_scale_and_every_file_it_links():
    readme = (ROOT / "README.md").read_text()
    for scale in (ROOT / "experiments" / "scales").glob("*.yaml"):
        assert f"`{scale.stem}`" in readme
    for link in re.findall(r"\]\(([^)#]+)\)", readme):
        assert link.startswith("http") or link.startswith("results/mini/") or (ROOT / link).exists(), link


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
