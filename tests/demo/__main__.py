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

"""The demonstration as a story: ``python -m tests.demo``; 0 only if all of it is true."""

import collections
import sys

from tests import emulator
from tests.demo import stage as stages
from tests.demo import teller as tellers
from tests.demo import witness
from tests.emulator import scenes

Scene = scenes.Scene

#: What cleanupd never touches, and the witness does not list.
_NOT_LOOKED_AT = ("identity.domain", "identity.role")


def main() -> int:
    """Tell the story and return 0 if it ended as it should."""
    teller = tellers.Teller()
    print("Setting up an emulated cloud ...", flush=True)
    cast = scenes.demo(emulator.Cloud())
    with stages.raised(cast.killed.workload_uuid) as stage:
        cloud = witness.connect(stage.folder / "clouds.yaml", stages.CLOUD)
        before = witness.look(cloud)
        _introduce(teller, stage, before, cast)
        _plan(teller, stage)
        _sweep(teller, stage)
        _check(teller, before, witness.look(cloud), cast)
        cloud.close()
    return teller.end()


def _introduce(
    teller: tellers.Teller, stage: stages.Stage, before: witness.Resources, cast: scenes.Demo
) -> None:
    names = [before["compute.server", id_]["name"] for id_ in _ids(cast.legitimate, "server")]
    teller.chapter(
        "What is in the cloud",
        f"""A small cloud, which speaks HTTP as Keystone, Nova, Neutron, Cinder and Glance do.
        Its tenants are fond of names that look like Rally's: {", ".join(sorted(names))}.

        A Rally was killed here three hours ago, in the middle of a task. Another one runs
        right now. And somebody attached production's volume db-data, and a reserved address,
        to a server of the killed one.""",
    )
    _run(teller, stage, 0, "model", "show")
    print("\nWhich benchmarks left something? A workload is told by what it puts into names.")
    _run(teller, stage, 2, "workloads", "list")


def _plan(teller: tellers.Teller, stage: stages.Stage) -> None:
    teller.chapter(
        "The plan",
        """Rally's user knows the uuid of the killed task, but Rally puts the uuid of the
        task's workloads into names. Its own report tells them, though to Rally the task still
        runs, as it will for ever.

        A dry run shows for each resource why it is the benchmark's: its name matches entirely,
        or it is in a project that the benchmark made, or a service made it for such a
        resource. Nothing is removed.""",
    )
    task = ("--task", stages.TASK, "--rally-report", stage.report.name)
    _run(teller, stage, 2, "sweep", "start", *task, "--dry-run")


def _sweep(teller: tellers.Teller, stage: stages.Stage) -> None:
    teller.chapter(
        "The sweep",
        """Now exactly this plan is executed: what depends on something goes first, the rest in
        parallel, each resource after a last look at it. Then everything is listed anew, and
        what that shows is the certificate.""",
    )
    options = ("--os-cloud", stages.CLOUD, "--quiet")
    plan = stage.read("sweep", "list", *options, "-f", "value", "-c", "ID").split()[-1]
    _run(teller, stage, 0, "sweep", "start", "--plan", plan)
    print("\nThe benchmark that runs was not named, and keeps what it has:")
    _run(teller, stage, 2, "workloads", "list")


def _check(
    teller: tellers.Teller, before: witness.Resources, after: witness.Resources, cast: scenes.Demo
) -> None:
    teller.chapter(
        "Is it true?",
        """cleanupd says so. Here is what openstacksdk says, without cleanupd: all projects, all
        users' keypairs, private flavors, ports without a project; each field of each resource
        as it was before the first command and as it is now.""",
    )
    print()
    killed = _refs(cast.killed)
    left = sorted(killed & after.keys())
    teller.expect(
        f"of {len(killed)} resources of the killed benchmark {len(left)} are left",
        is_true=bool(killed) and killed <= before.keys() and not left,
    )
    for text, scene in (
        ("legitimate resources", cast.legitimate),
        ("resources of the running benchmark", cast.running),
    ):
        wanted = {
            ref for ref in _refs(scene) if ref[0] not in ("identity.domain", "identity.role")
        }
        verdict = witness.compare(before, after, wanted)
        teller.expect(
            f"all {len(wanted)} {text} are there and untouched",
            is_true=not verdict.missing and not verdict.changed,
        )
        for line in (*verdict.missing, *verdict.changed):
            print(f"       {line}")
        for line in verdict.let_go:
            print(f"       ({line} is there, and attached to nothing any more)")
    strangers = collections.Counter(kind for kind, _ in after.keys() - before.keys())
    teller.expect("nothing new has appeared", is_true=not strangers)


def _run(teller: tellers.Teller, stage: stages.Stage, expected: int, *words: str) -> None:
    code = stage.run(*words, "--os-cloud", stages.CLOUD)
    if code != expected:
        teller.failures.append(f"cleanupctl {' '.join(words)} gave {code}, not {expected}")


def _ids(scene: Scene, noun: str) -> set[str]:
    return scene.made[f"compute.{noun}"]


def _refs(scene: Scene) -> set[tuple[str, str]]:
    return {(kind, id_) for kind, ids in scene.made.items() for id_ in ids}


if __name__ == "__main__":
    sys.exit(main())
