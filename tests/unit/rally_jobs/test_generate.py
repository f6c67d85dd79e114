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
"""The folder that is generated: what is in it, and where its job goes."""

import msgspec
import pytest
import yaml

from cleanupd import exceptions
from cleanupd.rally_jobs import detect
from cleanupd.rally_jobs import generate
from cleanupd.rally_jobs import services
from cleanupd.rally_jobs import writing
from cleanupd.rally_jobs import zuul
from tests.unit.rally_jobs import repositories


def planned(tree, service, *, is_forced=False, **wanted):
    """Return the plan for a repository."""
    request = generate.Request(service=service, **wanted)
    return generate.plan(tree, detect.detect(tree), request, is_forced=is_forced)


@pytest.fixture
def nova(tmp_path):
    """Return a repository of Nova."""
    return repositories.make(tmp_path / "nova", "nova")


def workloads(plan, service):
    """Return the workloads of a task, as YAML without Rally's templates has them."""
    task = yaml.safe_load(plan.text(f"task-{service}.yaml"))
    return [one for subtask in task["subtasks"] for one in subtask["workloads"]]


@pytest.mark.parametrize("service", repositories.SERVICES)
def test_folder_is_that_of_the_specification(tmp_path, service):
    """Every file of the specification is there, and those that a service needs."""
    tree = repositories.make(tmp_path / service, service)
    paths = {change.path for change in planned(tree, service).changes}
    known = services.load().services[service]
    assert paths == {
        "rally-jobs/README.rst",
        "rally-jobs/CHECKLIST.rst",
        f"rally-jobs/task-{service}.yaml",
        "rally-jobs/plugins/__init__.py",
        "rally-jobs/plugins/README.rst",
        "rally-jobs/extra/README.rst",
        *(f"rally-jobs/plugins/{name}" for name in known.custom),
        *(f"rally-jobs/extra/{name}" for name in known.extra),
    }


def test_wrong_folder_is_not_written(nova):
    """A plan with a mistake is refused before anything is written, with rule and line."""
    plan = planned(nova, "nova")
    changes = [
        msgspec.structs.replace(one, text=one.text.replace("NovaFlavors", "NovaFlavours"))
        for one in plan.changes
    ]
    plan = msgspec.structs.replace(plan, changes=tuple(changes))
    with pytest.raises(exceptions.CleanupdError, match=r"rally-jobs/task-nova\.yaml:\d+:"):
        generate.verify(plan)


@pytest.mark.parametrize("service", repositories.SERVICES)
def test_every_workload_may_fail_not_once(tmp_path, service):
    """Each workload has a failure_rate of 0, and a limit for some action."""
    tree = repositories.make(tmp_path / service, service)
    for workload in workloads(planned(tree, service), service):
        assert workload["sla"]["failure_rate"] == {"max": 0}
        assert workload["sla"]["max_avg_duration_per_atomic"]


def test_gate_has_the_figures_of_the_specification(nova):
    """Profile gate has 50 iterations, 10 at a time, 15 seconds, quotas of -1, 7800 seconds."""
    plan = planned(nova, "nova")
    for workload in workloads(plan, "nova"):
        runner = workload["runner"]["constant"]
        times = 10 if "NovaServers.boot_and_list_server" in workload["scenario"] else 50
        assert runner == {"times": times, "concurrency": 10}
        assert set(workload["sla"]["max_avg_duration_per_atomic"].values()) == {15}
        assert set(workload["contexts"]["quotas"]["nova"].values()) == {-1}
    assert yaml.safe_load(plan.job)[0]["job"]["timeout"] == 7800


def test_smoke_has_a_concurrency_of_two(nova):
    """Profile smoke runs two iterations at a time, and the README says that it departs."""
    plan = planned(nova, "nova", profile="smoke")
    concurrencies = {one["runner"]["constant"]["concurrency"] for one in workloads(plan, "nova")}
    assert concurrencies == {2}
    assert "Profile ``smoke``" in plan.text("README.rst")


