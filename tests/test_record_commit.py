"""The commit in a record: a + behind it says that code or experiments had changes, which a rendered table is not."""

import subprocess

import pytest

from vit import record


@pytest.fixture
def checkout(tmp_path, monkeypatch):
    def git(*arguments):
        identity = ("-c", "user.name=a", "-c", "user.email=a@example.org")
        subprocess.run(["git", "-C", tmp_path, *identity, *arguments], check=True, capture_output=True)

    git("init")
    for name in ("code.py", "results/table.md"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("first")
    git("add", ".")
    git("commit", "-m", "all")
    monkeypatch.setattr(record, "ROOT", tmp_path)
    record.code.cache_clear()
    yield tmp_path
    record.code.cache_clear()


@pytest.mark.parametrize(("changed", "plus"), [(None, False), ("results/table.md", False), ("code.py", True)])
def test_changes_of_code_are_marked_and_those_of_rendered_tables_are_not(checkout, changed, plus):
    if changed:
        (checkout / changed).write_text("second")
    assert record.code()["commit"].endswith("+") == plus
