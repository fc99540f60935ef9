"""Tests of utils/check.py: wrong sums would hide failures."""

import json
import sys

import check


def test_lit_results(tmp_path):
    codes = ["PASS", "XFAIL", "UNSUPPORTED", "FAIL", "XPASS", "UNRESOLVED", "TIMEOUT"]
    path = tmp_path / "lit.json"
    path.write_text(json.dumps({"tests": [{"name": c, "code": c} for c in codes]}))
    assert check.read_lit_results(path) == check.Counts(passed=2, failed=4, skipped=1)


def test_junit_results(tmp_path):
    path = tmp_path / "pytest.xml"
    path.write_text(
        '<testsuites><testsuite tests="9" failures="2" errors="1" skipped="3"/></testsuites>'
    )
    assert check.read_junit_results(path) == check.Counts(passed=3, failed=3, skipped=3)


def test_a_runner_that_runs_nothing_fails(tmp_path):
    command = [sys.executable, "-c", ""]
    counts = check.run("nothing", command, tmp_path / "none.json", check.read_lit_results)
    assert counts == check.Counts(failed=1)


def test_a_runner_that_crashes_after_its_tests_fails(tmp_path):
    results = tmp_path / "lit.json"
    script = 'import sys; open(sys.argv[1], "w").write(sys.argv[2]); sys.exit(3)'
    command = [sys.executable, "-c", script, str(results), '{"tests": [{"code": "PASS"}]}']
    counts = check.run("crash", command, results, check.read_lit_results)
    assert counts == check.Counts(passed=1, failed=1)


def test_the_closing_line():
    assert str(check.Counts(3, 0, 1)) == "3 passed, 0 failed"