def test_load_is_not_limited_to_a_node(nova):
    """Profile load runs each workload as often as the others, in a time that the README tells."""
    plan = planned(nova, "nova", profile="load")
    assert {one["runner"]["constant"]["times"] for one in workloads(plan, "nova")} == {200}
    timeout = yaml.safe_load(plan.job)[0]["job"]["timeout"]
    assert f"and {timeout} s for the job. The template has 50, 10 and 7800" in plan.text(
        "README.rst"
    )


def test_limits_come_from_a_run(nova):
    """A limit that a run gave replaces the template's, for that scenario alone."""
    plan = planned(
        nova,
        "nova",
        limits={("NovaServers.boot_and_delete_server", "nova.boot_server"): 7.5},
        source="Measured.",
    )
    first, second, *_ = workloads(plan, "nova")
    assert first["sla"]["max_avg_duration_per_atomic"] == {
        "nova.boot_server": 7.5,
        "nova.delete_server": 15,
    }
    assert second["sla"]["max_avg_duration_per_atomic"]["nova.boot_server"] == 15
    assert "Measured." in plan.text("README.rst")


def test_keystone_has_both_names_of_an_action(tmp_path):
    """Keystone's actions have a limit under the name of the release and under master's."""
    tree = repositories.make(tmp_path / "keystone", "keystone")
    first = workloads(planned(tree, "keystone"), "keystone")[0]
    assert list(first["sla"]["max_avg_duration_per_atomic"]) == [
        "keystone_v3.create_user",
        "keystone.create_user",
        "keystone_v3.delete_user",
        "keystone.delete_user",
    ]


def test_departures_have_reasons(tmp_path):
    """A README says which of the specification's names do not exist, and what stands there."""
    tree = repositories.make(tmp_path / "cinder", "cinder")
    readme = planned(tree, "cinder").text("README.rst")
    assert "CinderVolumeBackups.create_and_delete_volume_backup does not exist" in readme


@pytest.mark.parametrize("service", ["swift", "keystone", "trove"])
def test_absent_parent_is_explained(tmp_path, service):
    """Where the specification's parent does not exist the README says so."""
    tree = repositories.make(tmp_path / service, service)
    plan = planned(tree, service)
    assert f"``rally-task-{service}``" in plan.text("README.rst")
    assert yaml.safe_load(plan.job)[0]["job"]["parent"] == "rally-task-at-devstack"


def test_job_does_not_vote_unless_asked(nova):
    """The job is in check without a vote; with --voting it votes, in gate too."""
    job, project = yaml.safe_load(planned(nova, "nova").job)
    assert job["job"]["voting"] is False
    assert project == {"project": {"check": {"jobs": ["nova-rally"]}}}
    job, project = yaml.safe_load(planned(nova, "nova", is_voting=True).job)
    assert job["job"]["voting"] is True
    assert set(project["project"]) == {"check", "gate"}


@pytest.mark.parametrize("place", ["zuul.d", ".zuul.d"])
def test_job_goes_into_the_folder_of_jobs(nova, place):
    """Where the repository keeps jobs in a folder, the job becomes a file in it."""
    (nova.root / place).mkdir()
    plan = planned(nova, "nova")
    assert plan.spot == zuul.Spot(f"{place}/rally.yaml", "")
    assert [one.path for one in plan.changes][-1] == f"{place}/rally.yaml"
    assert f"* [x] Write the job: {place}/rally.yaml" in plan.text("CHECKLIST.rst")


def test_job_goes_only_where_zuul_looks(nova):
    """A folder that Zuul ignores, because of a file that it reads first, gets no job."""
    (nova.root / ".zuul.yaml").touch()
    (nova.root / ".zuul.d").mkdir()
    plan = planned(nova, "nova")
    assert plan.spot == zuul.Spot("", "to .zuul.yaml")
    assert "[ ] Add the job to .zuul.yaml" in plan.text("CHECKLIST.rst")
    assert "        name: nova-rally" in plan.text("CHECKLIST.rst")


