"""The subcommands of `sdperf baselines`, on stored files that are made up."""

import pytest

from pytest_sdperf.measurement import Evidence, KernelTime

ID = "fp32-bundled-64x64-2steps"
MACHINE = "spr-8cores-amx"


def row_of(case, out):
    """The words of a table's row."""
    return next(line.split() for line in out.splitlines() if line.startswith(f"{case} "))[1:]


@pytest.fixture
def baselines(run):
    def baselines(*arguments, **more):
        return run("baselines", *arguments, "--baselines=baselines", **more)

    return baselines


def test_list(baselines, store, measure):
    store(measure(), measure(seconds=(1.1, 1.2, 1.3)))
    store(measure("tuned", machine="zen4-2cores-avx2"))
    lines = baselines("list").stdout.splitlines()
    assert lines[0].startswith("none of this machine") or MACHINE in lines[0]
    text = "\n".join(lines)
    assert f"{MACHINE}\ncase" in text
    row = next(line.split() for line in lines if line.startswith(ID))
    assert row[1:9] == ["2", "2026-11-02", "1.11", "s", "11.5", "%", "800", "MiB"]
    assert next(line.split() for line in lines if line.startswith("tuned"))[1:7] == [
        "1",
        "2026-11-01",
        "1.02",
        "s",
        "±2.0",
        "%",
    ]
    assert "references/aaaaaaaaaaaa: 1 picture, " in text


def test_list_of_nothing(baselines, folder):
    (folder / "baselines").mkdir()
    assert baselines("list").stdout == "no baselines in baselines\n"


def test_list_tells_what_cannot_be_trusted(baselines, store, folder):
    path = store()
    path.write_bytes(path.read_bytes()[:300])
    (folder / "baselines" / "notes.txt").write_text("")
    out = baselines("list", code=1).stdout
    assert "not trusted" in out
    assert "NOT TRUSTED the file is truncated or no valid baseline" in out
    assert "neither a baseline nor a picture: notes.txt" in out


def test_list_shows_hostile_names_as_text(baselines, store, folder):
    store()
    (folder / "baselines" / "evil\x1b[31m").mkdir()
    (folder / "baselines" / "evil\x1b[31m" / "\u202ename\n.json").write_text("{}")
    out = baselines("list", code=1).stdout
    assert "evil\\x1b[31m" in out
    assert "\\u202ename\\n" in out
    assert "\x1b" not in out
    assert "\u202e" not in out


@pytest.mark.parametrize("columns", [80, 140])
def test_list_fits_the_screen(baselines, store, measure, columns):
    store(measure("a" * 60))
    assert max(map(len, baselines("list", columns=columns).stdout.splitlines())) <= columns


def test_show(baselines, store, measure):
    path = store(measure(), measure())
    out = baselines("show", ID).stdout
    assert out.startswith(f"{ID} on {MACHINE}\n")
    for told in (
        "file                 ", "prompts              a ship", "sizes                64x64",
        "Latency at 64x64, 2 runs, newest last", "2026-11-02T12:00:00Z", "800 ms  78.4 %", "import  3 s",
        "Kernels by oneDNN verbose", "and 2 more", "libjemalloc.so", "unet.sample [2,4,8,8]", "port=80",
        "torch 2.8.0", "OMP_NUM_THREADS=8", "8 on CPUs 0, 1",
    ):  # fmt: skip
        assert told in out, told
    by_path = baselines("show", str(path)).stdout
    assert by_path.partition("variant ")[2] == out.partition("variant ")[2]


def test_show_of_a_case_without_evidence(baselines, store, measure, replace):
    run = measure(evidence=Evidence(), workload={"sizes": [[64, 64], [32, 16]]})
    store(replace(run, processes=[replace(process, startup_ns={}) for process in run.processes]))
    out = baselines("show", ID).stdout
    assert "64x64; 32x16" in out
    assert "Environment\n" in out
    for title in ("Cold start", "Kernels by", "Evidence"):
        assert title not in out


def test_show_of_few_kernels(baselines, store, measure):
    kernels = [KernelTime("convolution", "brg", "f32", 2, 0.0)]
    store(measure(evidence=Evidence(kernels=kernels)))
    out = baselines("show", ID).stdout
    assert "Kernels by the library" in out
    assert "0.0 %" in out
    assert "more" not in out.partition("Kernels by")[2]


def test_show_of_another_machine(baselines, store, measure):
    store(measure(machine="zen4"))
    assert f"{ID} on zen4" in baselines("show", ID).stdout
    store(measure())
    assert "It is stored for spr-8cores-amx, zen4: name one with --machine=KEY." in baselines("show", ID, code=2).stderr
    assert f"{ID} on zen4" in baselines("show", ID, "--machine=zen4").stdout


def test_show_of_a_case_that_is_not_there(baselines, store):
    store()
    assert f"Did you mean '{ID}'?" in baselines("show", "fp32-bundled-64x64-2step", code=2).stderr
    assert "See `sdperf baselines list`." in baselines("show", "\x1bzzz", code=2).stderr


@pytest.mark.parametrize("by", ["id", "path"])
def test_show_of_a_truncated_file_is_no_traceback(baselines, store, by):
    path = store()
    path.write_bytes(path.read_bytes()[:300])
    error = baselines("show", ID if by == "id" else str(path), code=2).stderr
    assert error.startswith("Error: the file is truncated or no valid baseline")
    assert len(error.splitlines()) == 1


def test_verify(baselines, store):
    store()
    assert baselines("verify").stdout == "1 baseline and 1 picture in baselines: all is well\n"


