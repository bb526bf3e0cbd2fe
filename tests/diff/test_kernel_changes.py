from pytest_sdperf.diff.kernel_changes import kernel_changes
from pytest_sdperf.measurement import Evidence


def test_appeared_and_vanished_kernels_largest_first(kernel):
    base = Evidence(kernels=[kernel("brg:avx512_core_bf16", time_ms=90), kernel("jit:avx512_core", time_ms=10)])
    head = Evidence(kernels=[kernel("ref:any", time_ms=95), kernel("jit:avx512_core", time_ms=5)])
    assert kernel_changes(base, head) == [
        "appeared: convolution ref:any bf16, 95.0 % of kernel time",
        "vanished: convolution brg:avx512_core_bf16 bf16, was 90.0 % of kernel time",
        "moved: convolution jit:avx512_core bf16, 10.0 % -> 5.0 % of kernel time",
    ]


def test_shares_that_move_less_than_5_points_are_not_told(kernel):
    base = Evidence(kernels=[kernel("a:avx2", time_ms=50), kernel("b:avx2", time_ms=50)])
    head = Evidence(kernels=[kernel("a:avx2", time_ms=54.9), kernel("b:avx2", time_ms=45.1)])
    assert kernel_changes(base, head) == []
    head = Evidence(kernels=[kernel("a:avx2", time_ms=56), kernel("b:avx2", time_ms=44)])
    assert len(kernel_changes(base, head)) == 2


def test_same_kernel_in_another_precision_is_another_kernel(kernel):
    lines = kernel_changes(Evidence(kernels=[kernel("a", "bf16")]), Evidence(kernels=[kernel("a", "f32")]))
    assert lines == [
        "appeared: convolution a f32, 100.0 % of kernel time",
        "vanished: convolution a bf16, was 100.0 % of kernel time",
    ]


def test_one_side_without_kernels(kernel):
    some, none = Evidence(kernels=[kernel("a")]), Evidence()
    assert kernel_changes(some, none) == ["no kernels were seen now; the baseline has them"]
    assert kernel_changes(none, some) == []
    assert kernel_changes(none, none) == []
