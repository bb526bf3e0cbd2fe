import pytest

from pytest_sdperf.errors import LaunchError
from pytest_sdperf.launch.settings import resolve_launch
from pytest_sdperf.variant import Launch


def resolve(launch=None, *, base_env=None, cpus=(0, 2), libraries=None, **more):
    return resolve_launch(
        launch or Launch(),
        base_env=base_env or {},
        cpus=cpus,
        find_library=(libraries or {}).get,
        platform=more.pop("platform", "linux"),
        **more,
    )


@pytest.fixture
def jemalloc(tmp_path):
    path = tmp_path / "libjemalloc.so.2"
    path.touch()
    return path


@pytest.fixture
def libiomp5(tmp_path):
    path = tmp_path / "libiomp5.so"
    path.touch()
    return path


def test_users_variables_pass_through_unpinned():
    user = {"OMP_NUM_THREADS": "1", "ONEDNN_MAX_CPU_ISA": "AVX2", "KMP_BLOCKTIME": "0", "HOME": "/h", "LD_PRELOAD": ""}
    resolved = resolve(base_env=user)
    assert resolved.env.items() >= user.items()
    assert resolved.cpus == ()
    assert "SDPERF_CPUS" not in resolved.env
    assert "SDPERF_THREADS" not in resolved.env
    assert "TBB_ENABLE_SANITIZERS" not in resolved.env


def test_a_quota_gives_every_process_the_threads_that_it_feeds():
    assert resolve(quota_threads=2).env["OMP_NUM_THREADS"] == "2"
    assert resolve(quota_threads=2).env["SDPERF_QUOTA_THREADS"] == "2"
    assert "SDPERF_THREADS" not in resolve(quota_threads=2).env, "the launch asked for none"
    assert "OMP_NUM_THREADS" not in resolve().env
    assert "SDPERF_QUOTA_THREADS" not in resolve(base_env={"SDPERF_QUOTA_THREADS": "7"}).env


def test_a_quota_leaves_what_user_and_variant_say():
    assert resolve(base_env={"OMP_NUM_THREADS": "8"}, quota_threads=2).env["OMP_NUM_THREADS"] == "8"
    own = Launch(env={"OMP_NUM_THREADS": "4"})
    assert resolve(own, quota_threads=2).env["OMP_NUM_THREADS"] == "4"


def test_under_a_quota_a_pinned_process_has_the_quotas_threads_on_all_cpus():
    resolved = resolve(Launch(pin=True), cpus=(0, 1, 2, 3), quota_threads=1)
    assert resolved.cpus == (0, 1, 2, 3)
    assert (resolved.env["OMP_NUM_THREADS"], resolved.env["SDPERF_CPUS"]) == ("1", "0,1,2,3")


@pytest.mark.parametrize(
    ("env", "cpus"),
    [
        ({"KMP_AFFINITY": "granularity=fine,compact,1,0"}, (2, 3)),
        ({"OMP_PROC_BIND": "close"}, (2, 3)),
        ({"OMP_PROC_BIND": "FALSE"}, (0, 1, 2, 3)),
        ({"KMP_AFFINITY": "none"}, (0, 1, 2, 3)),
    ],
)
def test_under_a_quota_threads_that_bind_themselves_get_the_idlest_cpus(env, cpus):
    def idle_first(offered):
        assert tuple(offered) == (0, 1, 2, 3)
        return [3, 2, 0, 1]

    resolved = resolve(Launch(pin=True, env=env), cpus=(0, 1, 2, 3), quota_threads=2, idle_first=idle_first)
    assert resolved.cpus == cpus
    assert resolved.env["SDPERF_CPUS"] == ",".join(map(str, cpus))
    assert resolved.env["OMP_NUM_THREADS"] == "2"


@pytest.mark.parametrize("name", ["ONEDNN_VERBOSE", "DNNL_VERBOSE", "MKL_VERBOSE"])
def test_verbose_switches_are_scrubbed_and_refused_from_a_variant(name):
    assert name not in resolve(base_env={name: "1"}).env
    with pytest.raises(LaunchError) as caught:
        resolve(Launch(env={name: "1"}))
    assert str(caught.value) == (
        f"the variant sets {name}, which prints during the timed pictures [Launch.env]. "
        "Remove it: evidence is collected in a run of its own."
    )


@pytest.mark.parametrize(
    "name",
    [
        "COV_CORE_SOURCE",
        "COVERAGE_PROCESS_START",
        "COVERAGE_PROCESS_CONFIG",
        "PYTEST_CURRENT_TEST",
        "PYTEST_ADDOPTS",
        "PYTHONTRACEMALLOC",
        "PYTHONINSPECT",
        "SDPERF_CPUS",
        "SDPERF_THREADS",
    ],
)
def test_instrumentation_and_stale_asks_stay_out(name):
    assert name not in resolve(base_env={name: "1"}).env


def test_no_telemetry_whatever_the_session_says():
    env = resolve(base_env={"CI": "1"}).env
    assert env["CI"] == "true"
    assert env["NNCF_CI"] == env["HF_HUB_DISABLE_TELEMETRY"] == env["DO_NOT_TRACK"] == "1"


