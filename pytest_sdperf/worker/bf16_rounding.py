"""What rounding to bf16 does to a model: its modules compute in float32, but on rounded weights, inputs and outputs.

It is the arithmetic of bf16 kernels, which multiply rounded numbers and add up in float32, without those kernels: it
gives the same on any CPU. How far a model's answers move by it is how far those of an honest bf16 variant may be off.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

from pytest_sdperf.worker.leaves import is_floating, leaves, with_leaves


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
            weights: list[tuple[Any, Any]] = []
            before = leaf.register_forward_pre_hook(_rounds_inputs(weights), with_kwargs=True)
            behind = leaf.register_forward_hook(_rounds_output(weights), always_call=True)
            undo.callback(before.remove)
            undo.callback(behind.remove)
        yield


def _is_leaf(module: Any) -> bool:
    return next(iter(module.children()), None) is None


def _rounds_inputs(weights: list[tuple[Any, Any]]) -> Any:
    def before(module: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[Any, Any]:
        own = [*module.parameters(recurse=False)]
        for weight in own:
            if weight.is_floating_point():
                weights.append((weight, weight.data))
                weight.data = _rounded(weight.data)
        # A module with weights looks whole numbers up, as an embedding does; one without computes with them: timesteps.
        change = _rounded if own else _rounded_or_off
        given: tuple[Any, Any] = with_leaves((args, kwargs), (change(one) for one in leaves((args, kwargs))))
        return given

    return before


def _rounds_output(weights: list[tuple[Any, Any]]) -> Any:
    def behind(module: Any, args: Any, output: Any) -> Any:  # noqa: ARG001 -- torch gives all three
        while weights:
            weight, data = weights.pop()
            weight.data = data
        return with_leaves(output, (_rounded(one) for one in leaves(output)))

    return behind


def _rounded(value: Any) -> Any:
    """A tensor of float32 whose numbers are those of bf16; anything else as it is."""
    if isinstance(value, int | float) or not hasattr(value, "bfloat16") or not is_floating(value):
        return value
    return value.bfloat16().to(value.dtype)


def _rounded_or_off(value: Any) -> Any:
    """The same; a tensor of whole numbers is off by as much as rounding may change it, 2^-9.

    Pipelines that compute timestep embeddings in bf16, as OpenVINO's do, round the angles, and trained models hardly
    mind: 951 in place of 952 is 70 dB on the bundled one. One with random weights is off to 37 dB.
    """
    is_whole = hasattr(value, "bfloat16") and not is_floating(value)
    return value * (1 + 2**-9) if is_whole else _rounded(value)
