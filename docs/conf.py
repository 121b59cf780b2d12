"""How Sphinx makes the book: scripts/docs runs it, with every warning an error."""

import sys
from importlib.util import find_spec
from pathlib import Path

import penstock

sys.path.insert(0, str(Path(__file__).resolve().parent))  # for the extensions beside this file

project = "penstock"
author = "the penstock authors"
project_copyright = author
version = release = penstock.__version__

extensions = ["myst_parser", "sphinx.ext.autodoc", "plain_docstrings", "c_reference"]
source_suffix = {".md": "markdown", ".rst": "restructuredtext"}
myst_enable_extensions = ["colon_fence"]
myst_heading_anchors = 3

smartquotes = False  # what is quoted may be code
toc_object_entries = False  # the sidebar has headings, not every name
nitpicky = True
default_role = "code"
primary_domain = "py"
autodoc_default_options = {"members": True, "member-order": "bysource"}
autodoc_typehints_format = "short"
# What only their users have: the book needs no more of them than their names.
autodoc_mock_imports = [name for name in ("stable_baselines3", "torch") if find_spec(name) is None]
python_use_unqualified_type_names = True
# Names of Python's and C's own, for which the book has no page: it is built without a network.
nitpick_ignore_regex = [
    (
        "py:(class|exc)",
        r"bool|bytes|complex|dict|float|int|list|None|object|str|tuple|type|[A-Z]\w*Error|Any|NamedTuple",
    ),
    ("py:(class|exc)", r"(builtins|collections\.abc|contextlib|os|types|typing)\.\w+"),
    ("py:class", r"SupportsDLPack|penstock\._dlpack\.TensorBase"),
    ("py:class", r"(gymnasium|numpy|stable_baselines3|torch)\.[\w.]+|AutoresetMode|VectorEnv|Precision|Random|Axes"),
    ("py:class", r"Colour|Shape|(penstock\.image\.)?Transform"),
    ("py:class", r"penstock\.(recording_modes|loader\.python_transforms)\.\w+"),
    ("c:identifier", r"u?int\d+_t|size_t"),
]

html_theme = "alabaster"
html_theme_options = {
    "description": "Tensors of a native engine, lent to NumPy, torch, JAX and others without a copy",
    "fixed_sidebar": True,
    "page_width": "70rem",
    "sidebar_width": "16rem",
}
html_copy_source = False
html_show_sourcelink = False
pygments_style = "friendly"
