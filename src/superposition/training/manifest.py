"""What a run was made with and how long it took: kept beside the results, where no hash depends on it."""

import platform
from importlib.metadata import version
from typing import Any

import torch

from superposition.training import processor
from superposition.training.kernel import available_cores

PACKAGES = ("torch", "pytorch-lightning", "numpy", "pandas", "pyarrow", "dvc")


def manifest(name: str, instances: int, settings: dict[str, Any], seconds: float) -> dict[str, Any]:
    """Versions, device and time of one training stage, in JSON's types. `seconds`: wall time."""
    return {
        "experiment": name,
        "device": torch.cuda.get_device_name() if torch.cuda.is_available() else cores(),
        "cpu_capability": torch.backends.cpu.get_cpu_capability(),
        "platform": platform.platform(),
        "python": platform.python_version(),
        "packages": {package: version(package) for package in PACKAGES},
        "instances": instances,
        "model_steps": instances * settings["training"]["steps"],
        "seconds": round(seconds, 1),
    }


def cores() -> str:
    """How many cores of which processor there are."""
    return f"{available_cores()} cores of {processor.name()}"
