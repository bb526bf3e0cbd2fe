import msgspec
import pytest

from pytest_sdperf.claims import CLAIM_KINDS, CheckedClaim, Claim, check_claim
from pytest_sdperf.errors import CaseError
from pytest_sdperf.measurement import Evidence
from pytest_sdperf.workload import Workload

WORKLOAD = Workload(num_inference_steps=20)
EMPTY = Evidence()


def checked(kind, evidence, want="", at_least=1.0):
    result = check_claim(Claim(kind, want, at_least=at_least), evidence, WORKLOAD)
    return result.holds, result.seen


def test_a_claim_of_an_unknown_kind_names_the_known_ones():
    with pytest.raises(CaseError) as raised:
        Claim("fast")
    assert str(raised.value) == f"unknown claim 'fast'. Use one of: {', '.join(CLAIM_KINDS)}."


@pytest.mark.parametrize("share", [0, -0.1, 1.01, float("nan"), float("inf")])
def test_a_claims_share_is_above_0_and_up_to_1(share):
    with pytest.raises(CaseError, match="Write a share above 0 and up to 1"):
        Claim("kernel_precision", "bf16", at_least=share)


@pytest.mark.parametrize("share", [1e-9, 0.5, 1.0])
def test_shares_that_are(share):
    assert Claim("kernel_precision", "bf16", at_least=share).at_least == share


def test_a_claim_reads_as_it_is_written():
    assert str(Claim("kernel_precision", "bf16")) == "kernel_precision(bf16)"
    assert str(Claim("kernel_precision", "bf16", 0.9)) == "kernel_precision(bf16, at least 90 %)"
    assert str(Claim("kernel_precision", "bf16", 0.90001)) == "kernel_precision(bf16, at least 90.001 %)"
    assert str(Claim("kernel_isa", at_least=0.29)) == "kernel_isa(at least 29 %)"
    assert str(Claim("static_shapes")) == "static_shapes"


def test_the_table_shows_shares_of_precisions_and_counts_settings():
    assert [k for k, kind in CLAIM_KINDS.items() if kind.shows_share] == ["kernel_precision"]
    assert [k for k, kind in CLAIM_KINDS.items() if kind.is_setting] == ["allocator_setting", "openmp_setting"]
    assert all(kind.promise for kind in CLAIM_KINDS.values())


def test_claims_that_differ_only_in_at_least_are_two(kernel):
    evidence = Evidence(kernels=[kernel("a", "bf16", 90), kernel("b", "f32", 10)])
    strict, lax = (check_claim(Claim("kernel_precision", "bf16", share), evidence, WORKLOAD) for share in (1.0, 0.9))
    assert strict == CheckedClaim(
        "kernel_precision", "bf16", 1.0, False, "90 % of kernel time (limit 100 %), the rest ran b in f32", 0.9
    )
    assert (lax.at_least, lax.holds, lax.share) == (0.9, True, 0.9)
    assert {strict.name, lax.name} == {"kernel_precision(bf16)", "kernel_precision(bf16, at least 90 %)"}
    assert msgspec.json.decode(msgspec.json.encode(strict), type=CheckedClaim) == strict


@pytest.mark.parametrize("kind", sorted(CLAIM_KINDS))
def test_nothing_seen_proves_no_claim(kind):
    want = {"unet_calls": "20", "kernel_isa": "amx", "fact": "a=b", "openmp_setting": "a=b", "allocator_setting": "a=b"}
    holds, seen = checked(kind, EMPTY, want.get(kind, "bf16"))
    assert not holds
    assert seen


@pytest.mark.parametrize("kind", ["kernel_precision", "kernel_isa", "no_reference_kernels"])
def test_no_kernels_were_seen(kind):
    assert checked(kind, EMPTY, "amx") == (False, "no kernels were seen")


