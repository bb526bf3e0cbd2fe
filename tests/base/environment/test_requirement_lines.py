from pytest_sdperf.base.environment.requirement_lines import has_hashes, included, lines_of, requirements_of

TEXT = """# pins
--index-url https://index.example/simple
inkwell==1.0  # the black one
quill[feather]>=1 ; python_version >= "3"
quill-on-windows ; sys_platform == "win32"
-r base.txt
--constraint=limits.txt
-c https://limits.example/all.txt
-e .
./wheels/nib-1.0-py3-none-any.whl

blotter==1.0 \\
    --hash=sha256:aa \\
    --hash=sha256:bb
"""


def test_lines_that_count():
    assert lines_of(TEXT)[:3] == [
        "--index-url https://index.example/simple",
        "inkwell==1.0",
        'quill[feather]>=1 ; python_version >= "3"',
    ]
    assert lines_of(TEXT)[-1] == "blotter==1.0 --hash=sha256:aa --hash=sha256:bb"
    assert lines_of("\n  # nothing\n") == []
    assert lines_of("git+https://forge.example/a#egg=a") == ["git+https://forge.example/a#egg=a"]


def test_included_files():
    assert included(TEXT) == ["base.txt", "limits.txt", "https://limits.example/all.txt"]


def test_hashes():
    assert has_hashes(TEXT)
    assert has_hashes("--require-hashes\na\n")
    assert not has_hashes("inkwell==1.0  # --hash=sha256:aa\n")


def test_requirements_whose_markers_hold():
    assert [r.name for r in requirements_of(lines_of(TEXT))] == ["inkwell", "quill", "blotter"]
