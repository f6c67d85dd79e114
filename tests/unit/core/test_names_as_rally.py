# Licensed under the Apache License, Version 2.0 (the "License"); you may
# not use this file except in compliance with the License. You may obtain
# a copy of the License at
#
#      http://www.apache.org/licenses/LICENSE-2.0
#
# Unless required by applicable law or agreed to in writing, software
# distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the
# License for the specific language governing permissions and limitations
# under the License.
"""Compares cleanupd's names with those of the installed Rally, case by case.

Rally lives in an environment of its own, which ``make`` prepares; another
interpreter that has Rally 5.1.1 can be named in RALLY_PYTHON.  Without one
these tests fail: a contract that nobody checked does not hold.
"""

import collections
import json
import os
import pathlib
import subprocess

import pytest

from tests.unit.core import rally_cases

pytestmark = [
    pytest.mark.rally,
    # A seeded part that looks like a nested set warns here as it does in Rally.
    pytest.mark.filterwarnings("ignore:Possible .*:FutureWarning"),
]

HERE = pathlib.Path(__file__).parent
ORACLE = HERE / "rally_oracle.py"
DEFAULT_PYTHON = HERE.parents[2] / ".venv-rally" / "bin" / "python"


def ask_rally(questions):
    """Return Rally's version and its answers."""
    python = pathlib.Path(os.environ.get("RALLY_PYTHON", DEFAULT_PYTHON))
    if not python.exists():
        pytest.fail(
            f"There is no Rally to compare with at {python}: run `make test`, which installs it,"
            " or set RALLY_PYTHON to an interpreter that has rally 5.1.1."
        )
    done = subprocess.run(
        [python, ORACLE],
        input="".join(json.dumps(question) + "\n" for question in questions),
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    version, *answers = (json.loads(line) for line in done.stdout.splitlines())
    return version["value"], answers


@pytest.fixture(scope="module")
def compared():
    """Rally's version, and of every case the question, Rally's answer and ours."""
    questions = rally_cases.make_questions()
    version, theirs = ask_rally(questions)
    ours = [rally_cases.answer(question) for question in questions]
    return version, list(zip(questions, theirs, ours, strict=True))


def test_rally_is_the_release_whose_contract_this_is(compared):
    """The installed Rally is 5.1.1."""
    assert compared[0] == "5.1.1"


@pytest.mark.parametrize("call", ["generate", "match", "match_any", "match_custom"])
def test_answers_are_rallys(compared, call):
    """Every answer, be it a name, a truth or the type of an error, is the one that Rally gives."""
    cases = [case for case in compared[1] if case[0]["call"] == call]
    assert [case for case in cases if case[1] != case[2]][:3] == []
    assert len(cases) >= 200


def test_the_cases_reach_every_sort_of_answer(compared):
    """Rally made many names, said yes and no many times, and raised every sort of error."""
    reached = collections.Counter()
    for question, theirs, _ours in compared[1]:
        value = theirs.get("value")
        sort = type(value).__name__ if isinstance(value, str) else value
        reached[question["call"], theirs.get("error", sort)] += 1
    expected = {
        ("generate", "str"): 500,
        ("generate", "ValueError"): 100,
        ("generate", "KeyError"): 20,
        ("generate", "TypeError"): 20,
        ("generate", "IndexError"): 20,
        ("match", True): 300,
        ("match", False): 300,
        ("match", "ValueError"): 300,
        ("match", "TypeError"): 10,
        ("match", "re.error"): 1,
        ("match_any", True): 100,
        ("match_any", False): 100,
        ("match_custom", True): 10,
        ("match_custom", False): 10,
    }
    assert {key: reached[key] for key in expected if reached[key] < expected[key]} == {}
