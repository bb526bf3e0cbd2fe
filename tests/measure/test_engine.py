"""How cases run here, with parts that only answer: nothing is started."""

import types

import pytest

from pytest_sdperf.errors import CaseError, ModelError
from pytest_sdperf.measure import engine as module
from pytest_sdperf.measure.rig import Model
from pytest_sdperf.measurement import Environment
from pytest_sdperf.options import Options

OWN = Options()
OTHER = Options(model="synthetic:sd15")


def test_the_lock_is_held_from_beginning_to_close(engine, calls):
    assert calls == ["lock"]
    engine.close()
    assert calls == ["lock", "unlock"]
    engine.close()
    assert calls == ["lock", "unlock"]


def test_workers_that_no_case_asked_for_are_ended_before_others_may_measure(engine, calls, monkeypatch):
    monkeypatch.setattr(engine.early, "_open", types.SimpleNamespace(close=lambda: calls.append("early workers ended")))
    engine.close()
    assert calls == ["lock", "early workers ended", "unlock"]


def test_a_model_is_prepared_once_and_without_network(engine, calls):
    assert engine.model(OWN) is engine.model(OWN)
    engine.model(OTHER)
    assert calls[1:] == [
        ("prepare", "bundled", ("some.module:build", {"a": 1}, False, "model.log")),
        ("prepare", "sd15", ("some.module:build", {"a": 1}, False, "model.log")),
    ]
    assert engine.noted == ["model bundled: build", "model synthetic:sd15: build"]


def test_only_a_hub_model_that_the_user_named_may_use_the_network(engine, calls):
    engine.model(Options(model="org/name"))
    assert calls[-1] == ("prepare", "org/name", ("some.module:build", {"a": 1}, True, "model.log"))


def test_the_digest_of_what_a_variant_draws_with(engine):
    assert engine.model_of(engine.here("ship"), OWN) == Model(None, "")
    assert engine.model_of(engine.here("fp32"), OTHER).digest == "digest-of-sd15"


def test_workers_import_the_projects_folders_and_not_the_interpreters(engine, tmp_path, monkeypatch):
    own = tmp_path / "src"
    own.mkdir()
    (tmp_path / "a.zip").write_text("")
    monkeypatch.setattr(module.sys, "path", [str(own), str(own), str(tmp_path / "gone"), str(tmp_path / "a.zip")])
    assert engine.launcher.extra_sys_path == (str(own), str(tmp_path))
    assert engine.launcher is engine.launcher


def test_an_environment_of_the_host_alone(engine):
    environment = engine.host_environment()
    assert environment == Environment(environment.machine_key, environment.cpu_model, environment.kernel)


def test_unknown_variants_and_models(engine):
    with pytest.raises(CaseError, match="unknown variant 'shop'"):
        engine.here("shop")
    with pytest.raises(ModelError, match="unknown synthetic model 'synthetic:huge'"):
        engine.model(Options(model="synthetic:huge"))


def test_a_variant_is_resolved_for_this_machine(engine):
    assert engine.here("ours").params["precision"] in ("f32", "bf16", "f16")


def test_what_this_machine_lacks_cannot_run(engine):
    assert (engine.can_run("ship"), engine.can_run("whale")) == (True, False)


def test_every_case_has_a_folder_of_its_own_and_reports_what_comes_from_the_trees(engine):
    first, second = engine.rig(OWN), engine.rig(OWN, trees=("/head", "/base"))
    assert [rig.work_dir.name for rig in (first, second)] == ["case-1", "case-2"]
    assert (first.trees, second.trees) == ((), ("/head", "/base"))
    assert first.watch is module.NoiseWatch


def test_packages_behind_the_interpreters_own_stay_behind(tmp_path, monkeypatch):
    """An environment that lies over another one: in front, what lies below would hide what lies over it."""
    over, below, vendored, source, rootdir = (
        tmp_path / name
        for name in (
            "over/site-packages",
            "below/site-packages",
            "project/vendor/site-packages",
            "editable/src",
            "project",
        )
    )
    for folder in (over, below, vendored, source):
        folder.mkdir(parents=True)
    monkeypatch.setattr(module.sysconfig, "get_paths", lambda: {"purelib": str(over)})
    monkeypatch.setattr(module.site, "getsitepackages", lambda: [str(over)])
    path = [str(vendored), str(over), str(below), str(source), str(tmp_path / "gone")]
    assert module.project_path(rootdir, path) == (str(vendored), str(source), str(rootdir))
    # One that the project puts there itself is its own, and one in front was put there to hide.
    assert module.project_path(rootdir, [str(over), str(vendored)]) == (str(vendored), str(rootdir))
    assert module.project_path(rootdir, [str(below), str(over)]) == (str(below), str(rootdir))
