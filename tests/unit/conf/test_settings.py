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

"""What settings options make."""

import datetime

import pytest

from cleanupd import exceptions
from cleanupd.conf import loading
from cleanupd.conf import settings
from cleanupd.core import generators
from cleanupd.core import safety

TASK = "5a3b1c22-8f0e-4d5b-9c43-1f4d2f7a6b10"


def make(group=None, **options):
    """Return the settings with some options of one group set."""
    conf = loading.load([], files=[])
    for name, value in options.items():
        conf.set_override(name, value, group=group)
    return settings.make_settings(conf)


def test_nothing_is_removed_by_default():
    """The mode is report, nothing is scheduled, and nobody is swept unnamed."""
    made = make()
    assert not made.rules.is_enforcing
    assert not made.rules.is_all_over
    plain = made.rules.schedules["sweep"]
    assert not plain.when.is_on
    assert plain.target is None
    assert made.rules.schedules.keys() == {"sweep"}


def test_each_service_is_listed_once_an_hour_by_default():
    """Each has a schedule without being asked, and an option of its own."""
    assert {one.interval_s for one in make().syncs.values()} == {3600}
    assert {"compute", "network", "block_storage", "image", "identity"} <= make().syncs.keys()
    assert make("compute", period=60).syncs["compute"].interval_s == 60


def test_a_short_interval_has_a_short_jitter():
    """A tenth of it at most."""
    assert make().syncs["compute"].jitter_s == 60
    assert make("compute", period=60).syncs["compute"].jitter_s == 6


def test_notifications_are_listened_to_by_default():
    """In a queue of this host's own."""
    made = make(host="here").notifications
    assert made.queue == "cleanupd-here.info"
    assert {"nova", "openstack"} <= set(made.exchanges)
    assert make("notifications", enabled=False).notifications is None


@pytest.mark.parametrize("option", ["publishers", "event_types"])
def test_a_filter_that_is_no_expression_is_told(option):
    """With the option that has it."""
    with pytest.raises(exceptions.InvalidOptions, match=option):
        make("notifications", **{option: ["("]})


def test_named_tasks_and_workloads_are_the_target():
    """Uuids are taken in any of their spellings."""
    made = make("sweep", tasks=[TASK.upper()], workloads=[TASK.replace("-", "")])
    target = made.rules.schedules["sweep"].target
    assert target.tasks == (TASK,)
    assert target.workloads == (TASK,)
    assert target.idle_s is None


def test_all_over_sweeps_what_was_idle_for_long_enough():
    """The idle time of the options is the schedule's and the least for requests."""
    made = make("sweep", all_over=True, idle=900)
    assert made.rules.schedules["sweep"].target.idle_s == 900
    assert made.rules.is_all_over
    assert made.rules.idle_s == 900


@pytest.mark.parametrize("option", ["tasks", "workloads"])
def test_what_is_no_uuid_is_refused(option):
    """The message names the option."""
    with pytest.raises(exceptions.InvalidOptions, match=rf"\[sweep\] {option}: 'cleanup'"):
        make("sweep", **{option: ["cleanup"]})


def test_formats_of_operators_come_beside_rallys():
    """A format without an alphabet has Rally's."""
    names = make("names", format=["mine_XXXX_XXXX"]).engine.names
    assert names[: len(generators.BUILTIN_PATTERNS)] == generators.BUILTIN_PATTERNS
    assert names[-1].format == "mine_XXXX_XXXX"
    assert names[-1].alphabet == generators.BUILTIN_PATTERNS[0].alphabet


def test_a_format_may_have_an_alphabet():
    """What follows alphabet= are the characters; spaces belong to the format."""
    names = make("names", format=["my own XXXX XXXX alphabet=0123456789abcdef-"]).engine.names
    assert names[-1].format == "my own XXXX XXXX"
    assert names[-1].alphabet == "0123456789abcdef-"


@pytest.mark.parametrize("text", ["mine_XX_XX", "mine", "", "a_XXXX_XXXX alphabet="])
def test_a_format_that_cannot_be_used_is_refused(text):
    """The message names the option."""
    with pytest.raises(exceptions.InvalidOptions, match=r"\[names\] format: "):
        make("names", format=[text])


