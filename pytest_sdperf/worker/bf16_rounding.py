"""What rounding to bf16 does to a model: its modules compute in float32, but on rounded weights, inputs and outputs.

It is the arithmetic of bf16 kernels, which multiply rounded numbers and add up in float32, without those kernels: it
gives the same on any CPU. How far a model's answers move by it is how far those of an honest bf16 variant may be off.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any


def is_torch_module(owner: object) -> bool:
    """Whether it can be rounded, said without torch."""
    return hasattr(owner, "register_forward_pre_hook") and hasattr(owner, "modules")


@contextmanager
def rounded_to_bf16(modules: Iterable[Any]) -> Iterator[None]:
    """While it lasts, the float32 ``modules`` (torch.nn.Module) round as bf16 does; their weights stay as they were.

    A weight is rounded while its own module runs and put back behind it, so that memory for one of them is needed.
    """
    with ExitStack() as undo:
        for leaf in {id(leaf): leaf for module in modules for leaf in module.modules() if _is_leaf(leaf)}.values():
            one = _Leaf(leaf)
            undo.callback(leaf.register_forward_pre_hook(one.before, with_kwargs=True).remove)
            undo.callback(leaf.register_forward_hook(one.behind, always_call=True).remove)
        yield


def _is_leaf(module: Any) -> bool:
    return next(iter(module.children()), None) is None


class _Leaf:
    """A module that computes by itself: its hooks."""

    def __init__(self, module: Any) -> None:
        weights = [*module.parameters(recurse=False)]
        self._weights = [(weight, weight.data) for weight in weights if weight.is_floating_point()]
        # A module with weights looks whole numbers up, as an embedding does; one without computes with them: timesteps.
        self._change = _rounded if weights else _rounded_or_off

    def before(self, _: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[tuple[Any, ...], dict[str, Any]]:
        for weight, data in self._weights:
            weight.data = _rounded(data)
        change = self._change
        return tuple(change(one) for one in args), {name: change(one) for name, one in kwargs.items()}

    def behind(self, _: Any, args: Any, output: Any) -> Any:  # noqa: ARG002 -- torch gives all three
        for weight, data in self._weights:
            weight.data = data
        return _rounded(output)


def _rounded(value: Any) -> Any:
    """A tensor of float32 whose numbers are those of bf16; anything else as it is."""
    return value.bfloat16().to(value.dtype) if _is_tensor(value) and value.is_floating_point() else value


def _rounded_or_off(value: Any) -> Any:
    """The same; a tensor of whole numbers is off by as much as rounding may change it, 2^-9.

    Pipelines that compute timestep embeddings in bf16, as OpenVINO's do, round the angles, and trained models hardly
    mind: that is 70 dB on the bundled one. One with random weights is off to 37 dB by it.
    """
    is_whole = _is_tensor(value) and not value.is_floating_point()
    return value * (1 + 2**-9) if is_whole else _rounded(value)


def _is_tensor(value: Any) -> bool:
    return hasattr(value, "bfloat16")
