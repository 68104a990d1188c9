"""Build hook: the Lambda code with its dependencies goes into the wheel as `vmie_constructs/_lambda`."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class LambdaCodeHook(BuildHookInterface[Any]):
    """Puts the Lambda code together when a wheel is built; an editable install takes it from the checkout."""

    PLUGIN_NAME = "custom"

    def dependencies(self) -> list[str]:
        """Have an isolated build install what is vendored, in the exact versions."""
        return [
            f"{name}=={version}" for name, version in self._asset().pinned_distributions(self._root).items()
        ]

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Add the directory to the wheel."""
        if self.target_name != "wheel" or version == "editable":
            return
        staged = self._asset().stage(self._root, self._root / "build" / "lambda")
        build_data["force_include"][str(staged)] = "vmie_constructs/_lambda"

    @property
    def _root(self) -> Path:
        return Path(self.root)

    def _asset(self) -> ModuleType:
        # By path: `import vmie_constructs` would need the CDK, which an isolated build has not.
        path = self._root / "vmie_constructs" / "runtime_asset.py"
        spec = importlib.util.spec_from_file_location("runtime_asset", path)
        if spec is None or spec.loader is None:
            raise ImportError(f"{path} is missing: the wheel cannot be built from an incomplete source tree.")
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return module
