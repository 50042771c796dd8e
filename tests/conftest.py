"""What several files of tests share."""

import sys

import pytest
from processes import Processes


@pytest.fixture(scope="session", autouse=True)
def no_arguments():
    """LightningCLI would read pytest's."""
    words, sys.argv = sys.argv, sys.argv[:1]
    yield
    sys.argv = words


@pytest.fixture(scope="session")
def processes(tmp_path_factory):
    """Real processes that start in a blink."""
    processes = Processes(tmp_path_factory.mktemp("copy"))
    yield processes
    processes.close()