def test_verify_tells_each_fault_with_its_cure(baselines, store, folder, measure):
    path = store()
    path.write_text(path.read_text().replace('"spread": 0.02', '"spread": 0.01'))
    store(measure("tuned"))
    (picture,) = (folder / "baselines" / "references").rglob("*.png")
    picture.write_bytes(picture.read_bytes()[:-1000])
    out = baselines("verify", code=1).stdout
    assert f"FAULT {path.relative_to(folder)}\n  what  the headline does not agree" in out
    assert f"FAULT {picture.relative_to(folder)}\n  what  the file is truncated or no PNG" in out
    assert out.count("  cure  Delete the file and record it again") == 2
    assert out.endswith("2 baselines and 1 picture in baselines: 2 faults\n")


def test_prune_shows_and_changes_nothing_without_yes(baselines, store, draw_picture):
    path, other = store(), draw_picture("a cat")
    out = baselines("prune", code=1).stdout
    assert f"references/aaaaaaaaaaaa/{other.name}  no stored baseline needs it" in out
    assert "nothing was changed: add --yes to do so" in out
    assert other.is_file()
    assert "deleted 1 file (" in baselines("prune", "--yes").stdout
    assert not other.exists()
    assert path.is_file()
    assert baselines("prune", "--yes").stdout == "nothing to delete in baselines\n"


def test_prune_keeps_variants_that_a_conftest_may_declare(baselines, store, measure, folder):
    path = store(measure("ours"))
    assert "NOTE kept, but neither built in nor of an installed package: ours." in baselines("prune").stdout
    (folder / "conftest.py").write_text(
        "from pytest_sdperf import Variant\ndef pytest_sdperf_variants():\n    return [Variant('ours', 'a:b')]\n"
    )
    assert baselines("prune", "--tests=conftest.py").stdout == "nothing to delete in baselines\n"
    (folder / "conftest.py").write_text("")
    assert "no variant is called ours" in baselines("prune", "--tests=.", "--yes").stdout
    assert not path.exists()


def test_prune_by_a_report(baselines, store, measure, write_report):
    store()
    gone = store(measure("tuned"))
    write_report("all.json", measure())
    out = baselines("prune", "--unused-by=all.json", code=1).stdout
    assert f"{MACHINE}/{gone.name}  the run of the report did not use it" in out
    assert ID not in out


def test_prune_of_older_runs_and_other_machines(baselines, store, measure):
    store(measure(), measure(), measure())
    out = baselines("prune", "--keep-runs=1", code=1).stdout
    assert f"{MACHINE}/{ID}.json  2 older runs of 3" in out
    assert "1 baseline shortened; nothing was changed" in out
    assert "another machine than this" in baselines("prune", "--other-machines", code=1).stdout
    baselines("prune", "--keep-runs=0", code=2)


def test_diff_of_two_files(run, store, measure, folder):
    old = store().rename(folder / "old.json")
    new = store(measure(seconds=(2.0, 2.1, 2.2)))
    out = run("baselines", "diff", str(old), str(new), code=1).stdout
    assert row_of(ID, out)[:6] == ["1.02", "s", "2.1", "s", "+105.9", "%"]
    assert "this describes the difference and decides nothing" in out
    assert "stage       rest 220 ms -> 1.3 s" in out


def test_diff_of_two_folders(run, store, measure, folder):
    store(picture=False)
    store(measure("tuned"), picture=False)
    (folder / "baselines").rename(folder / "old")
    assert "no case is on both sides" in run("baselines", "diff", "old", str(folder_of(folder, "new")), code=1).stdout
    store(measure("torch_bf16"), picture=False)
    out = run("baselines", "diff", "old", "baselines", code=1).stdout
    assert f"only in old: {MACHINE}/{ID}, {MACHINE}/tuned-bundled-64x64-2steps" in out
    assert f"only in baselines: {MACHINE}/torch_bf16-bundled-64x64-2steps" in out


def folder_of(folder, name):
    (folder / name).mkdir()
    return folder / name


def test_diff_against_a_revision(baselines, store, measure, make_repository, folder):
    store(picture=False)
    kept = measure("tuned")
    store(kept, picture=False)
    repository = make_repository(path=folder)
    repository.commit()
    same = baselines("diff", "--against=HEAD")
    assert f"the same on both sides: {ID}, tuned-bundled-64x64-2steps" in same.stdout
    store(measure(seconds=(1.5, 1.52, 1.54)), picture=False)
    out = baselines("diff", "--against=HEAD", code=1).stdout
    assert row_of(ID, out)[:6] == ["1.02", "s", "1.52", "s", "+49.0", "%"]
    only = baselines("diff", "--against=HEAD", "--case=tuned-bundled-64x64-2steps").stdout
    assert ID not in only
    assert "no side has the case 'x'" in baselines("diff", "--against=HEAD", "--case=x", code=2).stderr
    assert "the baselines of 'nowhere' cannot be read" in baselines("diff", "--against=nowhere", code=2).stderr


def test_diff_tells_what_cannot_be_trusted(run, store, folder):
    path = store(picture=False)
    (folder / "baselines").rename(folder / "old")
    path = store(picture=False)
    path.write_text("{")
    assert "NOT TRUSTED the file is truncated" in run("baselines", "diff", "old", "baselines", code=1).stdout


@pytest.mark.parametrize("arguments", [(), ("a",), ("a", "b", "--against=HEAD"), ("a", "b", "c")])
def test_diff_needs_two_sides(baselines, store, arguments):
    store()
    assert "Name either two files or folders, or a revision" in baselines("diff", *arguments, code=2).stderr


def test_a_folder_that_is_not_there(run):
    assert "there is no folder 'gone' [--baselines]" in run("baselines", "list", "--baselines=gone", code=2).stderr