def test_offline_unless_network_is_asked_for():
    assert resolve().env["HF_HUB_OFFLINE"] == resolve().env["TRANSFORMERS_OFFLINE"] == "1"
    online = resolve(network=True).env
    assert "HF_HUB_OFFLINE" not in online
    assert "TRANSFORMERS_OFFLINE" not in online
    assert resolve(base_env={"HF_HUB_OFFLINE": "1"}, network=True).env["HF_HUB_OFFLINE"] == "1"


def test_pin_sets_cpus_threads_and_what_was_asked():
    resolved = resolve(Launch(pin=True), base_env={"OMP_NUM_THREADS": "7"}, cpus=[3, 5, 8])
    assert resolved.cpus == (3, 5, 8)
    assert resolved.env["OMP_NUM_THREADS"] == resolved.env["SDPERF_THREADS"] == "3"
    assert resolved.env["SDPERF_CPUS"] == "3,5,8"


def test_threads_that_the_variant_sets_are_what_was_asked():
    assert resolve(Launch(env={"OMP_NUM_THREADS": "4"})).env["SDPERF_THREADS"] == "4"
    pinned = resolve(Launch(env={"OMP_NUM_THREADS": "1"}, pin=True))
    assert pinned.env["OMP_NUM_THREADS"] == pinned.env["SDPERF_THREADS"] == "1"


def test_pin_without_cpus_is_refused():
    with pytest.raises(LaunchError, match=r"^no CPU is left to pin to \[Launch.pin\]. Give the session"):
        resolve(Launch(pin=True), cpus=[])


@pytest.mark.parametrize(
    ("launch", "asked"),
    [(Launch(pin=True), "pin=True"), (Launch(preload=("jemalloc",)), r"preload=\('jemalloc',\)")],
)
def test_pin_and_preload_are_refused_off_linux(launch, asked):
    with pytest.raises(LaunchError, match=rf"^{asked} does not work on darwin \[Launch\]. Declare the requirement"):
        resolve(launch, platform="darwin")
    assert resolve(platform="darwin").cpus == ()


def test_preload_comes_before_what_the_user_preloads(jemalloc, libiomp5):
    resolved = resolve(
        Launch(preload=("jemalloc", "libiomp5")),
        base_env={"LD_PRELOAD": f"/usr/lib/other.so {jemalloc}"},
        libraries={"jemalloc": jemalloc, "libiomp5": libiomp5},
    )
    assert resolved.env["LD_PRELOAD"] == f"{jemalloc}:{libiomp5}:/usr/lib/other.so"


def test_an_allocator_mends_tbb_unless_the_user_decided(jemalloc, libiomp5):
    libraries = {"jemalloc": jemalloc, "libiomp5": libiomp5}
    name = "TBB_ENABLE_SANITIZERS"
    assert resolve(Launch(preload=("jemalloc",)), libraries=libraries).env[name] == "1"
    assert resolve(Launch(preload=("jemalloc",)), base_env={name: "0"}, libraries=libraries).env[name] == "0"
    assert resolve(base_env={"LD_PRELOAD": "/usr/lib/libtcmalloc.so.4"}).env[name] == "1"
    assert name not in resolve(Launch(preload=("libiomp5",)), libraries=libraries).env


def test_absolute_path_is_taken_as_it_is(jemalloc):
    launch = Launch(preload=(str(jemalloc),))
    assert resolve(launch, libraries={str(jemalloc): jemalloc}).env["LD_PRELOAD"] == str(jemalloc)


@pytest.mark.parametrize(
    ("name", "cure"), [("jemalloc", "apt install libjemalloc2"), ("libiomp5", "pip install intel-openmp")]
)
def test_missing_library_is_refused_by_name_with_its_cure(name, cure, tmp_path):
    with pytest.raises(LaunchError) as caught:
        resolve(Launch(preload=(name,)))
    assert str(caught.value).startswith(f"library {name!r} to preload was not found [Launch.preload]. Install it: ")
    assert cure in caught.value.cure
    gone = tmp_path / "gone.so"
    with pytest.raises(LaunchError, match=f"was not found at {gone}"):
        resolve(Launch(preload=(name,)), libraries={name: gone})


def test_unknown_library_is_refused():
    with pytest.raises(LaunchError) as caught:
        resolve(Launch(preload=("mimalloc",)))
    assert str(caught.value) == (
        "library 'mimalloc' to preload is not known [Launch.preload]. "
        "Use one of: jemalloc, libiomp5, or an absolute path."
    )


def test_missing_absolute_path_is_refused():
    with pytest.raises(LaunchError) as caught:
        resolve(Launch(preload=("/nowhere/libx.so",)))
    assert str(caught.value) == (
        "the library to preload does not exist: /nowhere/libx.so [Launch.preload]. Correct the path or install it."
    )


def test_file_that_is_no_library_is_refused(jemalloc):
    with pytest.raises(LaunchError, match="cannot be preloaded: it is not a shared library for this processor"):
        resolve(Launch(preload=(str(jemalloc),)))


@pytest.mark.parametrize("folder", ["with space", "with:colon"])
def test_path_that_ld_preload_cannot_hold_is_refused(folder, tmp_path):
    path = tmp_path / folder / "libjemalloc.so.2"
    path.parent.mkdir()
    path.touch()
    with pytest.raises(LaunchError, match="has a space or colon, which LD_PRELOAD cannot hold"):
        resolve(Launch(preload=("jemalloc",)), libraries={"jemalloc": path})
