"""The demo, built once for all processes, or the reason why it cannot be."""

import os
import pathlib
import shutil

import pytest

from demo import build
from keras_scatter import files

HERE = pathlib.Path(__file__).parent
MODULES = build.HERE / "node_modules" / "@litertjs"


def pytest_collection_modifyitems(items):
    if MODULES.exists():
        return
    npm = "" if shutil.which("npm") else "npm is not installed, and "
    missing = pytest.mark.skip(reason=f"{npm}packages of the demo are missing: run `npm ci` in demo/")
    for item in items:
        if item.path.parent == HERE and "site" in item.fixturenames:
            item.add_marker(missing)


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
