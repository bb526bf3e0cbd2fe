"""A family of models: the parts of its folder, its pipelines, their stages, latents and call; data only."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

TEXT_TO_IMAGE = "text-to-image"
"""The one task that is measured, by the name that optimum's exporters have for it."""


@dataclass(frozen=True)
class Component:
    """One entry of model_index.json, and its folder."""

    name: str
    classes: tuple[str, ...] = ()
    "the classes it may be of; empty: any class of a trusted library"
    config: str = "config.json"
    "its configuration's file"
    weights: str = ""
    "stem of its safetensors files; empty: it has no weights"
    own_tensor: str = ""
    "pattern of a tensor's name that its weights have and no other component's: libraries pass over what is missing"


@dataclass(frozen=True)
class PipelineClass:
    """A class of diffusers or optimum-intel, and the keywords of its `from_pretrained`."""

    name: str
    leaves_out: Mapping[str, object]
    "parts that no timed picture needs, by the keywords that keep them from being loaded"


@dataclass(frozen=True)
class Task:
    """The pipelines that draw the pictures of one task."""

    diffusers: PipelineClass
    optimum: PipelineClass


@dataclass(frozen=True)
class Stage:
    """A part of a pipeline that is timed and compared by itself."""

    name: str
    torch: tuple[str, str]
    "(component, method) of a diffusers pipeline"
    openvino: str
    "component of an optimum-intel pipeline that is compiled and called through `forward`"
    called: str
    "by people: `UNet`"
    sized: bool = False
    "True where the shapes of its tensors depend on the picture's size"


@dataclass(frozen=True)
class Latents:
    """The noise that a picture starts from."""

    channels: int
    scale: int
    "pixels per latent, in height and in width"

    def shape(self, height: int, width: int) -> tuple[int, ...]:
        """Of one picture of ``height`` x ``width`` pixels: (1, channels, height / scale, width / scale)."""
        return 1, self.channels, height // self.scale, width // self.scale


@dataclass(frozen=True)
class Setting:
    """A value of a component's configuration."""

    component: str
    keys: tuple[str, ...]
    "the first of them that is set counts"
    called: str
    "for messages: `the UNet`"


@dataclass(frozen=True)
class Match:
    """Two settings that are equal where both components are of one model; a list counts as its members."""

    one: Setting
    other: Setting
    hint: str = ""
    "how the models of the family differ in it, for the message: ` (Stable Diffusion 1 has 768, 2 has 1024)`"


def text_to_image_call(
    *, prompt: str, steps: int, guidance: float, height: int, width: int, latents: object
) -> dict[str, object]:
    """Keywords of a call for one picture, as the text-to-image pipelines of diffusers name them; sizes in pixels."""
    return {
        "prompt": prompt,
        "num_inference_steps": steps,
        "guidance_scale": guidance,
        "height": height,
        "width": width,
        "latents": latents,
        "output_type": "np",
    }


@dataclass(frozen=True)
class Family:
    """Models that one kind of pipeline draws with."""

    name: str
    "for people: `Stable Diffusion 1 or 2`"
    tasks: Mapping[str, Task]
    "task -> its pipelines"
    components: tuple[Component, ...]
    "what a pipeline cannot do without; those with weights in the order of a picture"
    optional: tuple[str, ...]
    "components that may be there as well, of any class"
    not_loaded: tuple[str, ...]
    "entries of model_index.json that are passed over"
    stages: tuple[Stage, ...]
    "in the order of a picture"
    denoiser: str
    "name of the stage that is called once or more a step, with the latents as its first input"
    decoder: str
    "name of the stage that turns latents into a picture, with the latents as its first input"
    tokenizers: tuple[str, ...]
    "names of components"
    latents: Latents
    input_channels: Setting
    "channels that the denoiser takes: those of the latents, unless the model is shown more than them"
    sample_size: Setting
    "side of the latents of the size that a model was made for, or (height, width)"
    matches: tuple[Match, ...]
    call: Callable[..., dict[str, object]] = text_to_image_call
    "keywords of one call, from `prompt`, `steps`, `guidance`, `height`, `width` and `latents`"
    other_inputs: Mapping[int, str] = field(default_factory=dict)
    "`input_channels` of models that are shown more than latents -> their kind: `an inpainting`"

    @property
    def weights(self) -> dict[str, str]:
        """Components with weights -> stem of their files. They are the torch modules of a diffusers pipeline."""
        return {component.name: component.weights for component in self.components if component.weights}

    @property
    def pipelines(self) -> set[str]:
        """Names of its pipelines' classes."""
        return {kind.name for task in self.tasks.values() for kind in (task.diffusers, task.optimum)}
