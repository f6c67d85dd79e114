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
"""Which service a repository is."""

import os

import pytest

from cleanupd import exceptions
from cleanupd.rally_jobs import detect
from cleanupd.rally_jobs import repository
from tests.unit.rally_jobs import repositories


def detected(root):
    """Return what a folder is."""
    return detect.detect(repository.Repository(root))


@pytest.mark.parametrize("service", repositories.SERVICES)
def test_service_is_told(tmp_path, service):
    """Each of the ten is told from its identity and code, both of which are named."""
    found = detect.detect(repositories.make(tmp_path, service))
    assert (found.service, found.reason) == (service, "")
    assert len(found.identity) >= 2
    assert found.code[0].startswith(f"{service}: package {service}, entry point ")


@pytest.mark.parametrize("service", repositories.SERVICES)
def test_identity_alone_is_not_enough(tmp_path, service):
    """The name of a service without its code makes no service, and the message says what lacks."""
    (tmp_path / "setup.cfg").write_text(f"[metadata]\nname = {service}\n")
    found = detected(tmp_path)
    assert found.service is None
    assert f"has too little of {service}'s code" in found.reason


@pytest.mark.parametrize("service", repositories.SERVICES)
def test_code_alone_is_not_enough(tmp_path, service):
    """A fork under another name is refused, and what its code looks like is told."""
    found = detect.detect(repositories.make(tmp_path, service, name="cloudy"))
    assert found.service is None
    assert f"its code looks like {service}" in found.reason
    assert "pass --service" in found.reason


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("python-novaclient", "python-novaclient is a client library"),
        ("charm-nova-compute", "charm-nova-compute is a charm"),
        ("nova-specs", "nova-specs is a repository of specifications"),
        ("manila", "manila is a service for which nothing can be generated"),
        ("python-watcher", "python-watcher is a service for which nothing can be generated"),
        ("cloudy", "cannot tell which OpenStack service this is (name: cloudy (setup.cfg))"),
    ],
)
def test_others_are_told_what_they_are(tmp_path, name, reason):
    """What is none of the ten gets a message of its own."""
    (tmp_path / "setup.cfg").write_text(f"[metadata]\nname = {name}\n")
    found = detected(tmp_path)
    assert found.service is None
    assert found.reason.startswith(reason)


def test_charm_with_folders_of_the_service_is_a_charm(tmp_path):
    """A charm that has a service's folders stays a charm."""
    repositories.make_code(tmp_path, "nova")
    (tmp_path / "setup.cfg").write_text("[metadata]\nname = charm-nova-compute\n")
    assert "is a charm" in detected(tmp_path).reason


def test_names_that_disagree_are_refused(tmp_path):
    """A distribution called nova in a repository called otherwise is not nova."""
    tree = repositories.make(tmp_path, "nova")
    (tmp_path / ".gitreview").write_text("[gerrit]\nproject=acme/cloudy.git\n")
    found = detect.detect(tree)
    assert found.service is None
    assert "nova (pyproject.toml), nova (setup.cfg), cloudy (.gitreview)" in found.reason


def test_checkout_without_gitreview_will_do(tmp_path):
    """A worktree without .gitreview is told by its distribution and its code."""
    tree = repositories.make(tmp_path, "swift")
    (tmp_path / ".gitreview").unlink()
    assert detect.detect(tree).service == "swift"


def test_second_service_in_the_tree_does_not_matter(tmp_path):
    """The name decides between two services whose code is there."""
    tree = repositories.make(tmp_path, "nova")
    repositories.make_code(tmp_path, "cinder")
    found = detect.detect(tree)
    assert found.service == "nova"
    assert [fact.partition(":")[0] for fact in found.code] == ["nova", "cinder"]


def test_literal_name_in_setup_py_counts(tmp_path):
    """Where neither pyproject.toml nor setup.cfg has a name, that of setup.py is taken."""
    repositories.make_code(tmp_path, "trove")
    (tmp_path / "setup.py").write_text("import setuptools\nsetuptools.setup(name='trove')\n")
    assert detected(tmp_path).identity == ("setup.py: trove",)
    assert detected(tmp_path).service == "trove"


def test_nothing_is_executed(tmp_path):
    """A setup.py that would leave a mark when it runs leaves none."""
    mark = tmp_path / "mark"
    (tmp_path / "setup.py").write_text(f"open({str(mark)!r}, 'w')\nname = 'nova'\n")
    assert detected(tmp_path).service is None
    assert not mark.exists()


