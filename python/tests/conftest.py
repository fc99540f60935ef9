"""What the tests of the package share: compiled models."""

import os

import pytest
from built import HAS_EXTENSION, HGRN, PACKAGE, SHAKESPEARE

if HAS_EXTENSION:
    import ternary
else:
    # As in builds with sanitizers, which an interpreter without them cannot load.
    collect_ignore_glob = ["test_*.py"]


@pytest.fixture(scope="session")
def shakespeare() -> "ternary.Model":
    """The demo model, compiled once."""
    return ternary.load(SHAKESPEARE).compile(self_test=0)


@pytest.fixture(scope="session")
def hgrn_graph() -> "ternary.Graph":
    return ternary.load(HGRN)


@pytest.fixture(scope="session")
def hgrn(hgrn_graph: "ternary.Graph") -> "ternary.Model":
    """A tiny MatMul-free model with random weights and no tokenizer."""
    return hgrn_graph.compile(self_test=0)


@pytest.fixture
def environment() -> dict[str, str]:
    """In which a Python of its own finds the package."""
    return dict(os.environ, PYTHONPATH=str(PACKAGE))
