from pathlib import Path

import pytest

from pytest_sdperf.base.provenance import installed_code, stray_code, wrong_code, wrong_libraries
from pytest_sdperf.base.trees import Trees

SITE = "/repo/.venv/lib/python3.11/site-packages"
TREES = Trees(Path("/repo"), Path("/base"), (Path("/repo/.venv"),), real=lambda path: path)
ONE_TREE = Trees(Path("/repo"), Path("/repo"), (Path("/repo/.venv"),), real=lambda path: path)
FACTORY = "service.pipeline:build"

EDITABLE = "Install the project in editable mode (pip install -e .) or add its source folder to pytest's `pythonpath`."
MAPPED = "Add its source folder to pytest's `pythonpath`, which is mapped into the revision."


def files(root, **more):
    return {"service.pipeline": f"{root}/service/pipeline.py", **more}


def said(error):
    return error and str(error)


@pytest.mark.parametrize(
    ("head", "base", "sentence"),
    [
        ("/repo/src", "/base/src", None),
        (
            SITE,
            SITE,
            f"the factory's module service.pipeline comes from {SITE} in base and head, not from the revisions "
            f"[--sdperf-against]. {EDITABLE}",
        ),
        (
            SITE,
            "/lib",
            f"the factory's module service.pipeline comes from {SITE} and /lib in base and head, not from the revisions "
            f"[--sdperf-against]. {EDITABLE}",
        ),
        (
            "/repo/src",
            SITE,
            f"the factory's module service.pipeline of the base comes from {SITE}, not from the revision "
            f"[--sdperf-against]. {EDITABLE}",
        ),
        (
            SITE,
            "/base/src",
            f"the factory's module service.pipeline of the head comes from {SITE}, not from the working tree "
            f"[--sdperf-against]. {EDITABLE}",
        ),
        (
            "/repo/src",
            "/repo/src",
            "the factory's module service.pipeline of the base comes from the working tree (/repo/src), not from the "
            f"revision [--sdperf-against]. {MAPPED}",
        ),
        (
            "/base/src",
            "/base/src",
            "the factory's module service.pipeline of the head comes from the revision's tree (/base/src) "
            "[--sdperf-against]. Remove that folder from PYTHONPATH.",
        ),
    ],
)
def test_whose_the_factory_is(head, base, sentence):
    assert said(wrong_code(FACTORY, files(head), files(base), TREES)) == sentence


@pytest.mark.parametrize(
    ("head", "base", "sentence"),
    [
        ("/repo/src", "/repo/src", None),
        (SITE, "/other/site-packages", None),
        (
            "/repo/src",
            "/other",
            "the factory's module service.pipeline of the base comes from /other, not from the working tree "
            f"[--sdperf-against]. {EDITABLE}",
        ),
        (
            SITE,
            "/repo/src",
            f"the factory's module service.pipeline of the head comes from {SITE}, not from the working tree "
            f"[--sdperf-against]. {EDITABLE}",
        ),
    ],
)
def test_two_interpreters_on_one_tree(head, base, sentence):
    assert said(wrong_code(FACTORY, files(head), files(base), ONE_TREE)) == sentence


def test_another_declaration_with_the_same_code_is_something_to_compare():
    assert wrong_code(FACTORY, files("/lib"), files("/lib"), TREES, same_declaration=False) is None
    assert wrong_code(FACTORY, files("/repo"), files("/lib"), TREES, same_declaration=False) is not None
    stray = files("/lib", extra="/repo/extra.py")
    assert wrong_code(FACTORY, files("/lib"), stray, TREES, same_declaration=False) is not None


def test_a_built_in_variant_is_the_same_in_both():
    module = {"pytest_sdperf.variants.fp32": f"{SITE}/pytest_sdperf/variants/fp32.py"}
    assert str(wrong_code("pytest_sdperf.variants.fp32:build", module, module, TREES)) == (
        f"the factory's module pytest_sdperf.variants.fp32 comes from {SITE} in base and head, not from the revisions: "
        "built-in variants are the same code in both [--sdperf-against]. "
        "Compare variants of the project itself, or libraries with --sdperf-base-env=build or --sdperf-against-python."
    )


@pytest.mark.parametrize("arm", ["head", "base"])
def test_a_factory_without_a_file(arm):
    given = {"head": files("/repo"), "base": files("/base"), arm: {}}
    assert str(wrong_code(FACTORY, given["head"], given["base"], TREES)) == (
        f"the worker of the {arm} does not say which file the factory's module service.pipeline comes from "
        "[--sdperf-against]. Give the variant a factory from a Python file."
    )


def test_the_folder_of_a_package():
    package = {"service": "/lib/service/__init__.py"}
    assert "service comes from /lib in base and head" in str(wrong_code("service:build", package, package, TREES))
    odd = {"a.b.c": "/c.py"}
    assert "a.b.c comes from / in base and head" in str(wrong_code("a.b.c:build", odd, odd, TREES))


def test_code_of_the_working_tree_in_the_base_arm():
    stray = files("/base/src", **{f"m{i}": f"/repo/m{i}.py" for i in range(3)}, json="/usr/lib/json.py")
    assert str(wrong_code(FACTORY, files("/repo/src"), stray, TREES)) == (
        "the base runs code of the working tree: m0 (/repo/m0.py), m1 (/repo/m1.py), m2 (/repo/m2.py) "
        "[--sdperf-against]. Add its source folder to pytest's `pythonpath`, which is mapped into the revision; "
        "where only the working tree has that module, let nothing import it that the revision has, too."
    )
    stray |= {"m3": "/repo/m3.py", "m4": "/repo/m4.py"}
    assert "m2 (/repo/m2.py) and 2 more [" in str(stray_code(stray, TREES, asked_by="--sdperf-against"))


