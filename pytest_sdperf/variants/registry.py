"""The variants a session knows: the built-in ones, those of conftest hooks, those of entry points."""

from __future__ import annotations

import importlib
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from pytest_sdperf.errors import CaseError

if TYPE_CHECKING:
    from pytest_sdperf.variant import Variant

ENTRY_POINT_GROUP = "pytest_sdperf.variants"
"""Entry points of this group name a Variant, or a list of them."""

BUILT_IN: dict[str, str] = {
    "fp32": "fp32",
    "tuned": "tuned",
    "ipex_bf16": "ipex_bf16",
    "ipex_bf16_dpm": "ipex_bf16_dpm",
    "openvino": "openvino",
    "openvino_static": "openvino_static",
    "torch_bf16": "torch_bf16",
    "openvino_f32": "openvino",
    "openvino_static_f32": "openvino_static",
}
"""Name -> module of this package, in the order of the blog post; imported when first asked for."""


class Registry:
    """Variants by name; a name is given once."""

    def __init__(self) -> None:
        self._added: dict[str, Variant] = {}
        self._origin: dict[str, str] = dict.fromkeys(BUILT_IN, "pytest-sdperf")

    def __iter__(self) -> Iterator[str]:
        """Names, built-in ones first."""
        return iter(self._origin)

    def origin(self, name: str) -> str:
        """Who declares the variant of that name: `pytest-sdperf`, an entry point, a conftest. Raises KeyError."""
        return self._origin[name]

    def add(self, variants: object, *, origin: str, import_path: tuple[str, ...] = ()) -> list[str]:
        """Add a Variant or several; returns their names. CaseError names what is wrong and where it came from.

        ``import_path``: the folders in which their functions are looked for first.
        """
        import dataclasses  # late: every pytest run imports this module

        from pytest_sdperf.variant import Variant

        found = [variants] if isinstance(variants, Variant) else variants
        if not isinstance(found, Iterable) or isinstance(found, (str, bytes)):
            raise CaseError(
                f"{origin} gave {variants!r}", where=origin, cure="Give a pytest_sdperf.Variant, or a list of them."
            )
        names = []
        for variant in found:
            if not isinstance(variant, Variant):
                raise CaseError(
                    f"{variant!r} is not a variant", where=origin, cure="Give pytest_sdperf.Variant objects."
                )
            if variant.name in self._origin:
                raise CaseError(
                    f"variant {variant.name!r} is declared twice, by {self._origin[variant.name]} and by {origin}",
                    cure="Give one of them another name.",
                )
            self._added[variant.name] = dataclasses.replace(variant, import_path=import_path)
            self._origin[variant.name] = origin
            names.append(variant.name)
        return names

    def add_entry_points(self) -> list[str]:
        """Load every entry point of ENTRY_POINT_GROUP; returns the names of their variants."""
        from importlib.metadata import entry_points

        names: list[str] = []
        for point in entry_points(group=ENTRY_POINT_GROUP):
            origin = f"entry point {point.name} ({point.value})"
            try:
                declared = point.load()
            except Exception as error:
                raise CaseError(
                    f"{origin} cannot be loaded: {type(error).__name__}: {error}",
                    cure="Fix or uninstall the package that declares it.",
                ) from error
            names += self.add(declared, origin=origin)
        return names

    def __getitem__(self, name: str) -> Variant:
        """The variant of that name; CaseError names the known ones and the closest."""
        if name in self._added:
            return self._added[name]
        if name not in BUILT_IN:
            import difflib

            close = difflib.get_close_matches(name, list(self), n=1)
            hint = f" Did you mean {close[0]!r}?" if close else ""
            raise CaseError(f"unknown variant {name!r}", cure=f"Known: {', '.join(self)}.{hint}")
        module = importlib.import_module(f"pytest_sdperf.variants.{BUILT_IN[name]}")
        declared: dict[str, Variant] = {v.name: v for v in module.VARIANTS}
        return declared[name]
