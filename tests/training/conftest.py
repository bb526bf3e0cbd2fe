"""The training's modules lie beside each other in `training/`, as its scripts import them."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2] / "training"))
