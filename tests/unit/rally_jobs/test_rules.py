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

"""The rules as the documentation shows them."""

import pathlib
import re

from cleanupd.rally_jobs import rules

ROOT = pathlib.Path(__file__).parents[3]
TABLE = ROOT / "doc" / "source" / "user" / "rally-jobs-rules.inc"


def test_the_table_of_the_documentation_is_current() -> None:
    """The table in the documentation is what `python -m cleanupd.rally_jobs.rules` prints."""
    assert TABLE.read_text() == "".join(f"{line}\n" for line in rules.lines())


def test_names_of_rules_are_words() -> None:
    """The name of a rule can be typed, and each is there once."""
    assert all(re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)+", name) for name in rules.RULES)
    assert len({rule.finds for rule in rules.RULES.values()}) == len(rules.RULES)


def test_every_rule_says_how_to_mend() -> None:
    """No rule only complains."""
    assert all(rule.mend and rule.finds for rule in rules.RULES.values())
