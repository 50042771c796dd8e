"""The ids of all runs at every scale. An id ends in the hash of its config, so equal ids are equal configs."""

import hashlib

import pytest

from vit.paths import EXPERIMENTS
from vit.plan import make_plan

# Scale -> number of runs, sha256 of their sorted ids. A change of code alone must not change a line: users would lose
# their finished runs. Whoever changes an experiment, a recipe or a scale puts the new line here, knowing so.
IDS = {
    "desk": (806, "ed50723bcfbc9b21"),
    "mini": (673, "4269ef1154164864"),
    "paper": (2007, "973a78d4cf5a1da4"),
    "photos": (6, "740bbe53a99ee209"),
    "released": (388, "9892abeaa44dac0c"),
    "small": (1055, "be107fe20153449c"),
    "smoke": (286, "5b8c7f1e7ff44ad8"),
}


def test_every_scale_is_listed():
    assert sorted(IDS) == sorted(path.stem for path in (EXPERIMENTS / "scales").glob("*.yaml"))


@pytest.mark.parametrize("scale", IDS)
def test_runs_keep_their_ids(scale):
    ids = sorted(make_plan(scale).runs)
    assert (len(ids), hashlib.sha256("\n".join(ids).encode()).hexdigest()[:16]) == IDS[scale]