def test_job_of_others_stays(nova):
    """Where another file runs Rally, or rally.yaml is somebody's, the job is shown instead."""
    (nova.root / "zuul.d").mkdir()
    (nova.root / "zuul.d" / "rally.yaml").write_text("- job:\n    name: mine\n")
    assert planned(nova, "nova", is_forced=True).spot.path == ""
    (nova.root / "zuul.d" / "rally.yaml").unlink()
    (nova.root / "zuul.d" / "jobs.yaml").write_text("rally_task: rally-jobs/mine.yaml\n")
    assert planned(nova, "nova", is_forced=True).spot.path == ""


def test_what_is_there_is_in_the_way(nova):
    """Jobs that are there are obstacles, be they of this name or not, and named."""
    (nova.root / "rally-jobs").mkdir()
    (nova.root / "rally-jobs" / "nova.yaml").touch()
    assert planned(nova, "nova").obstacles == ("rally-jobs/nova.yaml",)
    assert planned(nova, "nova", is_forced=True).obstacles == ()


def test_old_folder_is_in_the_way(nova):
    """A folder of the old name rally-scenarios is an obstacle, too."""
    (nova.root / "rally-scenarios").mkdir()
    (nova.root / "rally-scenarios" / "nova.yaml").touch()
    assert planned(nova, "nova").obstacles == ("rally-scenarios/nova.yaml",)


def test_second_time_nothing_changes(nova):
    """What was generated is no obstacle to generating it again, when all of it is the same."""
    (nova.root / "zuul.d").mkdir()
    writing.write(nova, planned(nova, "nova").changes)
    again = planned(nova, "nova")
    assert again.obstacles == ()
    assert {change.state for change in again.changes} == {writing.State.SAME}


def test_other_profile_needs_force(nova):
    """What was generated is in the way of another profile."""
    writing.write(nova, planned(nova, "nova").changes)
    assert planned(nova, "nova", profile="load").obstacles != ()


def test_link_in_the_place_of_the_folder_is_refused(nova, tmp_path):
    """A symbolic link rally-jobs is refused even by force."""
    (tmp_path / "elsewhere").mkdir()
    (nova.root / "rally-jobs").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(exceptions.Refused, match="rally-jobs is a symbolic link"):
        planned(nova, "nova", is_forced=True)


@pytest.mark.parametrize("service", repositories.SERVICES)
def test_commit_message_names_the_template(tmp_path, service):
    """The message has a short subject, short lines, and says where the template is from."""
    tree = repositories.make(tmp_path / service, service)
    lines = planned(tree, service).commit_message.splitlines()
    assert len(lines[0]) <= 50
    assert lines[1] == ""
    assert max(map(len, lines)) <= 72
    assert "https://github.com/4383/perfscale" in lines[-1]


@pytest.mark.parametrize("service", repositories.SERVICES)
def test_gaps_are_named(tmp_path, service):
    """The checklist has all five phases, and what nothing generated can do."""
    checklist = planned(repositories.make(tmp_path / service, service), service).text(
        "CHECKLIST.rst"
    )
    assert [n for n in range(1, 7) if f"Phase {n}: " in checklist] == [1, 2, 3, 4, 5]
    for need in services.load().services[service].needs:
        assert f"* [ ] {need[:40]}" in checklist


def test_a_backup_has_more_time(tmp_path):
    """A backup may take two minutes, everything else of Cinder the template's 15 seconds."""
    plan = planned(repositories.make(tmp_path, "cinder"), "cinder")
    limits = [one["sla"]["max_avg_duration_per_atomic"] for one in workloads(plan, "cinder")]
    assert {name: s for one in limits for name, s in one.items() if s != 15} == {
        "cinder_v3.create_backup": 120
    }
