"""The published schema is that of the types, and what is rendered fits it."""

import json
from pathlib import Path

import jsonschema
import pytest

from pytest_sdperf.report import json as report_json
from pytest_sdperf.report import json_schema

PUBLISHED = Path(__file__).parents[2] / "docs" / "report.schema.json"


def test_the_published_schema_has_not_drifted():
    assert PUBLISHED.read_text(encoding="utf-8") == json_schema.render(), (
        "write it again: python -c 'from pytest_sdperf.report import json_schema; print(json_schema.render(), end=\"\")' "
        "> docs/report.schema.json"
    )


@pytest.fixture(scope="module")
def validator():
    found = json_schema.schema()
    jsonschema.Draft202012Validator.check_schema(found)
    return jsonschema.Draft202012Validator(found)


def test_a_rendered_report_fits_it(validator, report):
    validator.validate(json.loads(report_json.render(report)))


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"version": 3}, "6 was expected"),
        ({"format": "other"}, "'pytest-sdperf-report' was expected"),
        ({"report": {}}, "'outcomes' is a required property"),
        ({"report": {"outcomes": [{}]}}, "'nodeid' is a required property"),
        ({"report": {"outcomes": [], "fp32_latency_s": {"a": "fast"}}}, "'fast' is not valid under any of the given"),
    ],
)
def test_what_is_no_report_does_not(validator, report, change, told):
    [fault, *_] = validator.iter_errors({**json.loads(report_json.render(report)), **change})
    assert told in fault.message


def test_nan_and_infinity_fit_where_a_number_does(validator, report):
    document = json.loads(report_json.render(report))
    document["report"]["fp32_latency_s"] = {"a": {"non_finite": "nan"}}
    validator.validate(document)
    document["report"]["fp32_latency_s"] = {"a": {"non_finite": "null"}}
    assert not validator.is_valid(document)
