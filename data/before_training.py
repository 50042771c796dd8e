"""Checks of the test part before training: is it complete, and are its labels valid? No picture is opened."""

from copy import copy

from data.pictures.pictures import Files


class NoTestSplit(ValueError):
    """The set is for pre-training and has no test images."""


def check_before_training(module) -> str | None:
    """ValueError if the test part of an ImageData is wrong, FileNotFoundError if it is missing and the run needs it.

    A run that holds images out is evaluated on those: for it, a missing test part is a message that is returned.
    """
    try:
        check_test_images(module)
    except NoTestSplit:
        if module.train_on == "all":
            raise
    except FileNotFoundError as error:
        if module.train_on == "all":
            raise
        return f"{error} (this run does not need it; a run with train_on: all does)"
    return None


def check_test_images(module) -> None:
    # A copy: the check would otherwise count skipped images of a part that this run may never load.
    checked = copy(module)
    checked.skipped_groups, checked.skipped_at_setup = set(), module.skipped_at_setup.copy()
    images, labels, *_ = checked.with_valid_labels("test", *checked.test_listing())
    name = f"{type(module).__name__}, test"
    if not len(labels):
        raise ValueError(f"{name}: the test split has no images; add some, they are evaluated after training")
    absent = images.absent() if isinstance(images, Files) else []
    if len(absent) > (module.skip_limit * len(labels) if module.on_error == "skip" else 0):
        raise FileNotFoundError(
            f"{name}: {absent[0]}: no such file; {len(absent):,} of {len(labels):,} test pictures are missing: restore"
            " them, or fetch the set again"
        )
