"""Make accepts a data folder with spaces in its name."""

import os
import subprocess

from vit.plan.files import ROOT


def test_the_rule_for_fetched_sets_is_one_rule_whatever_the_name_of_the_data_folder(tmp_path):
    environment = {**os.environ, "VIT_DATA": str(tmp_path / "my own data")}
    made = subprocess.run(["make", "help"], cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert (made.returncode, made.stderr) == (0, "")
