"""An average of weights (`polyak`, or EMA) in pre-training and fine-tuning: it is evaluated and saved, and changes nothing else."""

import numpy as np
import pytest
import torch
from lightning import Trainer
from tiny_runs import FINETUNE, MODEL, PRETRAIN, STEPS, Course, given, loader, trained, weights

from vit.errors import UserError
from vit.run.callbacks.evaluation_mode import evaluation_mode
from vit.tasks import Finetune, Pretrain
from vit.weights import read, save

QUIET = dict(logger=False, enable_checkpointing=False, enable_progress_bar=False, enable_model_summary=False)
TASKS = {"pretrain": (Pretrain, PRETRAIN), "finetune": (Finetune, FINETUNE)}


@pytest.fixture(params=TASKS)
def make(request):
    """A task with this factor and the parameters that all start from."""
    kind, values = TASKS[request.param]

    def made(factor):
        task = kind(**MODEL, **values | dict(polyak=factor))
        given(task, zero_head=True)
        return task

    return made


def averages(start, path, factor):
    for now in path:
        start = factor * start + (1 - factor) * now
        yield start


def test_what_is_left_after_training_is_the_average_and_saved_as_such(tmp_path, make):
    task, path = make(0.9), Course()
    start = weights(task)
    trained(task, "64-true", path)
    *_, expected = averages(start, path.after, 0.9)
    np.testing.assert_allclose(weights(task), expected, rtol=0, atol=1e-12)
    assert np.abs(expected - path.after[-1]).max() > 1e-3
    save(task, tmp_path)
    _, saved = read(tmp_path)
    assert all(torch.equal(saved[name], tensor) for name, tensor in task.model.state_dict().items())


def test_averaging_does_not_change_the_training(make):
    paths = Course(), Course()
    for factor, path in zip((None, 0.9), paths, strict=True):
        trained(make(factor), "64-true", path)
    assert np.array_equal(paths[0].after, paths[1].after)


def test_validation_in_the_middle_sees_the_average_and_training_goes_on_with_the_weights(make):
    quiet, watched = make(0.9), make(0.9)
    start, path, alone = weights(watched), Course(), Course()
    trained(quiet, "64-true", alone)
    options = dict(accelerator="cpu", precision="64-true", num_sanity_val_steps=0, gradient_clip_val=1.0, **QUIET)
    trainer = Trainer(max_steps=STEPS, callbacks=[path], val_check_interval=5, limit_val_batches=1, **options)
    trainer.fit(watched, loader(1, torch.float64), loader(1, torch.float64))
    assert np.array_equal(path.after, alone.after)
    expected = list(averages(start, alone.after, 0.9))
    assert [step for step, _ in path.validated] == [5, 10, 15, 20]
    for step, seen in path.validated:
        np.testing.assert_allclose(seen, expected[step - 1], rtol=0, atol=1e-12)


def test_a_callback_that_evaluates_sees_the_average_too(make):
    class Look(Course):
        def on_train_batch_end(self, trainer, task, *_):
            super().on_train_batch_end(trainer, task)
            with evaluation_mode(task):
                self.validated.append((trainer.global_step, weights(task)))

    task, path = make(0.9), Look()
    start = weights(task)
    trained(task, "64-true", path)
    for (_, seen), expected in zip(path.validated, averages(start, path.after, 0.9), strict=True):
        np.testing.assert_allclose(seen, expected, rtol=0, atol=1e-12)


def test_an_average_needs_weights_fine_enough(make):
    with pytest.raises(UserError, match=r"bf16-true.*bf16-mixed"):
        trained(make(0.9), "bf16-true")