@pytest.mark.parametrize(
    ("file", "content"),
    [
        ("pyproject.toml", b"[project\n"),
        ("pyproject.toml", b"project = 5\n"),
        ("pyproject.toml", b"a = " + b"[" * 9000 + b"]" * 9000),
        ("setup.cfg", b"name = nova\n[broken\n"),
        ("setup.cfg", b"[metadata]\nname = n\xf6va\n"),
        ("setup.cfg", b"[metadata]\nname = nova\n" + b"#" * repository.LARGEST_TEXT),
        ("setup.py", b"def (\n"),
        ("setup.py", b"x = " + b"(" * 9000 + b")" * 9000),
        ("setup.py", b"\0"),
        (".gitreview", b"project\n"),
    ],
)
def test_what_cannot_be_parsed_tells_nothing(tmp_path, file, content):
    """Broken, huge or undecodable metadata is no evidence, and no failure."""
    (tmp_path / file).write_bytes(content)
    found = detected(tmp_path)
    assert found.service is None
    assert found.identity == ()


def test_links_are_not_followed(tmp_path):
    """Metadata and code that are symbolic links don't count."""
    repositories.make(tmp_path / "real", "nova")
    linked = tmp_path / "linked"
    linked.mkdir()
    for name in ("pyproject.toml", "setup.cfg", ".gitreview", "nova"):
        (linked / name).symlink_to(tmp_path / "real" / name)
    found = detected(linked)
    assert (found.service, found.identity, found.code) == (None, (), ())


def test_pipe_does_not_block(tmp_path):
    """A named pipe in the place of a file is left alone."""
    os.mkfifo(tmp_path / "setup.cfg")
    assert detected(tmp_path).identity == ()


def test_existing_jobs_are_told(tmp_path):
    """What Rally jobs there are is told, and so is what Zuul runs of them."""
    tree = repositories.make(tmp_path, "cinder")
    (tmp_path / "rally-jobs").mkdir()
    (tmp_path / "rally-jobs" / "cinder.yaml").touch()
    (tmp_path / ".zuul.yaml").write_text(
        "- job:\n    vars:\n      rally_task: rally-jobs/c.yaml\n"
    )
    found = detect.detect(tree)
    assert found.existing == (
        "rally-jobs/cinder.yaml",
        ".zuul.yaml: rally_task: rally-jobs/c.yaml",
    )
    assert found.zuul == ".zuul.yaml"


@pytest.mark.parametrize("path", ["absent", "file"])
def test_no_folder_is_a_usage_error(tmp_path, path):
    """A path that is no folder is refused with its name."""
    (tmp_path / "file").touch()
    with pytest.raises(exceptions.UsageError, match=path):
        repository.Repository(tmp_path / path)


_ENDLESS = {
    "a line without end": ("setup.cfg", "[metadata]\nname" + " " * 500_000 + "b\n"),
    "defaults of many sections": (
        "setup.cfg",
        "[DEFAULT]\n"
        + "".join(f"a{i}=\n" for i in range(8000))
        + "".join(f"[{i}]\n" for i in range(8000)),
    ),
    "a key without end": ("pyproject.toml", "a" + ".a" * 400_000 + " = 1\n"),
    "a number without end": ("pyproject.toml", "x = " + "1" * 6000 + "\n"),
    "many statements": ("setup.py", "a;" * 500_000),
    "many empty lines": (".zuul.yaml", "\n" * 900_000),
}


@pytest.mark.parametrize("name", _ENDLESS)
def test_what_keeps_a_parser_busy_tells_nothing(tmp_path, name):
    """A file made so that a parser never ends says nothing, and the others are believed."""
    repositories.make(tmp_path, "trove")
    path, text = _ENDLESS[name]
    (tmp_path / path).write_text(text)
    assert detected(tmp_path).service == "trove"


def test_a_name_is_one_short_line(tmp_path):
    """A name of many lines is told as one, and a long one is cut."""
    (tmp_path / "setup.cfg").write_text("[metadata]\nname = a\n  b\n" + "  c\n" * 999)
    found = detected(tmp_path)
    assert found.name.startswith("a b c c")
    assert len(found.name) == 100