def test_the_journal_is_below_the_state_path():
    """Unless another database is named, it is SQLite's in the daemon's own directory."""
    assert make(state_path="/srv/x").journal.url == "sqlite:////srv/x/cleanupd.sqlite"
    url = "mysql+pymysql://cleanupd:secret@controller/cleanupd"
    assert make("database", connection=url).journal.url == url


def test_only_a_shared_journal_has_the_name_of_the_host():
    """What is in the daemon's own directory is its own, also under another name."""
    assert make(host="one").journal.host == ""
    conf = loading.load([], files=[])
    conf.set_override("host", "one")
    conf.set_override("connection", "mysql+pymysql://x/y", group="database")
    assert settings.make_settings(conf).journal.host == "one"


def test_history_may_have_no_end():
    """0 days mean that nothing is forgotten."""
    assert make().engine.history == datetime.timedelta(days=90)
    assert make("sweep", history=0).engine.history is None


def test_limits_are_those_of_the_options():
    """Each option reaches its setting."""
    made = make("sweep", workers=3, poll_interval=0.5, vanish_timeout=7, conflict_wait=0).engine
    limits = made.limits
    assert (limits.workers, limits.poll_s, limits.timeout_s, limits.conflict_s) == (3, 0.5, 7, 0)


def test_an_empty_name_is_no_name():
    """An option that is set to nothing counts as unset."""
    made = make("cloud", name="", region="", clouds_file="")
    assert (made.cloud.name, made.cloud.region, made.cloud.file) == (None, None, None)


def test_a_service_is_asked_as_options_say():
    """As fast as one says, and by as many at once as list and remove."""
    pace = make("cloud", requests_per_second=7.5).cloud.pace
    assert (pace.requests_per_s, pace.concurrent) == (7.5, 16)


def test_nothing_that_is_held_is_removed_by_default():
    """Protected and deactivated images stay."""
    assert make().engine.lifted == frozenset()


@pytest.mark.parametrize("hold", ["protected", "deactivated"])
def test_an_option_of_a_plugin_lifts_a_hold(hold):
    """The plugin declares the option, and the kind which hold it lifts."""
    made = make("image", **{f"remove_{hold}": True})
    assert made.engine.lifted == {f"image.image {hold}"}


def test_what_no_sweep_removes_is_on_by_default():
    """Words of production, ten minutes, and a minute's delay."""
    made = make("safety")
    assert made.engine.safety == safety.Safety()
    assert made.engine.safety.refused_terms == ("prod", "production")
    assert made.engine.safety.min_age.total_seconds() == 600
    assert made.rules.delay_s == 60


@pytest.mark.parametrize(("name", "value"), [("min_age", 59), ("delay", 2), ("delay", 0)])
def test_floors_cannot_be_undercut(name, value):
    """What is too short is refused, not used."""
    with pytest.raises((exceptions.InvalidOptions, ValueError)):
        make("safety", **{name: value})


def test_no_rung_of_the_ladder_is_taken_by_default():
    """What cannot be removed by asking is left."""
    assert make().engine.limits.ladder == frozenset()


def test_the_ladder_lifts_what_its_rungs_mend():
    """Each of them alone lifts the hold of a volume, and of no other kind."""
    for rung in ("reset", "force"):
        made = make("block_storage", ladder=[f"volume:{rung}"])
        assert made.engine.limits.ladder == {f"block_storage volume:{rung}"}
        assert made.engine.lifted == {"block_storage.volume error_deleting"}
    assert make("block_storage", ladder=["volume:detach"]).engine.lifted == frozenset()


@pytest.mark.parametrize("rung", ["volume", "volume:wings", "volume_type:force", "server:force"])
def test_a_rung_that_is_none_is_refused(rung):
    """With all that the service has."""
    with pytest.raises(
        exceptions.InvalidOptions, match=r"is none of backup:reset, .*volume:force"
    ):
        make("block_storage", ladder=[rung])


def test_one_daemon_is_alone_by_default():
    """It need not agree with anybody."""
    assert make().coordination.url is None


def test_several_daemons_need_one_database():
    """What one of them has in a directory of its own no other can go on with."""
    conf = loading.load([], files=[])
    conf.set_override("backend_url", "redis://192.0.2.1", group="coordination")
    with pytest.raises(exceptions.InvalidOptions, match=r"set \[database\] connection, too"):
        settings.make_settings(conf)
    conf.set_override("connection", "mysql+pymysql://192.0.2.1/x", group="database")
    assert settings.make_settings(conf).coordination.lease_s == 20
