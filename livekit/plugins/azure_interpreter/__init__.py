"""`from livekit.plugins import azure_interpreter`: another name of `livekit_plugins_azure_interpreter`.

It is the same module, and so are its submodules: no class exists twice, whichever name it is imported by.
`livekit` and `livekit.plugins` have no `__init__.py`: they are namespaces, which all plugins share.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib import import_module
from importlib.abc import InspectLoader, Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from importlib.util import find_spec
from types import CodeType, ModuleType
from typing import TYPE_CHECKING

import livekit_plugins_azure_interpreter

if TYPE_CHECKING:  # type checkers see this file only
    from livekit_plugins_azure_interpreter import *  # noqa: F403

_PREFIX = f"{__name__}."


def _own_name(name: str) -> str:
    return f"{livekit_plugins_azure_interpreter.__name__}.{name.removeprefix(_PREFIX)}"


class _SameModules(MetaPathFinder, Loader):
    """Finds each submodule under its own name, so that it is not loaded a second time under this one."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        own = find_spec(_own_name(fullname)) if fullname.startswith(_PREFIX) else None
        if own is None:
            return None
        package = own.submodule_search_locations is not None
        return ModuleSpec(fullname, self, origin=own.origin, loader_state=own, is_package=package)

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        return import_module(_own_name(spec.name))

    def exec_module(self, module: ModuleType) -> None:
        # It has run already. The import system has just given it the spec of this name.
        assert module.__spec__ is not None
        module.__spec__ = module.__spec__.loader_state

    def get_code(self, fullname: str) -> CodeType | None:
        """For `python -m`."""
        own = find_spec(_own_name(fullname))
        return own.loader.get_code(own.name) if own and isinstance(own.loader, InspectLoader) else None


sys.meta_path.insert(0, _SameModules())
sys.modules[__name__] = livekit_plugins_azure_interpreter
