"""Tiny packages, written by hand: a wheel is a zip."""

import base64
import hashlib
import zipfile


def make_wheel(folder, name, version, code, *, requires=()):
    """A wheel of one module that is called as the package; returns its path."""
    folder.mkdir(parents=True, exist_ok=True)
    info = f"{name}-{version}.dist-info"
    metadata = ["Metadata-Version: 2.1", f"Name: {name}", f"Version: {version}"]
    files = {
        f"{name}.py": code,
        f"{info}/METADATA": "\n".join([*metadata, *(f"Requires-Dist: {r}" for r in requires), ""]),
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: hand\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    record = "".join(f"{path},sha256={_digest(text)},{len(text)}\n" for path, text in files.items())
    path = folder / f"{name}-{version}-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as wheel:
        for inner, text in files.items():
            wheel.writestr(inner, text)
        wheel.writestr(f"{info}/RECORD", f"{record}{info}/RECORD,,\n")
    return path


def unpack_wheel(path, site):
    """What an installer does with such a wheel."""
    with zipfile.ZipFile(path) as wheel:
        wheel.extractall(site)


def _digest(text):
    return base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()
