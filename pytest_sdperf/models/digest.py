"""The identity of a model: a digest of its weights and configurations, whatever files they are in."""

from __future__ import annotations

import contextlib
import hashlib
import json
import re
from pathlib import Path

from pytest_sdperf.atomic import write_atomically
from pytest_sdperf.errors import ModelError
from pytest_sdperf.models.configurations import INDEX, family_of_folder, read_json
from pytest_sdperf.models.folder import component_tensors

FORMAT = 1
"""Version of what is hashed. 1: first."""

_CHUNK_BYTES = 1 << 23


def model_digest(path: Path, cache: Path | None = None) -> str:
    """sha256 (hex) over the tensors and configurations of a folder that `check_folder` accepts.

    Tensors count by component, name, type, shape and bytes, in the order of their names: sharding and
    the order in a file do not matter. Configurations count as sorted JSON without what saving stamps
    into them (keys that begin with `_`, except the class, and `transformers_version`). With ``cache``
    a folder whose files kept their size and times since is not read again.
    """
    files = digested_files(path)
    kept = cache / "digests" / f"{_stamp(path, files)}.txt" if cache else None
    if kept and (known := _read_kept(kept)):
        return known
    digest = _compute(path, files)
    if kept:
        with contextlib.suppress(OSError):  # a cache that cannot be written only costs time
            write_atomically(kept, digest.encode("ascii"))
    return digest


def digested_files(path: Path) -> list[Path]:
    """Every file that counts: configurations, the tokenizers' files, the weights."""
    family = family_of_folder(path)
    named = [path / INDEX, *(path / component.name / component.config for component in family.components)]
    vocabularies = [p for t in family.tokenizers for p in (path / t).glob("*") if p.suffix in (".json", ".txt")]
    weights = [t.file for component, stem in family.weights.items() for t in component_tensors(path, component, stem)]
    return sorted({*named, *vocabularies, *weights})


def _stamp(path: Path, files: list[Path]) -> str:
    """Changes whenever a file of the folder may have changed."""
    try:
        stats = [(str(f.relative_to(path)), (s := f.stat()).st_size, s.st_mtime_ns, s.st_ctime_ns) for f in files]
    except FileNotFoundError as error:
        raise ModelError(f"{error.filename} is missing", cure="Download or save the whole model again.") from None
    return hashlib.sha256(repr((FORMAT, str(path.resolve()), stats)).encode()).hexdigest()


def _read_kept(kept: Path) -> str | None:
    try:
        text = kept.read_text(encoding="ascii")
    except (OSError, ValueError):
        return None
    return text if re.fullmatch(r"[0-9a-f]{64}", text) else None


def _compute(path: Path, files: list[Path]) -> str:
    sha = hashlib.sha256(f"pytest-sdperf model {FORMAT}\n".encode())
    for file in files:
        if file.suffix != ".safetensors":
            content = _canonical(file)
            sha.update(f"{file.relative_to(path).as_posix()} {len(content)}\n".encode())
            sha.update(content)
    buffer = memoryview(bytearray(_CHUNK_BYTES))
    for component, stem in family_of_folder(path).weights.items():
        for tensor in sorted(component_tensors(path, component, stem), key=lambda t: t.name):
            sha.update(f"{component} {json.dumps(tensor.name)} {tensor.dtype} {tensor.shape}\n".encode())
            with tensor.file.open("rb", buffering=0) as stream:
                stream.seek(tensor.offset)
                left = tensor.size
                while left:
                    count = stream.readinto(buffer[: min(left, _CHUNK_BYTES)])
                    if not count:
                        raise ModelError(f"{tensor.file} became shorter while it was read", cure="Run again.")
                    sha.update(buffer[:count])
                    left -= count
    return sha.hexdigest()


def _canonical(file: Path) -> bytes:
    """The bytes of a configuration that count. A vocabulary's keys are tokens: all of them count."""
    if file.suffix != ".json":
        return file.read_bytes()
    content = read_json(file)
    if file.name not in ("vocab.json", "tokenizer.json"):
        content = {k: v for k, v in content.items() if not _is_stamp(k)}
    return json.dumps(content, sort_keys=True, separators=(",", ":")).encode()


def _is_stamp(key: str) -> bool:
    return key == "transformers_version" or (key.startswith("_") and key != "_class_name")
