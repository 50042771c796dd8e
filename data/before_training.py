"""The test part is looked at before training: is it there, is it whole, do its classes fit? No picture is opened."""

from copy import copy

from data.pictures.pictures import Files


class NoTestSplit(ValueError):
    """The set is for pre-training and has no test images."""


def look_at(module) -> str | None:
    """ValueError if the test part of an ImageData is wrong, FileNotFoundError if it is missing and the run ends with it.

    A run that keeps held-out images is not evaluated on the test part: then a missing one is returned as a line.
    """
    try:
        check_test_part(module)
    except (NoTestSplit, FileNotFoundError) as error:
        if module.train_on == "all":
            raise
        return (
            None if isinstance(error, NoTestSplit) else f"{error} (needed by a run with train_on all, not by this one)"
        )
    return None


def check_test_part(module) -> None:
    """What is counted here is no part of the run's record, for the test part is not loaded."""
    apart = copy(module)
    apart.skipped_groups, apart.skipped_at_setup = set(), module.skipped_at_setup.copy()
    images, labels, *_ = apart.with_valid_labels("test", *apart.test_listing())
    where = f"{type(module).__name__}, test"
    if not len(labels):
        raise ValueError(f"{where}: no images in it; add some, since they are evaluated at the end")
    absent = images.absent() if isinstance(images, Files) else []
    if len(absent) > (module.skip_limit * len(labels) if module.on_error == "skip" else 0):
        count = f"{len(absent):,} of {len(labels):,} test pictures are missing"
        raise FileNotFoundError(f"{where}: {absent[0]}: no such file; {count}: bring them, or the set again")
