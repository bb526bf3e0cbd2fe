"""Build sdist and wheel, check them, and say how large they are: `tox run -e package`.

`--tag v1.2.3` also compares the version with a tag; `--into dist` keeps both files in that folder.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]

MOST_BYTES = 18_000_000
"""Of each file; the model takes 13 million."""

IN_WHEEL = ("pytest_sdperf/py.typed", "pytest_sdperf/models/bundle/unet/diffusion_pytorch_model.safetensors")

IN_SDIST = ("tox.ini", "mkdocs.yml", "tests/conftest.py", "docs/index.md", ".ci/run", ".github/workflows/ci.yml")

NOT_IN_SDIST = ("baselines/", "training/checkpoints/")


def faults(sdist: Path, wheel: Path, tag: str) -> list[str]:
    """The faults of the two files; empty if there are none."""
    found = [
        f"{path.name} has {path.stat().st_size:,} bytes, {MOST_BYTES:,} are allowed"
        for path in (sdist, wheel)
        if path.stat().st_size > MOST_BYTES
    ]
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
    found += [f"the wheel lacks {name}" for name in IN_WHEEL if name not in names]
    found += [f"the wheel has {n}" for n in names if n.partition("/")[0].partition("-")[0] != "pytest_sdperf"]
    with tarfile.open(sdist) as archive:
        names = [name.partition("/")[2] for name in archive.getnames()]
    found += [f"the sdist lacks {name}" for name in IN_SDIST if name not in names]
    found += [f"the sdist has {name}" for name in names if name.startswith(NOT_IN_SDIST) or name.endswith(".json.gz")]
    version = wheel.name.split("-")[1]
    if tag and tag != f"v{version}":
        found.append(f"the tag is {tag}, the version {version}")
    return found


def main() -> None:
    """End with exit code 1 if one of the built files has a fault."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tag", default="", help="tag that must name the version")
    parser.add_argument("--into", type=Path, help="folder that keeps the files")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder = (arguments.into or Path(scratch)).resolve()
        # the wheel is built from the sdist, which proves that the sdist is complete
        subprocess.run([sys.executable, "-m", "build", "--outdir", folder, ROOT], check=True, stdout=subprocess.DEVNULL)
        [sdist], [wheel] = folder.glob("*.tar.gz"), folder.glob("*.whl")
        subprocess.run([sys.executable, "-m", "twine", "check", "--strict", sdist, wheel], check=True)
        for path in (sdist, wheel):
            print(f"{path.name}: {path.stat().st_size / 1e6:.1f} MB")
        if found := faults(sdist, wheel, arguments.tag):
            sys.exit("\n".join(found))


if __name__ == "__main__":
    main()
