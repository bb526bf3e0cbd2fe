import pytest

from pytest_sdperf.hardware.huge_pages import transparent_huge_pages

FILE = "sys/kernel/mm/transparent_hugepage/enabled"


@pytest.mark.parametrize(
    ("text", "found"), [("always [madvise] never\n", "madvise"), ("always madvise [never]", "never"), ("odd", "")]
)
def test_the_chosen_word(tree, text, found):
    assert transparent_huge_pages(root=tree({FILE: text})) == found


def test_a_system_without_it(tree):
    assert transparent_huge_pages(root=tree({"proc/version": ""})) == ""
