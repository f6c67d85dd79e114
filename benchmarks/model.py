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
"""The model of the cluster: how cleanupd keeps it, and how python-watcher does.

Both model the same servers of the same Nova: 50 on a host, 500 in a project, each with a flavor, a
key pair and an image or a volume. Their collectors get pages and answers from memory, and their
handlers messages as a listener decodes them. Each has a process of its own, for each size; both
take turns, and medians count. What is measured is the CPU of what is asked for, and no more.

End to end messages of 5 kB come from a real RabbitMQ: that of the sandbox, if it is up, or another
one. Beside cleanupd stands oslo.messaging's batch listener with an endpoint that does nothing.
Without a broker that is left out.
"""

from collections.abc import Iterable
from collections.abc import Iterator
import contextlib
import dataclasses
import pathlib
import statistics
import sys
import uuid

import kombu

from benchmarks import model_worker
from benchmarks import peers
from benchmarks import report

OPTIONS: report.Options = {
    "url": ("rabbit://openstack:secret@127.0.0.1:15673/", "the broker; that of the sandbox if not")
}
WATCHER = peers.Peer(
    ("python-watcher==17.0.0",), pathlib.Path(__file__).with_name("python-watcher.txt")
)
EMPTY = "empty endpoint"
#: The peer copies its whole model for some questions, which takes long.
MOST_COPIES = 2
#: So many syncs are enough to see how long thousands of events wait.
MOST_SYNCS = 3

Answers = list[model_worker.Answer]

#: What is shown: the name of a row, its unit, what was done and which of its values that is.
ROWS = (
    ("CPU to sync a server", "us", "synchronize", "cpu_us"),
    ("API requests to sync", "requests", "synchronize", "requests"),
    ("memory of a server", "bytes", "synchronize", "bytes"),
    ("latest model", "us", "ask", "latest_us"),
    ("node by host name", "us", "ask", "node_us"),
    ("servers by part of their names", "us", "ask", "named_us"),
    ("longest wait of an event, as CPU", "ms", "wait", "spent_ms"),
    ("longest wait of an event, on the clock", "ms", "wait", "clock_ms"),
)


@dataclasses.dataclass(frozen=True)
class Extent:
    """How much is measured: the sizes of ours, and how many messages each gets in a round.

    ``peer_updates`` has the sizes of the peer with the number of its messages.  Only ours syncs so
    often, each time in a process of its own: it takes the peer ten minutes.
    """

    sizes: tuple[int, ...]
    updates: int
    peer_updates: dict[int, int]
    rounds: int
    syncs: int
    heard: int

    @property
    def peer_size(self) -> int:
        """The largest size of the peer."""
        return max(self.peer_updates)


FULL = Extent((1000, 100_000, 1_000_000), 20_000, {1000: 1000, 100_000: 30}, 7, 3, 4000)
QUICK = Extent((1000, 10_000), 5000, {1000: 300}, 3, 2, 1000)


class Party:
    """One who is compared: a worker for each size, and what each of them answered."""

    def __init__(self, name: str, workers: dict[int, model_worker.Worker]) -> None:
        self.name = name
        self.workers = workers
        self._answers: dict[tuple[int, str], Answers] = {}

    def do(
        self, size: int, what: str, by: model_worker.Worker | None = None, **arguments: object
    ) -> None:
        """Have one of the workers do something, or another one of this size."""
        answer = (by or self.workers[size]).do(what, **arguments)
        self._answers.setdefault((size, what), []).append(answer)

    def middle(self, size: int, what: str, value: str) -> float:
        """Return the median of what was answered."""
        return statistics.median(one[value] for one in self._answers[size, what])


def measure(*, quick: bool, url: str) -> Iterator[report.Measurement]:
    """Yield the rows of the table."""
    extent = QUICK if quick else FULL
    yield from compare(extent, (str(WATCHER.python()), "model_peer"))
    yield from hear(extent, url)


def compare(extent: Extent, peer: tuple[str, str]) -> Iterator[report.Measurement]:
    """Yield what is measured of both models; the peer is a program for a Python."""
    with contextlib.ExitStack() as stack:

        def start(name: str, program: tuple[str, str], sizes: Iterable[int]) -> Party:
            workers = {n: stack.enter_context(model_worker.start(*program)) for n in sizes}
            return Party(name, workers)

        program = (sys.executable, "model_ours")
        ours = start("cleanupd", program, extent.sizes)
        theirs = start(WATCHER.name, peer, extent.peer_updates)
        for size in (n for n in extent.sizes for _ in range(1, extent.syncs)):
            with model_worker.start(*program) as other:
                _fill(ours, size, other)
        for party in (ours, theirs):
            for size in party.workers:
                _fill(party, size, party.workers[size])
        _take_turns(extent, ours, theirs)
        _wait(extent, ours, theirs)
        yield from show(extent, ours, theirs)


