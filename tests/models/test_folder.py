from __future__ import annotations

import json
import shutil

import pytest

from pytest_sdperf.errors import ModelError
from pytest_sdperf.models.families.stable_diffusion import STABLE_DIFFUSION
from pytest_sdperf.models.folder import check_folder, component_tensors

CONFIGS = {component.name: component.config for component in STABLE_DIFFUSION.components}
WEIGHTS = STABLE_DIFFUSION.weights


def refused(folder, *words):
    with pytest.raises(ModelError) as caught:
        check_folder(folder)
    for word in words:
        assert word in str(caught.value)
    assert caught.value.cure


def shard(folder, pack, tensors, *, weight_map=None):
    """Split the UNet's file in two shards with an index."""
    last = {"norm.weight": tensors["unet"].pop("norm.weight")}
    (folder / "unet" / "diffusion_pytorch_model.safetensors").unlink()
    names = [f"diffusion_pytorch_model-0000{i}-of-00002.safetensors" for i in (1, 2)]
    (folder / "unet" / names[0]).write_bytes(pack(tensors["unet"]))
    (folder / "unet" / names[1]).write_bytes(pack(last))
    whole = {**dict.fromkeys(tensors["unet"], names[0]), "norm.weight": names[1]}
    index = {"weight_map": whole if weight_map is None else weight_map}
    (folder / "unet" / "diffusion_pytorch_model.safetensors.index.json").write_text(json.dumps(index))
    return names


def test_complete(toy):
    check_folder(toy)


def test_reached_through_a_link(toy, tmp_path):
    (tmp_path / "link").symlink_to(toy)
    check_folder(tmp_path / "link")


def test_no_model_index(toy):
    (toy / "model_index.json").unlink()
    refused(toy, "has no model_index.json. Name a folder in diffusers' layout")


def test_single_file_checkpoint_is_named(tmp_path):
    (tmp_path / "v1-5.ckpt").write_bytes(b"")
    refused(tmp_path, "has no model_index.json (it holds v1-5.ckpt, a single-file checkpoint)")


def test_missing_folder(tmp_path):
    refused(tmp_path / "none", "has no model_index.json")


OTHERS = [
    "StableDiffusionXLPipeline",
    "OVStableDiffusionPipeline",
    "FluxPipeline",
    "StableDiffusionInpaintPipeline",
    None,
]


@pytest.mark.parametrize("name", OTHERS)
def test_other_pipeline(toy, edit_json, name):
    edit_json(toy / "model_index.json", _class_name=name)
    index_file = toy / "model_index.json"
    refused(toy, f"{index_file} describes a {name!r} pipeline. Use a model of StableDiffusionPipeline.")


@pytest.mark.parametrize("component", CONFIGS)
def test_component_folder_missing(toy, component):
    shutil.rmtree(toy / component)
    refused(toy, f"lacks the component {component!r}. Download or save the whole model again.")


@pytest.mark.parametrize("component", CONFIGS)
@pytest.mark.parametrize("entry", [..., [None, None], "text"])
def test_component_not_declared(toy, edit_json, component, entry):
    edit_json(toy / "model_index.json", **{component: entry})
    refused(toy, f"model_index.json has no component {component!r}")


@pytest.mark.parametrize("entry", [["my_code", "Net"], ["diffusers"], ["diffusers", 3], [None, "Net"]])
def test_component_from_elsewhere(toy, edit_json, entry):
    edit_json(toy / "model_index.json", unet=entry)
    refused(toy, f"takes component 'unet' from {entry!r}. Remote code is never run")


def test_component_of_another_class(toy, edit_json):
    edit_json(toy / "model_index.json", vae=["diffusers", "VQModel"])
    refused(toy, f"{toy / 'model_index.json'} gives the component 'vae' the class 'VQModel'")


def test_second_text_encoder(toy, edit_json):
    edit_json(toy / "model_index.json", text_encoder_2=["transformers", "CLIPTextModelWithProjection"])
    refused(toy, f"{toy / 'model_index.json'} has the component 'text_encoder_2', which no StableDiffusionPipeline has")