def test_openvino_downgrade_is_seen(kernel):
    native = [kernel("brgconv_avx512_1x1_bf16"), kernel("brgemm_avx512_bf16", operation="FullyConnected")]
    fallen = [kernel("jit_avx512_1x1_bf16"), kernel("jit_gemm_bf16", operation="FullyConnected")]
    assert checked("kernel_isa", Evidence(kernels=native), "avx512_bf16")[0]
    assert checked("kernel_isa", Evidence(kernels=fallen), "avx512_bf16") == (
        False,
        "0 % of kernel time (limit 100 %), the rest ran jit_avx512_1x1_bf16, jit_gemm_bf16",
    )
    assert checked("kernel_precision", Evidence(kernels=fallen), "bf16")[0], "precision alone does not tell"


@pytest.mark.parametrize(("native_ms", "holds"), [(90.0, True), (89.99, False)])
def test_both_sides_of_the_share(kernel, native_ms, holds):
    kernels = [kernel("brgconv_avx512_bf16", time_ms=native_ms), kernel("jit_gemm_bf16", time_ms=100 - native_ms)]
    assert checked("kernel_isa", Evidence(kernels=kernels), "avx512_bf16", at_least=0.9)[0] is holds


def test_amx_satisfies_avx512_bf16_but_not_the_other_way_round(kernel):
    assert checked("kernel_isa", Evidence(kernels=[kernel("brg_conv_fwd:avx512_core_amx")]), "avx512_bf16")[0]
    assert not checked("kernel_isa", Evidence(kernels=[kernel("brg_conv_fwd:avx512_core_bf16")]), "amx")[0]


def test_f32_kernels_break_no_claim_of_a_set_that_f32_cannot_use(kernel):
    f32 = [kernel("brgconv_avx512_f32", "f32"), kernel("gemm_mlas_f32", "f32", operation="FullyConnected")]
    for best in ("base", "avx2", "avx512", "avx512_vnni"):
        assert checked("kernel_isa", Evidence(kernels=f32), best)[0], best
    assert not checked("kernel_isa", Evidence(kernels=f32), "avx512_bf16")[0]
    assert not checked("kernel_isa", Evidence(kernels=[kernel("brgconv_avx2_f32", "f32")]), "avx512")[0]
    assert not checked("kernel_isa", Evidence(kernels=[kernel("gemm_mlas_f32", "f32")]), "avx512")[0]
    i8 = [kernel("brgconv_avx512_f32", "i8")]
    assert not checked("kernel_isa", Evidence(kernels=i8), "avx512_vnni")[0]


def test_unknown_instruction_set_names_the_known(kernel):
    holds, seen = checked("kernel_isa", Evidence(kernels=[kernel("ref:any")]), "mmx")
    assert not holds
    assert seen.startswith("unknown instruction set 'mmx'; use one of: base, sse41, ")


def test_only_convolutions_and_matrix_products_count(kernel):
    kernels = [
        kernel("brgconv_avx512_bf16", "bf16", 1.0),
        kernel("brgemm_avx512_bf16", "bf16", 1.0, operation="MatMul"),
        kernel("jit_avx512_f32", "f32", 50.0, operation="Subgraph"),
        kernel("jit:uni", "f32", 50.0, operation="reorder"),
    ]
    assert checked("kernel_precision", Evidence(kernels=kernels), "bf16") == (
        True,
        "100 % of kernel time (limit 100 %)",
    )
    only_rest = Evidence(kernels=kernels[2:])
    assert checked("kernel_precision", only_rest, "f32") == (False, "no time in convolution or matmul kernels was seen")


def test_kernel_names_are_cut_after_three(kernel):
    kernels = [kernel(f"jit:avx{i}", time_ms=10 - i) for i in range(5)]
    seen = checked("kernel_isa", Evidence(kernels=kernels), "amx")[1]
    assert seen.endswith("the rest ran jit:avx0 in bf16, jit:avx1 in bf16, jit:avx2 in bf16 and 2 more")


@pytest.mark.parametrize(("want", "precision"), [("bf16", "bfloat16"), ("fp32", "f32"), ("i8", "s8")])
def test_precisions_have_several_names(kernel, want, precision):
    assert checked("kernel_precision", Evidence(kernels=[kernel("x", precision)]), want)[0]


