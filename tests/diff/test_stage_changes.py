from pytest_sdperf.diff.stage_changes import cold_start_changes, stage_changes


def test_the_largest_move_comes_first(measured):
    base, head = measured([1.0], unet_s=0.6), measured([1.3], unet_s=0.8)
    assert stage_changes(base, head, "64x64") == [
        "unet 600 ms -> 800 ms (+33.3 %), +20.0 % of the picture's time",
        "rest 400 ms -> 500 ms (+25.0 %), +10.0 % of the picture's time",
    ]


def test_moves_of_less_than_1_percent_are_not_told(measured):
    assert stage_changes(measured([1.0], unet_s=0.6), measured([1.0], unet_s=0.606), "64x64") == []
    assert len(stage_changes(measured([1.0], unet_s=0.6), measured([1.0], unet_s=0.612), "64x64")) == 2


def test_stages_of_one_side_only(measured):
    assert stage_changes(measured([1.0]), measured([1.0], unet_s=0.6), "64x64") == [
        "rest 1 s -> 400 ms (-60.0 %), -60.0 % of the picture's time",
        "unet none -> 600 ms, +60.0 % of the picture's time",
    ]
    assert stage_changes(measured([1.0], unet_s=1.0), measured([1.5]), "64x64") == [
        "rest 0 us -> 1.5 s, +150.0 % of the picture's time",
        "unet 1 s -> none, -100.0 % of the picture's time",
    ]


def test_cold_start(measured):
    base, head = measured(startup_s={"load": 2.0, "compile": 1.0}), measured(startup_s={"load": 1.0})
    assert cold_start_changes(base, head) == ["load 2 s -> 1 s (-50.0 %)", "compile 1 s -> none"]
    assert cold_start_changes(measured(), measured()) == []
