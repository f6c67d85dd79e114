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
"""The emulated cloud alone, for a person: ``python -m tests.emulator``."""

import argparse
from collections.abc import Callable
from collections.abc import Iterator
from collections.abc import Mapping
import contextlib
import gc
import math
import pathlib
import signal
import sys
import threading
import warnings

from tests import emulator
from tests.emulator import faults
from tests.emulator import scenes
from tests.emulator.scenes import crowd
from tests.emulator.shapes.compute import hosts as compute

DESCRIPTION = """\
Runs an OpenStack cloud on this machine: Keystone, Nova, Neutron, Cinder and Glance speak HTTP and
remember what they are told, but nothing is ever booted or stored. Stops on Ctrl-C and SIGTERM.
"""

EPILOGUE = """\
Try it:

  python -m tests.emulator --port 5999 --scene demo --clouds-yaml clouds.yaml &
  export OS_CLIENT_CONFIG_FILE=clouds.yaml
  openstack --os-cloud emulated server list --all-projects
  openstack --os-cloud emulated-member server list
  curl http://127.0.0.1:5999/emulator                     # what else can be asked
  curl http://127.0.0.1:5999/emulator/requests            # every request so far
  curl -d '{{"path": "^/networking", "answer": 503}}' http://127.0.0.1:5999/emulator/faults

Scenes:

  empty        an administrator, an external network, an image, two flavors
  production   the same and legitimate tenants with names that could deceive a cleaner
  killed       empty and what one killed benchmark left
  demo         production, a killed benchmark, a running one, and a production volume and
               address that hang on a benchmark's server
  crowd        empty and a million servers, each with a port and a volume; --servers adds as
               many as it says to any scene

Users: admin in project admin (administrator) and demo in project demo (member); password secret.

A script of faults is a list of orders, in YAML or JSON; each is one that POST /emulator/faults
takes as well. All but path (or event) and answer may be left out:

  - path: ^/compute/.*/servers/detail   # a regex, searched in path and query
    method: GET                         # a regex
    user: admin                         # a regex
    answer: 429                         # a status, or one of the words below
    headers: {{Retry-After: 3}}
    after: 2                            # the first two are spared
    times: 5                            # null is for ever; 1 unless said
    probability: 0.5                    # of each, by the seed
    start_s: 60                         # seconds of the cloud's time from the start
  - {{event: port.delete, answer: lost, times: null}}

{words}

For messages:

{event_words}
"""

CLOUDS_YAML = """\
clouds:
{clouds}"""

CLOUD_YAML = """\
  {name}:
    auth:
      auth_url: {url}/identity
      username: {user}
      password: secret
      project_name: {user}
      user_domain_name: Default
      project_domain_name: Default
    region_name: RegionOne
    identity_api_version: 3
"""

SCENES: dict[str, Callable[[emulator.Cloud], object]] = {
    "empty": scenes.ground,
    "production": scenes.legitimate_tenants,
    "killed": scenes.killed_benchmark,
    "demo": scenes.demo,
    "crowd": scenes.ground,
}


def clouds_yaml(url: str) -> str:
    """The text of a clouds.yaml with the clouds ``emulated`` and ``emulated-member``."""
    people = (("emulated", "admin"), ("emulated-member", "demo"))
    clouds = [CLOUD_YAML.format(name=name, url=url, user=user) for name, user in people]
    return CLOUDS_YAML.format(clouds="".join(clouds))


def _words(words: Mapping[str, str]) -> str:
    return "\n".join(f"  {word:<13}{text}" for word, text in words.items())


def port(text: str) -> int:
    """A port to listen on; 0 is any."""
    if not 0 <= int(text) <= 65535:
        raise argparse.ArgumentTypeError(f"a port is from 0 to 65535, not {text}")
    return int(text)


def count(text: str) -> int:
    """How many."""
    if int(text) < 0:
        raise argparse.ArgumentTypeError(f"{text} is less than none")
    return int(text)


def seconds(text: str) -> float:
    """How long; it may be no time."""
    if not (math.isfinite(float(text)) and float(text) >= 0):
        raise argparse.ArgumentTypeError(f"{text} is no number of seconds that one can wait")
    return float(text)


def speed(text: str) -> float:
    """How many times as fast as on the wall."""
    if not (math.isfinite(float(text)) and float(text) > 0):
        raise argparse.ArgumentTypeError(f"speed is more than 0, not {text}")
    return float(text)


