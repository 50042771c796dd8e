"""The ids of all runs at every scale. An id ends in the hash of its config, so equal ids are equal configs."""

import hashlib

import pytest

from vit.paths import EXPERIMENTS
from vit.plan import make_plan

# Scale -> number of runs, sha256 of their sorted ids. A change of code alone must not change a line: users would lose
# their finished runs. Whoever changes an experiment, a recipe or a scale puts the new line here, knowing so.
IDS = {
    "mini": (563, "f5b13b98bce323cf"),
    "paper": (1986, "03e905829ca38691"),
    "photos": (6, "740bbe53a99ee209"),
    "released": (367, "c30f394284131a97"),
    "small": (1034, "f21ac4a784d17479"),
    "smoke": (278, "5f5ff25f40b82613"),
}


def test_every_scale_is_listed():
    assert sorted(IDS) == sorted(path.stem for path in (EXPERIMENTS / "scales").glob("*.yaml"))


@pytest.mark.parametrize("scale", IDS)
def test_runs_keep_their_ids(scale):
    ids = sorted(make_plan(scale).runs)
    assert (len(ids), hashlib.sha256("\n".join(ids).encode()).hexdigest()[:16]) == IDS[scale]