@pytest.mark.parametrize(
    ("component", "other", "lacking", "example"),
    [
        ("unet", "vae", "conv_in.weight", "decoder.conv_in.weight"),
        ("vae", "unet", "decoder.*", "conv_in.weight"),
        ("text_encoder", "vae", "*token_embedding.weight", "decoder.conv_in.weight"),
    ],
)
def test_weights_of_another_component(toy, component, other, lacking, example):
    """Libraries would leave the tensors that are missing random (transformers) or without values (diffusers)."""
    shutil.copy(toy / other / f"{WEIGHTS[other]}.safetensors", toy / component / f"{WEIGHTS[component]}.safetensors")
    refused(
        toy,
        f"the weights in {toy / component} are not those of the component {component!r}: no tensor {lacking!r}; "
        f"it has {example!r}. Use a model whose parts were saved together",
    )


def test_no_tensor_at_all(toy, pack):
    (toy / "vae" / "diffusion_pytorch_model.safetensors").write_bytes(pack({}))
    refused(toy, f"the weights in {toy / 'vae'} are not those of the component 'vae': no tensor 'decoder.*'. Use")


def test_text_encoders_of_every_version_of_transformers(toy, pack):
    file = toy / "text_encoder" / "model.safetensors"
    for name in ("text_model.embeddings.token_embedding.weight", "embeddings.token_embedding.weight"):
        file.write_bytes(pack({name: (1024, 64)}))
        check_folder(toy)


def test_a_tiny_vae(toy, edit_json, pack):
    edit_json(toy / "model_index.json", vae=["diffusers", "AutoencoderTiny"])
    (toy / "vae" / "diffusion_pytorch_model.safetensors").write_bytes(pack({"decoder.layers.0.weight": (16, 4, 3, 3)}))
    check_folder(toy)


def test_extra_component(toy, edit_json):
    edit_json(toy / "model_index.json", feature_extractor=["transformers", "CLIPImageProcessor"])
    refused(toy, "lacks the component 'feature_extractor'")
    (toy / "feature_extractor").mkdir()
    check_folder(toy)


def test_safety_checker_is_not_loaded_and_not_asked_for(toy, edit_json):
    edit_json(toy / "model_index.json", safety_checker=["stable_diffusion", "StableDiffusionSafetyChecker"])
    check_folder(toy)


@pytest.mark.parametrize(("component", "name"), CONFIGS.items())
def test_config_missing_and_truncated(toy, component, name):
    file = toy / component / name
    file.write_bytes(file.read_bytes()[:-5])
    refused(toy, str(file), "is damaged or cannot be read", "Download or save the model again.")
    file.write_text("[]")
    refused(toy, str(file), "it does not hold an object")
    file.unlink()
    refused(toy, f"{file} is missing")


def test_truncated_model_index(toy):
    (toy / "model_index.json").write_text('{"_class_name": "Stable')
    refused(toy, "model_index.json is damaged")


def test_auto_map(toy, edit_json):
    edit_json(toy / "text_encoder" / "config.json", auto_map={"AutoModel": "net.Net"})
    refused(toy, "text_encoder/config.json asks for code of its own (auto_map). Remote code is never run")


@pytest.mark.parametrize("place", ["pipeline.py", "unet/net.py", "extra/deep/x.py"])
def test_python_files(toy, place):
    (toy / place).parent.mkdir(parents=True, exist_ok=True)
    (toy / place).write_text("")
    refused(toy, f"{toy / place} is code that comes with the model. Remote code is never run")


@pytest.mark.parametrize("name", ["vocab.json", "merges.txt"])
def test_tokenizer_files(toy, name):
    (toy / "tokenizer" / name).unlink()
    refused(toy, f"{toy / 'tokenizer' / name} is missing")
    (toy / "tokenizer" / "tokenizer.json").write_text("{}")
    check_folder(toy)


@pytest.mark.parametrize("component", WEIGHTS)
@pytest.mark.parametrize("suffix", [".bin", ".ckpt", ".pt"])
def test_pickles(toy, component, suffix):
    weights = toy / component / f"{WEIGHTS[component]}.safetensors"
    pickle = weights.with_suffix(suffix)
    pickle.write_bytes(b"")
    check_folder(toy)
    weights.unlink()
    refused(
        toy,
        f"{toy / component} has weights only as a pickle ({pickle.name}), and loading a pickle runs whatever code is in it",
        "On a machine you can spare: save it again with pipeline.save_pretrained(folder)",
    )


