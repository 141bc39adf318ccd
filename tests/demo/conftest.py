"""The demo, built once for all processes, or the reason why it cannot be."""

import os
import shutil

import pytest
from compare import BACKEND

from demo import build
from keras_scatter import files

MODULES = build.HERE / "node_modules" / "@litertjs"


def pytest_collection_modifyitems(items):
    reason = _reason()
    for item in items:
        if reason and item.path.parent.name == "demo" and "site" in item.fixturenames:
            item.add_marker(pytest.mark.skip(reason=reason))


def _reason():
    if BACKEND != "tensorflow":
        return "LiteRT files are written by TensorFlow"
    if not MODULES.exists():
        npm = "" if shutil.which("npm") else "npm is not installed, and "
        return f"{npm}packages of the demo are missing: run `npm ci` in demo/"
    return None


@pytest.fixture(scope="session")
def site(tmp_path_factory):
    """The folder of the demo."""
    pytest.importorskip("skimage", reason="scikit-image, whose pictures are samples, is not installed")
    folder = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        folder = folder.parent
    out = folder / "demo"
    with files.claimed(out, wait=-1):
        if not out.exists():
            build.build(out)
    return out
