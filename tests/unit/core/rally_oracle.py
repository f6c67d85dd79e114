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
"""Asks the real Rally; run by its own interpreter, which has no cleanupd.

One question a line comes on standard input and one answer a line leaves on
standard output, both JSON.  An answer is ``{"value": ...}`` or
``{"error": <name of the exception's type>}``.  The first answer, to no
question, is Rally's version.
"""

import json
import random
import re
import sys

from rally.common import utils
from rally.common import version
from rally.task import context
from rally.task import scenario
from rally.verification import context as verification


class _Chance:
    """Stands where Rally uses the module ``random``, so that names can be repeated.

    Rally ends a seeded part with ``random.seed()``; that returns to the
    beginning of the case's own sequence here instead of to the clock.
    """

    def __init__(self, seed):
        self._seed = seed
        self._source = random.Random(seed)

    def seed(self, value=None):
        self._source.seed(self._seed if value is None else value)

    def choice(self, sequence):
        return self._source.choice(sequence)


@context.configure(name="oracle", platform="default", order=1)
class _Context(context.Context):
    def setup(self):
        """Nothing to prepare."""

    def cleanup(self):
        """Nothing to remove."""


@verification.configure(name="oracle_verifier", order=1)
class _Verifier(verification.VerifierContext):
    # That of rally-openstack's TempestContext, the only such class that names anything.
    RESOURCE_NAME_FORMAT = "rally_verify_XXXXXXXX_XXXXXXXX"

    def __init__(self, ctx):
        super().__init__({**ctx, "verifier": None})

    def cleanup(self):
        """Nothing to remove."""


class _Bare(utils.RandomNameGeneratorMixin):
    def __init__(self, attributes):
        for key, value in attributes.items():
            setattr(self, key, value)


_BASES = {
    "bare": _Bare,
    "scenario": scenario.Scenario,
    "context": _Context,
    "verification": _Verifier,
}


def _generator(naming, base="bare"):
    """Return a class of Rally's; only the bare one takes another format and alphabet."""
    if naming is None:
        return _BASES[base]
    text, alphabet = naming
    attributes = {"RESOURCE_NAME_FORMAT": text, "RESOURCE_NAME_ALLOWED_CHARACTERS": alphabet}
    return type("Case", (_BASES[base],), attributes)


def _generate(base, naming, owner, seed):
    utils.random = _Chance(seed)
    return _generator(naming, base)(owner).generate_random_name()


def _match(naming, name, task_id, exact):
    utils.random = _Chance(0)
    return _generator(naming).name_matches_object(name, task_id, exact)


def _match_any(namings, name, task_id, exact):
    utils.random = _Chance(0)
    generators = [_generator(naming) for naming in namings]
    return utils.name_matches_object(name, *generators, task_id=task_id, exact=exact)


def _match_custom(names, name, task_id, exact):
    return utils.name_matches_object(
        name, utils.make_name_matcher(*names), task_id=task_id, exact=exact
    )


_CALLS = {
    "generate": _generate,
    "match": _match,
    "match_any": _match_any,
    "match_custom": _match_custom,
}


def _answer(question):
    try:
        return {"value": _CALLS[question.pop("call")](**question)}
    except re.error:  # which has another name from Python 3.13 on
        return {"error": "re.error"}
    except Exception as error:  # noqa: BLE001 - the type of any error is the answer
        return {"error": type(error).__name__}


def main():
    """Answer every question, in order."""
    answers = [{"value": version.version_string()}]
    answers += [_answer(json.loads(line)) for line in sys.stdin]
    sys.stdout.write("".join(json.dumps(answer) + "\n" for answer in answers))


if __name__ == "__main__":
    main()
