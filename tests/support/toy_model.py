"""A complete toy pipeline folder, a tenth of a megabyte, written without any library."""

import json
import math
import struct

from pytest_sdperf.models.synthetic_shapes import SHAPES
from pytest_sdperf.models.vocabulary import merges, tokenizer_files

WEIGHT_FILES = {
    "text_encoder": "model.safetensors",
    "unet": "diffusion_pytorch_model.safetensors",
    "vae": "diffusion_pytorch_model.safetensors",
}


TENSORS = {
    "text_encoder": {"text_model.embeddings.token_embedding.weight": (1024, 64)},
    "unet": {
        "conv_in.weight": (64, 4, 3, 3),
        "conv_out.weight": (4, 64, 3, 3),
        "down_blocks.0.attentions.0.transformer_blocks.0.attn2.to_k.weight": (64, 64),
        "mid_block.attentions.0.transformer_blocks.0.attn2.to_k.weight": (128, 64),
        "norm.weight": [1.0, 2.0],
    },
    "vae": {"decoder.conv_in.weight": (64, 4, 3, 3), "decoder.conv_out.weight": (3, 32, 3, 3)},
}
"""What tells each network from others; in these shapes in synthetic:tiny, too."""


def safetensors_bytes(tensors, **changes):
    """A safetensors file of float32 vectors (lists) and of zeros in a shape (tuples), a byte each.

    ``changes`` replace fields of every header entry.
    """
    header, data = {"__metadata__": {"format": "pt"}}, b""
    for name, told in tensors.items():
        if isinstance(told, tuple):
            dtype, shape, packed = "U8", list(told), bytes(math.prod(told))
        else:
            dtype, shape, packed = "F32", [len(told)], struct.pack(f"<{len(told)}f", *told)
        entry = {"dtype": dtype, "shape": shape, "data_offsets": [len(data), len(data) + len(packed)]}
        header[name] = {**entry, **changes}
        data += packed
    text = json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + data


def write_toy(folder, *, shade=1.0):
    """Write the toy model into a folder; ``shade`` is the first of the two numbers that its UNet's file ends with."""

    def put(name, content):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")

    shapes = SHAPES["tiny"]
    put("model_index.json", shapes.index)
    put("scheduler/scheduler_config.json", shapes.configs["scheduler"])
    for name, content in tokenizer_files(merges()).items():
        put(f"tokenizer/{name}", content)
    for component, file in WEIGHT_FILES.items():
        put(f"{component}/config.json", shapes.configs[component])
        tensors = {**TENSORS[component], **({"norm.weight": [shade, 2.0]} if component == "unet" else {})}
        (folder / component / file).write_bytes(safetensors_bytes(tensors))