def test_rounding_of_sums_does_not_break_a_full_share(kernel):
    kernels = [kernel("brgconv_avx512_f32", "f32", 0.1) for _ in range(10)]
    assert checked("kernel_precision", Evidence(kernels=kernels), "f32")[0]


def test_reference_kernels(kernel):
    fine = kernel("brg_matmul:avx512_core_bf16", operation="matmul")
    plain = kernel("ref_any_i32", operation="Gather")
    assert checked("no_reference_kernels", Evidence(kernels=[fine, plain])) == (True, "none ran")
    assert checked("no_reference_kernels", Evidence(kernels=[plain])) == (False, "no kernels were seen")
    slow = kernel("ref:any", operation="matmul")
    assert checked("no_reference_kernels", Evidence(kernels=[fine, slow])) == (False, "ran matmul ref:any")
    assert not checked("no_reference_kernels", Evidence(kernels=[fine, kernel("ref:any", operation="reorder")]))[0]
    assert not checked("no_reference_kernels", Evidence(kernels=[kernel("ref_any_bf16", operation="Convolution")]))[0]


def test_static_shapes():
    static = {"unet.sample": "[2,4,8,8]", "unet.timestep": "[1]"}
    assert checked("static_shapes", Evidence(input_shapes=static)) == (True, "2 inputs, all of fixed shape")
    half = {**static, "vae_decode.latent": "[?,4,8,8]"}
    assert checked("static_shapes", Evidence(input_shapes=half)) == (False, "dynamic: vae_decode.latent [?,4,8,8]")
    assert checked("static_shapes", EMPTY) == (False, "no input shapes were seen")


def test_dynamic_shapes():
    dynamic = {"unet.sample": "[?,4,?,?]", "unet.timestep": "[1]"}
    assert checked("dynamic_shapes", Evidence(input_shapes=dynamic)) == (True, "unet take any size")
    half = {**dynamic, "vae_decode.latent": "[1,4,8,8]"}
    assert checked("dynamic_shapes", Evidence(input_shapes=half)) == (False, "every input is fixed in: vae_decode")
    assert checked("dynamic_shapes", EMPTY) == (False, "no input shapes were seen")


@pytest.mark.parametrize(
    ("path", "want", "holds"),
    [
        ("/usr/lib/x86_64-linux-gnu/libjemalloc.so.2", "jemalloc", True),
        ("/usr/lib/libjemalloc.so", "libjemalloc", True),
        ("/usr/lib/libtcmalloc_minimal.so.4", "tcmalloc", True),
        ("/opt/jemalloc/lib/libc.so.6", "jemalloc", False),
        ("/usr/lib/libjemallocate.so", "jemalloc", False),
        ("/usr/lib/libc.so.6", "", False),
    ],
)
def test_allocator_is_matched_by_file_name(path, want, holds):
    assert checked("allocator", Evidence(allocator=path), want) == (holds, f"allocator is {path}")


def test_openmp_runtime():
    assert checked("openmp_runtime", Evidence(openmp_runtime="/venv/lib/libiomp5.so"), "libiomp5")[0]
    assert checked("openmp_runtime", Evidence(openmp_runtime="/torch/lib/libgomp-a34b3233.so.1"), "libiomp5") == (
        False,
        "OpenMP runtime is /torch/lib/libgomp-a34b3233.so.1",
    )
    assert checked("openmp_runtime", EMPTY, "libiomp5") == (False, "no OpenMP runtime was seen")


def test_allocator_settings():
    evidence = Evidence(allocator="/usr/lib/libjemalloc.so.2", allocator_settings={"background_thread": "true"})
    assert checked("allocator_setting", evidence, "background_thread=true") == (
        True,
        "the allocator (libjemalloc.so.2) reads background_thread=true back",
    )
    assert not checked("allocator_setting", evidence, "background_thread=false")[0]
    assert checked("allocator_setting", evidence, "dirty_decay_ms=9") == (
        False,
        "the allocator (libjemalloc.so.2) reads no dirty_decay_ms back",
    )


