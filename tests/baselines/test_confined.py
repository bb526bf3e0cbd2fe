import pytest

from pytest_sdperf.baselines.confined import confined
from pytest_sdperf.errors import BaselineError


@pytest.mark.parametrize("name", ["fp32-tiny-64x64+128x128-4steps-0a1b.json", "a", "_x", "1.0", "a" * 200])
def test_plain_names(tmp_path, name):
    assert confined(tmp_path, "machine", name) == tmp_path / "machine" / name


@pytest.mark.parametrize(
    "name", ["", ".", "..", "../x", "a/b", "/etc/passwd", "a\\b", ".hidden", "a\n", "a" * 201, "c:x", "a\0b", "ü"]
)
def test_names_that_climb_or_hide(tmp_path, name):
    with pytest.raises(BaselineError) as error:
        confined(tmp_path, "machine", name)
    assert error.value.what == f"{name!r} cannot name a stored file"
    assert error.value.where == str(tmp_path)
    assert error.value.cure == "Use letters, digits and . _ + - only, up to 200 of them."
    with pytest.raises(BaselineError):
        confined(tmp_path, name, "case.json")


def test_a_link_that_leads_out_is_refused(tmp_path):
    root, outside = tmp_path / "baselines", tmp_path / "outside"
    root.mkdir()
    outside.mkdir()
    (root / "machine").symlink_to(outside)
    with pytest.raises(BaselineError) as error:
        confined(root, "machine", "case.json")
    assert error.value.what == f"a symbolic link leads out of the baselines folder to {outside / 'case.json'}"
    (root / "inside").mkdir()
    (root / "inside" / "case.json").symlink_to(outside / "case.json")
    with pytest.raises(BaselineError):
        confined(root, "inside", "case.json")


def test_the_root_itself_may_be_a_link(tmp_path):
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    assert confined(tmp_path / "link", "m", "c") == tmp_path / "link" / "m" / "c"
