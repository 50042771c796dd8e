"""The ids of all runs at every scale. An id ends in the hash of its config, so equal ids are equal configs."""

import hashlib

import pytest

from vit.paths import EXPERIMENTS
from vit.plan import make_plan

# Scale -> number of runs, sha256 of their sorted ids. A change of code alone must not change a line: users would lose
# their finished runs. Whoever changes an experiment, a recipe or a scale puts the new line here, knowing so.
IDS = {
    "mini": (501, "399a933367614b98"),
    "paper": (1896, "5530d798adce4951"),
    "photos": (6, "740bbe53a99ee209"),
    "released": (237, "dfda87e2ade38ebf"),
    "small": (973, "9ef2dff8b2c1fd6b"),
    "smoke": (249, "c991b7a74b6495ae"),
}


def test_every_scale_is_listed():
    assert sorted(IDS) == sorted(path.stem for path in (EXPERIMENTS / "scales").glob("*.yaml"))


@pytest.mark.parametrize("scale", IDS)
def test_runs_keep_their_ids(scale):
    ids = sorted(make_plan(scale).runs)
    assert (len(ids), hashlib.sha256("\n".join(ids).encode()).hexdigest()[:16]) == IDS[scale]
