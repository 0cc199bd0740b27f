"""How Sphinx builds these pages."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

project = "pyworkflow"
author = "the pyworkflow authors"
copyright = "2026, the pyworkflow authors"

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.viewcode"]
exclude_patterns = ["_build"]
html_theme = "furo"
html_title = "pyworkflow"
default_role = "code"  # in docstrings `this` is code
autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_default_options = {"show-inheritance": True}
myst_heading_anchors = 2
nitpicky = False
