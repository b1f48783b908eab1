"""How the documentation is built (`nox -s docs`): Sphinx, from these pages and the docstrings."""

from typing import Any, get_origin

import livekit_plugins_azure_interpreter

project = "livekit-plugins-azure-interpreter"
version = release = livekit_plugins_azure_interpreter.__version__
extensions = ["sphinx.ext.autodoc", "sphinx.ext.napoleon", "myst_parser"]
html_theme = "furo"
html_title = f"{project} {version}"
html_copy_source = False

# Docstrings are Google's, with names in `single quotes`: a link where it is something of this package.
default_role = "py:obj"
napoleon_use_ivar = True
autodoc_default_options = {"members": True, "show-inheritance": True}
autodoc_inherit_docstrings = False
autodoc_member_order = "bysource"
autodoc_preserve_defaults = True
autodoc_typehints = "description"
autodoc_typehints_description_target = "documented"
python_maximum_signature_line_length = 88
toc_object_entries_show_parents = "hide"

# Each name of ours must be found; what others name is in their own documentation.
nitpick_ignore_regex = [("py:obj", ".*"), ("py:.*", rf"(?!{livekit_plugins_azure_interpreter.__name__}\b).*")]

myst_heading_anchors = 3


def _without_private(*event: Any) -> tuple[str, str | None] | None:
    """Tests give a class its port as a private argument, which is nobody else's."""
    signature, returned = event[-2:]
    if not signature or ", _" not in signature:
        return None
    return signature[: signature.index(", _")] + ")", returned


def _without_private_bases(*event: Any) -> None:
    """A base that is a class around one of LiveKit's is shown as LiveKit's."""
    bases: list[Any] = event[-1]
    bases[:] = [_of_livekit(base) if _is_around(base) else base for base in bases]


def _is_around(base: Any) -> bool:
    return str(getattr(base, "__module__", "")).endswith("._livekit_private")


def _of_livekit(base: type) -> type:
    return next(one for one in (get_origin(base) or base).__mro__ if not _is_around(one))


def setup(app: Any) -> None:
    app.connect("autodoc-process-bases", _without_private_bases)
    app.connect("autodoc-process-signature", _without_private)