def _page_limit(text: str) -> tuple[str, int]:
    kind, _, limit = text.partition("=")
    known = emulator.Settings().page_limits
    if kind not in known or not limit.isdecimal() or int(limit) < 1:
        shown = ", ".join(known)
        raise argparse.ArgumentTypeError(f"{text!r} is not KIND=N, 1 or more, of: {shown}")
    return kind, int(limit)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m tests.emulator",
        description=DESCRIPTION,
        epilog=EPILOGUE.format(words=_words(faults.WORDS), event_words=_words(faults.EVENT_WORDS)),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("--port", type=port, default=0, help="where to listen on 127.0.0.1; 0, the default: any")
    add("--scene", choices=SCENES, default="demo", help="who lives there (demo)")
    add(
        "--servers",
        type=count,
        metavar="N",
        help="so many servers more, each with port and volume",
    )
    add("--seed", type=int, default=0, help="the same ids and names for the same seed (0)")
    add("--speed", type=speed, default=1.0, help="how fast time passes; 60: a minute a second (1)")
    add(
        "--delete-delay",
        type=seconds,
        default=0.2,
        metavar="SECONDS",
        help="how long an asynchronous delete takes, of the cloud's time (0.2)",
    )
    add(
        "--down-host",
        action="append",
        default=[],
        metavar="HOST",
        help="its cell does not answer, such as cmp2; may be repeated",
    )
    add(
        "--page-limit",
        type=_page_limit,
        action="append",
        default=[],
        metavar="KIND=N",
        help="no page has more rows; KIND is one of "
        f"{', '.join(emulator.Settings().page_limits)}; may be repeated",
    )
    add("--faults", type=pathlib.Path, metavar="FILE", help="what is to go wrong, see below")
    add(
        "--transport-url",
        metavar="URL",
        help="send notifications through oslo.messaging, such as rabbit://user:secret@host:5672/",
    )
    add(
        "--clouds-yaml", type=pathlib.Path, metavar="FILE", help="write a clouds.yaml to this file"
    )
    return parser


def _cloud(options: argparse.Namespace) -> emulator.Cloud:
    """The cloud that the command line describes; ValueError says what it can't be."""
    settings = emulator.Settings(delete_delay_s=options.delete_delay)
    settings.page_limits.update(options.page_limit)
    settings.down_hosts.update(options.down_host)
    cloud = emulator.Cloud(seed=options.seed, settings=settings, speed=options.speed)
    SCENES[options.scene](cloud)
    wrong = settings.down_hosts.difference(compute.HOSTS)
    if wrong:
        hosts = ", ".join(compute.HOSTS)
        raise ValueError(f"there is no host {', '.join(sorted(wrong))}; there are {hosts}")
    servers = crowd.SERVERS if options.scene == "crowd" else 0
    servers = servers if options.servers is None else options.servers
    if servers:
        crowd.crowd(cloud, servers, seed=options.seed)
    if options.faults:
        for order in faults.read_script(options.faults):
            cloud.faults.add(order)
    # What a request makes is gone with it, and what the scene made stays: nothing to collect.
    gc.freeze()
    gc.set_threshold(100_000, 50, 100)
    return cloud


@contextlib.contextmanager
def _serving(options: argparse.Namespace) -> Iterator[str]:
    """The cloud answers at the URL that is given, and speaks on the bus if it is to."""
    cloud = _cloud(options)
    with contextlib.ExitStack() as stack:
        if options.transport_url:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # oslo.service has one of eventlet
                from tests.emulator import messaging  # noqa: PLC0415 - takes a second

            stack.enter_context(messaging.sending(cloud.bus, options.transport_url))
        yield stack.enter_context(emulator.running(cloud, port=options.port))


def main(arguments: list[str] | None = None) -> int:
    """Serves until SIGTERM or SIGINT; then 0. Else one line says why not.

    2 if what was asked for makes no sense, 1 if this machine does not let it.
    """
    options = _parser().parse_args(arguments)
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    try:
        with _serving(options) as url:
            if options.clouds_yaml:
                options.clouds_yaml.write_text(clouds_yaml(url), encoding="utf-8")
            sys.stdout.write(f"{url}\n")
            sys.stdout.flush()
            stop.wait()
    except (OSError, ValueError) as error:
        sys.stderr.write(f"python -m tests.emulator: {error}\n")
        return 2 if isinstance(error, ValueError) else 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