def test_variant_only(toy):
    weights = toy / "unet" / "diffusion_pytorch_model.safetensors"
    weights.rename(weights.with_name("diffusion_pytorch_model.fp16.safetensors"))
    refused(toy, "only as the variant diffusion_pytorch_model.fp16.safetensors", "save it again without one")


@pytest.mark.parametrize("component", WEIGHTS)
def test_no_weights(toy, component):
    weights = toy / component / f"{WEIGHTS[component]}.safetensors"
    weights.unlink()
    refused(toy, f"{weights} is missing. Download or save the whole model again.")


@pytest.mark.parametrize("component", WEIGHTS)
def test_a_file_in_place_of_a_folder(toy, component):
    shutil.rmtree(toy / component)
    (toy / component).touch()
    refused(toy, f"lacks the component {component!r}")


def test_truncated_weights(toy):
    file = toy / "unet" / "diffusion_pytorch_model.safetensors"
    file.write_bytes(file.read_bytes()[:-1])
    refused(toy, str(file), "cut off")


def test_shards(toy, pack, tensors):
    whole = list(tensors["unet"])
    shard(toy, pack, tensors)
    check_folder(toy)
    assert sorted(t.name for t in component_tensors(toy, "unet", WEIGHTS["unet"])) == sorted(whole)


def test_shard_missing(toy, pack, tensors):
    names = shard(toy, pack, tensors)
    (toy / "unet" / names[1]).unlink()
    refused(toy, f"names the shard {names[1]!r}, which is not a safetensors file in the same folder")


@pytest.mark.parametrize("name", ["../vae/diffusion_pytorch_model.safetensors", "/etc/passwd", "x.bin"])
def test_shard_climbs_out(toy, pack, tensors, name):
    shard(toy, pack, tensors, weight_map={"a.weight": name})
    refused(toy, f"names the shard {name!r}, which is not a safetensors file in the same folder")


def test_shard_lacks_a_tensor(toy, pack, tensors):
    names = shard(toy, pack, tensors)
    shard_map = {"conv_in.weight": names[0], "norm.weight": names[1], "c.weight": names[1]}
    (toy / "unet" / "diffusion_pytorch_model.safetensors.index.json").write_text(json.dumps({"weight_map": shard_map}))
    refused(toy, "lack the tensor 'c.weight'")


@pytest.mark.parametrize("weight_map", [[], "x", {"a": 3}])
def test_unusable_weight_map(toy, pack, tensors, weight_map):
    shard(toy, pack, tensors, weight_map=weight_map)
    refused(toy, "has no usable weight_map")


def test_links_that_lead_out(toy, tmp_path):
    file = toy / "unet" / "config.json"
    outside = tmp_path / "outside.json"
    file.rename(outside)
    file.symlink_to(outside)
    refused(toy, f"{file} is a link that leads out of the model's folder, to {outside}. Copy the file into the folder.")


def test_linked_component_folder(toy, tmp_path):
    (toy / "vae").rename(tmp_path / "vae")
    (toy / "vae").symlink_to(tmp_path / "vae")
    refused(toy, "is a link that leads out")


def test_links_inside(toy):
    (toy / "unet" / "config.json").rename(toy / "unet.json")
    (toy / "unet" / "config.json").symlink_to("../unet.json")
    check_folder(toy)


def test_links_of_the_hugging_face_cache(toy, tmp_path):
    blobs = tmp_path / "models--org--name" / "blobs"
    snapshot = tmp_path / "models--org--name" / "snapshots" / "abc"
    blobs.mkdir(parents=True)
    for number, file in enumerate(sorted(p for p in toy.rglob("*") if p.is_file())):
        link = snapshot / file.relative_to(toy)
        link.parent.mkdir(parents=True, exist_ok=True)
        file.rename(blobs / str(number))
        link.symlink_to(blobs / str(number))
    check_folder(snapshot)
    (tmp_path / "secret").write_text("{}")
    (snapshot / "extra.json").symlink_to(tmp_path / "secret")
    refused(snapshot, "is a link that leads out")


@pytest.mark.parametrize("file", ["unet/diffusion_pytorch_model.safetensors", "vae/config.json"])
def test_a_pointer_of_git_lfs_is_named(toy, file):
    (toy / file).write_text("version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 5\n")
    with pytest.raises(ModelError, match=rf"{file} is a pointer of git-lfs, and the file itself is not here. Fetch it"):
        check_folder(toy)
