"""inspect_every draws the model in TensorBoard while it trains, and changes nothing else."""

import io

import numpy as np
import pytest
import torch
from folder_runs import SavesEvery, smoke_config, trained_in
from PIL import Image
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from vit.errors import UserError
from vit.plan import make_plan
from vit.plan.cells import digest
from vit.plan.inspection import PANELS
from vit.run.callbacks.looking_inside import InspectDuringTraining

STEPS, EVERY = 9, 4
WATCHED = {"class_path": "vit.run.callbacks.looking_inside.InspectDuringTraining", "init_args": {"every": EVERY}}
OPTIONS = {"depth": 2, "width": 32, "heads": 2, "mlp": 64, "patch": 8}
RESNET = {"units": [1, 1], "width_factor": 0.5}


def trained(folder, watched, start="pretrain-ViT-B-16-fractals-80", options=OPTIONS, dropout=0.1, **data):
    """The CLI after a fit; with dropout, so that a draw of random numbers by the callback would show."""
    config = smoke_config(start)
    config["trainer"]["max_steps"] = STEPS
    config["model"]["init_args"].update(dropout=dropout, options=options)
    config["data"]["init_args"].update(data)
    config["trainer"].update({"callbacks": [WATCHED]} if watched else {})
    return trained_in(folder, config, SavesEvery(folder, 5))


def pictures(folder):
    """(tag, step) -> image array, of everything in TensorBoard."""
    events = EventAccumulator(str(folder), size_guidance={"images": 0}).Reload()
    return {
        (tag, image.step): np.asarray(Image.open(io.BytesIO(image.encoded_image_string)))
        for tag in events.Tags()["images"]
        for image in events.Images(tag)
    }


@pytest.fixture(scope="module")
def watched(tmp_path_factory):
    """(its folder, the CLI, the random state at its end)."""
    folder = tmp_path_factory.mktemp("watched")
    return folder, trained(folder, watched=True), torch.get_rng_state()


def test_training_is_bit_for_bit_what_it_is_without(watched, tmp_path):
    expected = trained(tmp_path, watched=False).model.model.state_dict()
    assert torch.equal(torch.get_rng_state(), watched[2])
    for name, tensor in watched[1].model.model.state_dict().items():
        assert torch.equal(tensor, expected[name]), name
    assert pictures(tmp_path) == {}


def test_every_kind_of_picture_is_there_at_each_interval_and_shows_something(watched):
    drawn = pictures(watched[0])
    assert drawn.keys() == {(f"inspect/{name}", step - 1) for name in PANELS for step in (4, 8)}
    for picture in drawn.values():
        assert picture.shape[2] == 3 and len(np.unique(picture)) > 10
    for name in PANELS:  # the model has changed in between, the images have not
        assert not np.array_equal(drawn[f"inspect/{name}", 3], drawn[f"inspect/{name}", 7])


def test_where_nothing_is_held_out_training_images_are_looked_at(tmp_path):
    trained(tmp_path, watched=True, train_on="all")
    assert len(pictures(tmp_path)) == 2 * len(PANELS)


def test_a_model_without_attention_is_refused_before_it_trains(tmp_path):
    with pytest.raises(UserError, match=r"inspect_every: ResNet50x1 .*no attention"):
        trained(tmp_path, watched=True, start="pretrain-ResNet50x1", options=RESNET, dropout=0.0)


def test_an_interval_is_above_0():
    with pytest.raises(UserError, match="inspect_every"):
        InspectDuringTraining(0)


def test_a_run_has_the_same_id_whether_it_is_watched_or_not():
    config = smoke_config("pretrain-ViT-B-16-fractals-80")
    other = {"class_path": "vit.early_stopping.BestHeldOut", "init_args": {"every": 2}}
    assert digest({**config, "trainer": {**config["trainer"], "callbacks": [WATCHED]}}) == digest(config)
    stopped = {**config, "trainer": {**config["trainer"], "callbacks": [other]}}
    assert digest(stopped) != digest(config)
    assert digest({**config, "trainer": {**config["trainer"], "callbacks": [other, WATCHED]}}) == digest(stopped)


def test_an_experiment_switches_it_on_for_runs_that_others_share(experiments):
    gelu = experiments / "ablations" / "gelu.yaml"
    gelu.write_text(gelu.read_text().replace("  model: [", "  pretrain.inspect_every: [4]\n  model: [", 1))
    plain, watched = (make_plan("smoke", [name]).runs for name in ("table5", "gelu"))
    together = make_plan("smoke", ["table5", "gelu"]).runs
    shared = plain.keys() & watched.keys()
    assert any(plain[run].pretrains for run in shared)
    for run in shared:
        assert together[run].config == watched[run].config
        assert ("callbacks" in watched[run].config["trainer"]) == plain[run].pretrains