@pytest.fixture
def trees(tmp_path):
    """Both trees have the package `service`, in `src`, and the head's an environment in `.venv` with a copy of it."""
    for folder in ("repo/src", "base/src", "repo/.venv/site-packages"):
        (tmp_path / folder / "service").mkdir(parents=True)
        (tmp_path / folder / "service/__init__.py").write_text(folder)
    (tmp_path / "repo/.venv/pyvenv.cfg").touch()
    return Trees(tmp_path / "repo", tmp_path / "base", (tmp_path / "repo/.venv",))


def test_a_factory_of_the_tree_that_calls_installed_code(trees):
    """A thin factory beside the tests, and the project itself not installed in editable mode."""
    site = trees.head / ".venv/site-packages"
    head = {"harbour": f"{trees.head}/harbour.py", "numpy": f"{site}/numpy/__init__.py"}
    assert installed_code("harbour:build", head, trees) is None
    head["service"] = f"{site}/service/__init__.py"
    assert said(installed_code("harbour:build", head, trees)) == (
        f"base and head run installed code in place of the revisions': service ({site}/service/__init__.py) "
        f"[--sdperf-against]. {EDITABLE}"
    )
    one = Trees(trees.head, trees.head, trees.own)
    assert installed_code("harbour:build", head, one) is None
    assert installed_code("service:build", head, trees) is None, "that is for wrong_code to say"
    head["service"] = f"{trees.head}/src/service/__init__.py"
    assert installed_code("harbour:build", head, trees) is None


def test_our_own_package_measures_and_is_not_measured(trees):
    for tree in (trees.head, trees.base):
        (tree / "pytest_sdperf").mkdir()
        (tree / "pytest_sdperf/__init__.py").write_text(str(tree))
    loaded = {"pytest_sdperf": f"{trees.head}/.venv/site-packages/pytest_sdperf/__init__.py"}
    assert installed_code("harbour:build", loaded, trees) is None


def test_what_the_interpreter_in_the_repository_has_is_no_stray():
    assert stray_code({"numpy": f"{SITE}/numpy/__init__.py"}, TREES, asked_by="") is None
    assert stray_code({"x": "/repo/x.py"}, ONE_TREE, asked_by="") is None


def test_libraries_of_the_bases_own_are_something_to_compare(tmp_path):
    """A factory that is installed in both, ours or another package's; what the tree has itself must not be."""
    (tmp_path / "service").mkdir()
    (tmp_path / "service" / "__init__.py").write_text("")
    trees = Trees(tmp_path, Path("/base"), real=lambda path: path)
    for name in ("pytest_sdperf.variants.fp32", "studio.fast"):
        file = name.replace(".", "/") + ".py"
        head, base = {name: f"{SITE}/{file}"}, {name: f"/env/site-packages/{file}"}
        assert wrong_code(f"{name}:build", head, base, trees, own_libraries=True) is None
        assert wrong_code(f"{name}:build", head, base, trees) is not None
        copy = {"service": "/env/site-packages/service/__init__.py"}
        assert said(installed_code(f"{name}:build", copy, trees)) == (
            "base and head run installed code in place of the revisions': service "
            f"(/env/site-packages/service/__init__.py) [--sdperf-against]. {EDITABLE}"
        )
    assert "not from the revisions" in said(
        wrong_code(FACTORY, files(SITE), files("/env/site-packages"), trees, own_libraries=True)
    )


def test_libraries_that_were_not_those_that_were_built():
    def has(**versions):
        return {name: {"version": version, "loaded": True} for name, version in versions.items()}

    built = {"inkwell": "1.0", "nib": "1.0", "quill": "1.0"}
    assert wrong_libraries(built, has(inkwell="1.0", nib="1.0", numpy="2.0")) == ""
    assert wrong_libraries({}, has(inkwell="1.0")) == ""
    assert wrong_libraries(built, has(inkwell="2.0", quill="3")) == (
        "the base did not run with the libraries that were built for it: inkwell 2.0 in place of 1.0, quill 3 in place of "
        "1.0 [--sdperf-base-env=build]. Take folders with other packages off PYTHONPATH, pytest's `pythonpath` and the "
        ".pth files of this environment."
    )


@pytest.mark.parametrize("is_of_tree", [False, True])
def test_the_same_installed_code_may_draw_with_two_models(tmp_path, is_of_tree):
    """Unless the tree has that code, too: its change would not be measured."""
    for place in ("site", "head", "base") if is_of_tree else ("site",):
        package = tmp_path / place / "service"
        package.mkdir(parents=True)
        (package / "__init__.py").write_text("")
        (package / "pipeline.py").write_text(f"PLACE = {place!r}\n")
    trees = Trees(tmp_path / "head", tmp_path / "base")
    site = files(tmp_path / "site")
    error = wrong_code(FACTORY, site, site, trees, other_model=True)
    assert (error is not None) is is_of_tree
    assert wrong_code(FACTORY, site, site, trees) is not None
    assert wrong_code(FACTORY, site, files(tmp_path / "base"), trees, other_model=True) is not None


def test_built_in_variants_may_draw_with_two_models():
    place = {"pytest_sdperf.variants.fp32": "/lib/pytest_sdperf/variants/fp32.py"}
    assert wrong_code("pytest_sdperf.variants.fp32:build", place, place, TREES, other_model=True) is None
