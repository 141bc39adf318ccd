"""The documentation site: `make docs` builds it, without network."""

import importlib.util
import os
import pathlib
import sys

ROOT = pathlib.Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("MPLBACKEND", "agg")

import keras_scatter  # noqa: E402
from tools import pages  # noqa: E402

project = "keras_scatter"
author = "The keras_scatter developers"
copyright = author
version = release = keras_scatter.__version__

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.autosummary", "sphinx.ext.napoleon"]
extensions += ["sphinx_gallery.gen_gallery"]
exclude_patterns = ["_templates"]
templates_path = ["_templates"]
source_suffix = {".md": "markdown", ".rst": "restructuredtext"}
default_role = "code"  # docstrings have Markdown's backticks
pygments_style = "friendly"

# Pages: headings of Markdown can be linked to.
myst_heading_anchors = 3

# The reference, from docstrings in Keras's form.
napoleon_numpy_docstring = False
napoleon_use_rtype = False
napoleon_use_ivar = True
napoleon_custom_sections = [
    ("Call arguments", "params_style"),
    ("Methods", "params_style"),
    "Input shape",
    "Output shape",
    "Reference",
]
autosummary_generate = True
autodoc_inherit_docstrings = False
autodoc_member_order = "bysource"
autodoc_default_options = {"inherited-members": True}
# The site can be built where the extras are not installed.
autodoc_mock_imports = [name for name in ("keras_hub", "pycocotools", "sklearn") if not importlib.util.find_spec(name)]

# Scripts that run at build. No page of times: it would load a program from elsewhere.
sphinx_gallery_conf = {
    "examples_dirs": "../gallery",
    "gallery_dirs": "gallery",
    "filename_pattern": r"\.py$",
    "within_subsection_order": "FileNameSortKey",
    "image_scrapers": ("matplotlib",),
    "capture_repr": (),
    "write_computation_times": False,
    "min_reported_time": float("inf"),
    "show_signature": False,
    "download_all_examples": False,
}

html_theme = "furo"
html_title = f"keras_scatter {release}"
html_copy_source = False
html_show_sphinx = False
html_theme_options = {"navigation_with_keys": True}


def setup(app):
    app.connect("builder-inited", lambda app: pages.write(pathlib.Path(app.srcdir) / "generated"))
    app.connect("autodoc-skip-member", pages.skip_member)
    app.connect("autodoc-process-signature", pages.sign)
    app.connect("source-read", pages.link_source)
    app.connect("include-read", pages.link_included)
