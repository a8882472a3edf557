"""Configuration files of .NET: values by variable names, and XDT transforms.

Rules: variables-and-versions.md 9.2.
"""

from deployments.core.files.dotnet.config import ReplacedConfig, replace_config
from deployments.core.files.dotnet.locating import locate_transforms
from deployments.core.files.dotnet.transforms import Transformed, TransformFailed, apply_transform

__all__ = [
    "ReplacedConfig",
    "TransformFailed",
    "Transformed",
    "apply_transform",
    "locate_transforms",
    "replace_config",
]
