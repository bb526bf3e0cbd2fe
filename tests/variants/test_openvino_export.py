"""The kept export: made once, complete or not at all, under a key of all that shapes it."""

import sys
import threading
from types import ModuleType

import pytest

from pytest_sdperf.errors import CaseError
from pytest_sdperf.variants import openvino_export
from pytest_sdperf.variants.openvino_export import export_key, exported_folder, prepare

DIGEST = "0123456789abcdef" * 4


@pytest.fixture
def optimum(libraries, monkeypatch):
    """A fake exporter that writes one file; what it was asked is in `.asked`."""
    exporter = ModuleType("optimum.exporters.openvino")
    exporter.asked = []
    exporter.fails = False

    def export_from_model(pipeline, folder, **kwargs):
        exporter.asked.append((type(pipeline).__name__, kwargs))
        folder.mkdir()
        (folder / "model_index.json").write_text("{")
        if exporter.fails:
            raise OSError(28, "No space left on device")
        (folder / "model_index.json").write_text("{}")

    exporter.export_from_model = export_from_model
    intel = ModuleType("optimum.intel")
    intel.OVConfig = lambda **kwargs: kwargs
    for name, module in {
        "optimum": ModuleType("optimum"),
        "optimum.exporters": ModuleType("optimum.exporters"),
        "optimum.exporters.openvino": exporter,
        "optimum.intel": intel,
    }.items():
        monkeypatch.setitem(sys.modules, name, module)
    return exporter


def test_exports_once(optimum, context):
    first = context()
    folder = exported_folder(first)
    assert (folder / "model_index.json").read_text() == "{}"
    assert list(first.startup_ns) == ["import", "load", "export"]
    second = context()
    assert exported_folder(second) == folder
    prepare(second)
    assert second.startup_ns == {}
    assert optimum.asked == [("DiffusersPipeline", {"task": "text-to-image", "ov_config": {"dtype": "fp32"}})]


def test_leaves_nothing_of_a_failed_export(optimum, context):
    optimum.fails = True
    with pytest.raises(OSError, match="No space left"):
        prepare(context())
    kept = context().cache_dir / "openvino"
    assert [path.name for path in kept.iterdir() if path.is_dir()] == []
    optimum.fails = False
    assert (exported_folder(context()) / "model_index.json").read_text() == "{}"


def test_clears_what_a_killed_export_left(optimum, context):
    partial = context().cache_dir / "openvino" / f"{export_key(DIGEST)}.partial"
    partial.mkdir(parents=True)
    (partial / "half.bin").write_bytes(b"0")
    assert [path.name for path in exported_folder(context()).iterdir()] == ["model_index.json"]


def test_two_at_once_export_once(optimum, context):
    contexts = [context(), context()]
    threads = [threading.Thread(target=prepare, args=(told,)) for told in contexts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(optimum.asked) == 1


def test_key_names_the_weights_and_depends_on_every_exporter(monkeypatch):
    versions = dict.fromkeys(openvino_export._EXPORTERS, "1.0")
    monkeypatch.setattr(openvino_export, "_version", versions.__getitem__)
    key = export_key(DIGEST)
    assert key.startswith("0123456789ab-")
    keys = {key, export_key("f" * 64)}
    for name in versions:
        monkeypatch.setitem(versions, name, "2.0")
        keys.add(export_key(DIGEST))
    assert len(keys) == 2 + len(versions)


def test_a_library_that_is_not_installed_is_part_of_the_key():
    assert openvino_export._version("no-such-distribution") == "none"


@pytest.mark.parametrize("digest", ["", "abc", "../../../etc", "0123456789ab/..", "0123456789AB"])
def test_refuses_what_is_no_digest(digest):
    with pytest.raises(CaseError, match="is no digest of a model"):
        export_key(digest)