def _fill(party: Party, size: int, worker: model_worker.Worker) -> None:
    report.tell(f"{party.name} lists {size} servers")
    party.do(size, "prepare", by=worker, servers=size)
    party.do(size, "synchronize", by=worker)


def _take_turns(extent: Extent, ours: Party, theirs: Party) -> None:
    for turn in range(extent.rounds):
        report.tell(f"round {turn + 1} of {extent.rounds}: messages and questions")
        for size in extent.sizes:
            ours.do(size, "update", count=extent.updates)
            ours.do(size, "ask")
            if size in theirs.workers:
                theirs.do(size, "update", count=extent.peer_updates[size])
                if turn < MOST_COPIES:
                    theirs.do(size, "ask")


def _wait(extent: Extent, ours: Party, theirs: Party) -> None:
    for size in extent.sizes[1:]:
        report.tell(f"events wait while {size} servers are listed")
        for _ in range(min(extent.rounds, MOST_SYNCS)):
            ours.do(size, "wait_alone")
            ours.do(size, "wait")
    report.tell(f"events of {theirs.name} wait")
    theirs.do(extent.peer_size, "wait")


def show(extent: Extent, ours: Party, theirs: Party) -> Iterator[report.Measurement]:
    """Yield what is worth knowing of both."""

    def row(size: int, name: str, unit: str, what: str, value: str) -> report.Measurement:
        theirs_at = min(size, extent.peer_size)
        return report.Measurement(
            name=f"{name}, {size} servers",
            unit=unit,
            value=round(ours.middle(size, what, value), 3),
            peer=theirs.name if theirs_at == size else f"{theirs.name}, {theirs_at} servers",
            peer_value=round(theirs.middle(theirs_at, what, value), 3),
        )

    for size in extent.sizes:
        yield row(size, "updates in a CPU second", "messages", "update", "each_cpu_second")
    first, last = extent.sizes[0], extent.sizes[-1]
    rates = [ours.middle(size, "update", "each_cpu_second") for size in (first, last)]
    yield report.Measurement(
        name=f"updates with {last} servers, as a part of those with {first}",
        unit="",
        value=round(rates[1] / rates[0], 3),
    )
    for name, unit, what, value in ROWS:
        for size in extent.sizes[1:]:
            yield row(size, name, unit, what, value)
    for size in extent.sizes[1:]:
        yield report.Measurement(
            name=f"longest wait, on the clock, when nothing else is done, {size} servers",
            unit="ms",
            value=round(ours.middle(size, "wait_alone", "clock_ms"), 3),
        )


def hear(extent: Extent, url: str) -> Iterator[report.Measurement]:
    """Yield how many messages come from a broker, if there is one."""
    size = extent.sizes[1]
    reason = why_silent(url)
    if reason:
        report.tell(f"messages of a broker are left out; there is none at --url: {reason}")
        return
    with contextlib.ExitStack() as stack:
        worker = stack.enter_context(model_worker.start(sys.executable, "model_bus"))
        party = Party("cleanupd", {size: worker})
        report.tell(f"messages come from a broker, {size} servers")
        party.do(size, "prepare", servers=size)
        # Queues have the names of topics: those of a cloud must not be the same.
        exchange = f"cleanupd-benchmark-{uuid.uuid4().hex[:8]}"
        topics = [f"{exchange}-{number}" for number in range(2 * extent.rounds)]
        stack.callback(_remove, url, exchange, topics)
        party.do(size, "connect", url=url, exchange=exchange)
        for number, topic in enumerate(topics):
            party.do(size, "send", count=extent.heard, topic=topic)
            party.do(size, ("hear_nothing", "hear")[number % 2], count=extent.heard)
    yield report.Measurement(
        name=f"messages from a broker in a CPU second, {size} servers",
        unit="messages",
        value=round(party.middle(size, "hear", "each_cpu_second")),
        peer=EMPTY,
        peer_value=round(party.middle(size, "hear_nothing", "each_cpu_second")),
    )


def _remove(url: str, exchange: str, topics: Iterable[str]) -> None:
    """Remove what was made in the broker."""
    with _link(url) as link:
        channel = link.channel()
        for topic in topics:
            channel.queue_delete(f"{topic}.info")
        channel.exchange_delete(exchange)


def _link(url: str) -> kombu.Connection:
    return kombu.Connection(url.replace("rabbit://", "amqp://"), connect_timeout=5)


def why_silent(url: str) -> str | None:
    """Say why there is no broker; None where there is one."""
    link = _link(url)
    try:
        link.connect()
    except (OSError, *link.connection_errors) as error:
        return str(error)
    finally:
        link.release()
    return None


if __name__ == "__main__":
    sys.exit(report.main(sys.modules[__name__]))
