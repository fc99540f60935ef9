"""What every run of pytest has: a temporary folder of its own, which goes with it."""

import os
import shutil
import tempfile

import pytest


def pytest_configure(config: pytest.Config) -> None:
    if hasattr(config, "workerinput"):
        return  # a worker of pytest-xdist, to which all of this is passed on
    folder = tempfile.mkdtemp(prefix="ternary-test-")
    config.add_cleanup(lambda: shutil.rmtree(folder, ignore_errors=True))
    # For the programs that tests start as well.
    os.environ["TMPDIR"] = tempfile.tempdir = folder
    if not config.option.basetemp:
        config.option.basetemp = os.path.join(folder, "pytest")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What takes longest comes first, so that no worker is left alone with it at the end."""
    items.sort(key=lambda item: item.get_closest_marker("slow") is None)
