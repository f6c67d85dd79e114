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

"""YAML of strangers as plain values, with the line of everything in it.

Read by PyYAML's safe loader, as Rally reads tasks, once it is known that
aliases and nesting make no more of it than what was written.
"""

import collections
from collections.abc import Iterator
import contextlib
from typing import Any

import msgspec
import yaml

from cleanupd.rally_jobs import findings

MOST_NODES = 50_000
DEEPEST = 60
LONGEST_NUMBER = 100


class Document(msgspec.Struct, frozen=True):
    """One document: its value, the line of each place in it, and what is wrong with it.

    The value is None where it cannot be read.
    """

    value: Any
    lines: dict[findings.Place, int]
    issues: tuple[tuple[findings.Issue, int], ...]

    def line(self, at: findings.Place) -> int:
        """Return the line of a place, or of the nearest thing around it that was written."""
        while at not in self.lines and at:
            at = at[:-1]
        return self.lines.get(at, 1)


class _Refused(Exception):
    """The document is not built, for the reason and at the line given."""


def read(text: str) -> Document:
    """Return the one document of a text."""
    try:
        loader = _Loader(text)
        node = loader.get_single_node()
        if node is None:
            return Document(None, {}, ())
        _check_size(node)
        issues = tuple(_find_twice(node))
        value = loader.construct_document(node)
    except _Refused as refused:
        message, line = refused.args
        return _unreadable("yaml-bomb", message, line)
    except RecursionError:
        return _unreadable("yaml-bomb", f"it is nested deeper than {DEEPEST} levels", 1)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        message = error.problem or str(error)
        return _unreadable("yaml-syntax", message, mark.line + 1 if mark else 1)
    except (yaml.YAMLError, ValueError, TypeError, OverflowError) as error:
        return _unreadable("yaml-syntax", str(error).replace("\n", " "), 1)
    lines: dict[findings.Place, int] = {(): node.start_mark.line + 1}
    _note_lines(loader, node, (), lines)
    return Document(value, lines, issues)


def compose(text: str) -> yaml.Node | None:
    """Return the tree of a text whose tags are unknown here; None where it is no YAML."""
    with contextlib.suppress(yaml.YAMLError, RecursionError, ValueError, _Refused):
        node = _Loader(text).get_single_node()
        if node is not None:
            _check_size(node)
        return node
    return None


class _Loader(yaml.SafeLoader):
    """The safe loader, which counts what it composes and refuses endless numbers."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self._nodes = 0
        self._depth = 0

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        """Compose one node, unless there were too many."""
        self._nodes += 1
        self._depth += 1
        line = self.peek_event().start_mark.line + 1  # type: ignore[no-untyped-call]
        if self._nodes > MOST_NODES:
            raise _Refused(f"it has more than {MOST_NODES} values", line)
        if self._depth > DEEPEST:
            raise _Refused(f"it is nested deeper than {DEEPEST} levels", line)
        try:
            return super().compose_node(parent, index)
        finally:
            self._depth -= 1

    def construct_yaml_int(self, node: yaml.ScalarNode) -> int:
        """Return an integer; in base 60 it could be longer than Python prints."""
        if len(node.value) > LONGEST_NUMBER:
            raise _Refused(f"a number has more than {LONGEST_NUMBER} characters", _line(node))
        return int(super().construct_yaml_int(node))


_Loader.add_constructor("tag:yaml.org,2002:int", _Loader.construct_yaml_int)


def _check_size(root: yaml.Node) -> None:
    """Raise _Refused if aliases make more of a document than is allowed, or a circle."""
    sizes: dict[int, int] = {}

    def measure(node: yaml.Node) -> int:
        if id(node) in sizes:
            if not sizes[id(node)]:
                raise _Refused("an alias stands within what it stands for", _line(node))
            return sizes[id(node)]
        sizes[id(node)] = 0
        size = 1 + sum(measure(child) for child in _children(node))
        if size > MOST_NODES:
            raise _Refused(f"its aliases stand for more than {MOST_NODES} values", _line(node))
        sizes[id(node)] = size
        return size

    measure(root)


def _children(node: yaml.Node) -> Iterator[yaml.Node]:
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            yield key
            yield value
    elif isinstance(node, yaml.SequenceNode):
        yield from node.value


def _find_twice(root: yaml.Node) -> Iterator[tuple[findings.Issue, int]]:
    """Yield the keys that stand twice in a mapping as it was written."""
    nodes, known = [root], set()
    while nodes:
        node = nodes.pop()
        if id(node) in known:
            continue
        known.add(id(node))
        nodes += _children(node)
        if isinstance(node, yaml.MappingNode):
            keys = [key for key, _ in node.value if isinstance(key, yaml.ScalarNode)]
            counts = collections.Counter((key.tag, key.value) for key in keys)
            for key in keys:
                if counts[key.tag, key.value] > 1:
                    counts[key.tag, key.value] = 0
                    message = f"the key {key.value!r} stands twice"
                    yield findings.Issue("yaml-duplicate-key", (), message), _line(key)


def _note_lines(
    loader: _Loader, node: yaml.Node, at: findings.Place, lines: dict[findings.Place, int]
) -> None:
    """Note the line of everything below a node that has been constructed."""
    if isinstance(node, yaml.SequenceNode):
        for i, child in enumerate(node.value):
            lines[(*at, i)] = _line(child)
            _note_lines(loader, child, (*at, i), lines)
    elif isinstance(node, yaml.MappingNode):
        for key_node, child in node.value:
            place = (*at, loader.construct_object(key_node, deep=True))
            lines[place] = _line(key_node)
            _note_lines(loader, child, place, lines)


def _line(node: yaml.Node) -> int:
    return int(node.start_mark.line) + 1


def _unreadable(rule: str, message: str, line: int) -> Document:
    return Document(None, {}, ((findings.Issue(rule, (), message), line),))
