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
"""The questions that both Rally and cleanupd are asked, and cleanupd's answers.

All of it comes from one seeded source, so that a failure can be repeated.
"""

import random
import re
import string
import uuid

from cleanupd.core import generators
from cleanupd.core import names

SEED = 511

ALPHABETS = (
    names.DEFAULT_ALPHABET,
    names.DEFAULT_ALPHABET,
    string.ascii_uppercase + string.ascii_lowercase + string.digits,
    string.ascii_lowercase + string.digits,
    string.digits,
    string.hexdigits,
    "abcdef0123456789-",
    "aab",
    "X",
    "X_",
    "a.b*c",
    "^ab-]\\[(",
    "äöüßλ日本",
    "a b\tc",
    "",
)
PREFIXES = ("s_rally_", "c_rally_", "", "x", "XX", "XXX_XX_", "a.b+c[", "(?i)", "λ", "s-", "a\nb")
SEPARATORS = ("_", "-", "", ".", "__", "\n", "_X_", "(", "日", "-to-")
TAILS = ("", "", "", ".name.", "_XXX", "-XXXX-XXX", "$", "\n", " end", "X")
MUTATIONS = ("\n", "\n\n", "_0", "-1", " ", ".name.", "_0\n", "\nproduction", "-production-db")


class Bare(names.RandomNameGeneratorMixin):
    """Has whatever owner a case gives it."""

    def __init__(self, attributes):
        """Take the attributes that a case sets."""
        for key, value in attributes.items():
            setattr(self, key, value)


BASES = {
    "bare": Bare,
    "scenario": generators.Scenario,
    "context": generators.Context,
    "verification": generators.TempestContext,
}


def generator_of(naming, base="bare", seed=0):
    """Return the class of ours that a case describes."""
    attributes = {"RESOURCE_NAME_RANDOM": random.Random(seed)}
    if naming is not None:
        attributes["RESOURCE_NAME_FORMAT"], attributes["RESOURCE_NAME_ALLOWED_CHARACTERS"] = naming
    return type("Case", (BASES[base],), attributes)


def generate(base, naming, owner, seed):
    """Return the name that cleanupd makes."""
    return generator_of(naming, base, seed)(owner).generate_random_name()


def match(naming, name, task_id, exact):
    """Return what the method of the mixin says, called by position as Rally's tests do."""
    return generator_of(naming).name_matches_object(name, task_id, exact)


def match_any(namings, name, task_id, exact):
    """Return what the function says of several classes."""
    classes = [generator_of(naming) for naming in namings]
    return names.name_matches_object(name, *classes, task_id=task_id, exact=exact)


def match_custom(names_, name, task_id, exact):
    """Return what a matcher of given names says."""
    return names.name_matches_object(
        name, names.make_name_matcher(*names_), task_id=task_id, exact=exact
    )


def answer(question):
    """Answer one question as the oracle does."""
    arguments = dict(question)
    call = arguments.pop("call")
    if call == "match_custom":
        arguments["names_"] = arguments.pop("names")
    calls = {
        "generate": generate,
        "match": match,
        "match_any": match_any,
        "match_custom": match_custom,
    }
    try:
        return {"value": calls[call](**arguments)}
    except re.error:  # which has another name from Python 3.13 on
        return {"error": "re.error"}
    except ValueError:  # of which ours for a refused format is a subclass
        return {"error": "ValueError"}
    except Exception as error:  # noqa: BLE001 - the type of any error is the answer
        return {"error": type(error).__name__}