def test_kmp_settings_without_libiomp():
    evidence = Evidence(openmp_runtime="/lib/libgomp.so.1", openmp_settings={"proc_bind": "false"})
    assert checked("openmp_setting", evidence, "blocktime_ms=1") == (
        False,
        "the OpenMP runtime (libgomp.so.1) reads no blocktime_ms back",
    )
    assert checked("openmp_setting", EMPTY, "blocktime_ms=1")[1].startswith("the OpenMP runtime (none seen)")


def test_facts():
    evidence = Evidence(facts={"backend": "server"})
    assert checked("fact", evidence, "backend=server")[0]
    assert checked("fact", evidence, "backend=local") == (
        False,
        "the pipeline's sdperf_facts() reads backend=server back",
    )


@pytest.mark.parametrize("want", ["", "backend", "=x", "backend="])
def test_a_setting_without_name_or_value(want):
    assert checked("fact", Evidence(facts={"backend": "x"}), want) == (False, f"{want!r} is not name=value")


def test_threads():
    assert checked("threads", Evidence(threads=2, threads_asked=2)) == (
        True,
        "the library computes with 2 threads (asked: 2)",
    )
    assert checked("threads", Evidence(threads=1, threads_asked=2)) == (
        False,
        "the library computes with 1 thread (asked: 2)",
    )
    assert checked("threads", Evidence(threads_asked=2)) == (False, "no thread count was seen (asked: 2)")
    assert checked("threads", Evidence(threads=2)) == (False, "the launch asked for no number of threads")


def test_affinity():
    assert checked("affinity", Evidence(cpus_seen=[0], cpus_asked=[0, 1])) == (
        True,
        "threads may run on CPUs 0 (asked: 0,1)",
    )
    assert not checked("affinity", Evidence(cpus_seen=[0, 1, 2], cpus_asked=[0, 1]))[0]
    assert checked("affinity", Evidence(cpus_asked=[1, 0])) == (False, "no affinity was seen (asked: 0,1)")
    assert checked("affinity", Evidence(cpus_seen=[0])) == (False, "the launch asked for no CPUs")


def test_unet_calls():
    pndm = Evidence(stage_calls={"unet": 21})
    assert checked("unet_calls", Evidence(stage_calls={"unet": 20}), "num_inference_steps") == (
        True,
        "20 calls an image (limit 20)",
    )
    assert checked("unet_calls", pndm, "num_inference_steps") == (False, "21 calls an image (limit 20)")
    assert checked("unet_calls", pndm, "21")[0]
    assert checked("unet_calls", EMPTY, "21") == (False, "no stage called unet was seen (limit 21 calls)")
    assert checked("unet_calls", pndm, "many") == (False, "'many' is neither num_inference_steps nor a number")


def test_stage_calls():
    drawn = Evidence(stage_calls={"text_encoder": 0, "unet": 20})
    assert checked("stage_calls", drawn, "unet=20") == (True, "20 calls an image (limit 20)")
    assert checked("stage_calls", drawn, " unet = 21 ") == (False, "20 calls an image (limit 21)")
    assert checked("stage_calls", drawn, "text_encoder=0") == (True, "0 calls an image (limit 0)")
    assert checked("stage_calls", drawn, "transformer=0") == (
        False,
        "no stage called transformer was seen (limit 0 calls)",
    )
    assert checked("stage_calls", EMPTY, "text_encoder=0") == (
        False,
        "no stage called text_encoder was seen (limit 0 calls)",
    )
    for want in ("unet", "unet=", "unet=many", "=3", "unet=-1"):
        assert checked("stage_calls", drawn, want) == (False, f"{want!r} is not stage=number")


def test_what_a_claim_wants_is_a_text():
    with pytest.raises(CaseError) as caught:
        Claim("threads", 4)
    assert str(caught.value) == "claim 'threads' has want=4. Write it as a text."
