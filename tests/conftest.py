"""What several files of tests share."""

import pytest
from processes import Processes


@pytest.fixture(scope="session")
def processes(tmp_path_factory):
    """Real processes that start in a blink."""
    processes = Processes(tmp_path_factory.mktemp("copy"))
    yield processes
    processes.close()