class Cases:
    """Makes questions from one seeded source."""

    def __init__(self, seed):
        """Begin a sequence."""
        self.chance = random.Random(seed)

    def format(self):
        """Return a format, valid more often than not."""
        pick = self.chance.choice
        group = "X" * self.chance.choice((2, 3, 4, 8, 8, 8, 8, 12, 33, 40))
        other = "X" * self.chance.choice((1, 3, 5, 8, 8, 8, 8))
        return pick(PREFIXES) + group + pick(SEPARATORS) + other + pick(TAILS)

    def naming(self):
        """Return a format and an alphabet."""
        return [self.format(), self.chance.choice(ALPHABETS)]

    def owner_id(self):
        """Return an id: mostly a uuid, otherwise anything."""
        chance = self.chance
        canonical = str(uuid.UUID(int=chance.getrandbits(128), version=4))
        return chance.choice(
            (
                canonical,
                canonical,
                canonical,
                canonical.upper(),
                canonical.replace("-", ""),
                canonical[: chance.randrange(8)],
                "",
                None,
                "-" * 8,
                "".join(chance.choice(string.printable) for _ in range(chance.randrange(20))),
                "".join(chance.choice("ab.*c([X日") for _ in range(40)),
            )
        )

    def name(self, naming, owner_id):
        """Return a name that was made so, or nearly so, or not at all."""
        owner = {"task": {"uuid": owner_id}}
        made = answer(
            {
                "call": "generate",
                "base": "bare",
                "naming": naming,
                "owner": owner,
                "seed": self.chance.random(),
            }
        )
        return self.mutate(made.get("value", "s_rally_5a3b1c22_AbCdEfGh"))

    def mutate(self, name):
        """Return the name, or one that differs a little."""
        chance = self.chance
        at = chance.randrange(len(name))
        return chance.choice(
            (
                name,
                name,
                name,
                name + chance.choice(MUTATIONS),
                chance.choice(MUTATIONS) + name,
                name[:at] + name[at + 1 :],
                name[:at] + chance.choice(string.printable + "日") + name[at + 1 :],
                name.upper(),
                name[:at],
            )
        )

    def generated(self):
        """Return a question for a name."""
        base = self.chance.choice(("bare", "bare", "bare", "scenario", "context", "verification"))
        key = "verification" if base == "verification" else "task"
        owner = {key: {"uuid": self.owner_id()}}
        if self.chance.random() < 0.1:
            owner = self.chance.choice(({}, {key: {}}, {"task": None}))
        if base in {"scenario", "context"} and self.chance.random() < 0.5:
            owner["owner_id"] = self.owner_id()
        return {
            "call": "generate",
            "base": base,
            "naming": self.naming() if base == "bare" else None,
            "owner": owner,
            "seed": self.chance.getrandbits(32),
        }

    def matched(self):
        """Return a question whether one class matches."""
        naming, owner_id = self.naming(), self.owner_id()
        name = self.name(naming, owner_id)
        return {
            "call": "match",
            "naming": naming,
            "name": None if self.chance.random() < 0.02 else name,
            "task_id": self.chance.choice((owner_id, owner_id, None, "", self.owner_id())),
            "exact": self.chance.random() < 0.5,
        }

    def matched_any(self):
        """Return a question whether one of several classes matches."""
        question = self.matched()
        others = [self.naming() for _ in range(self.chance.randrange(3))]
        namings = [*others, question.pop("naming")]
        self.chance.shuffle(namings)
        return {**question, "call": "match_any", "namings": namings}

    def matched_custom(self):
        """Return a question whether a matcher of given names matches."""
        given = ["m1.tiny", "XXX_XXX", "λ", ""][: self.chance.randrange(5)]
        return {
            "call": "match_custom",
            "names": given,
            "name": self.chance.choice(("m1.tiny", "m1.tiny\n", "", None, "λ", "XXX_XXX", "m1")),
            "task_id": self.owner_id(),
            "exact": self.chance.random() < 0.5,
        }


def make_questions():
    """Return the same questions every time."""
    cases = Cases(SEED)
    return [
        *(cases.generated() for _ in range(2500)),
        *(cases.matched() for _ in range(4000)),
        *(cases.matched_any() for _ in range(1000)),
        *(cases.matched_custom() for _ in range(200)),
    ]
