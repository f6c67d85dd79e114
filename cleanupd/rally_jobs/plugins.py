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

"""What the plugins of a folder have and lack, read from their text: nothing is imported."""

import ast
from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Mapping
import warnings

import msgspec

from cleanupd.rally_jobs import findings
from cleanupd.rally_jobs import table

_PACKAGES = ("rally", "rally_openstack")
#: Longer chains of operators than any plugin has would take Python's stack.
_TOO_DEEP = (RecursionError, MemoryError)


class Plugins(msgspec.Struct, frozen=True):
    """What the plugins add to the table, and what is wrong with them: path, issue and line."""

    known: table.Table
    troubles: tuple[tuple[str, findings.Issue, int], ...]


def read(texts: Mapping[str, str], known: table.Table) -> Plugins:
    """Return the table with what these files, by path, add to it."""
    trees: dict[str, ast.Module] = {}
    troubles: list[tuple[str, findings.Issue, int]] = []
    for path, text in texts.items():
        try:
            trees[path] = _parse(text)
        except (SyntaxError, ValueError, *_TOO_DEEP) as error:
            line = getattr(error, "lineno", None) or 1
            message = f"it is no Python: {getattr(error, 'msg', None) or error}"
            troubles.append((path, findings.Issue("plugin-syntax", (), message), line))
    extended = _extend(known, trees.values())
    for path, tree in trees.items():
        troubles += ((path, issue, line) for issue, line in _dead_imports(tree, known))
        troubles += ((path, issue, line) for issue, line in _dead_cleanups(tree, extended))
    return Plugins(extended, tuple(troubles))


def _parse(text: str) -> ast.Module:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # an odd escape in a stranger's text is no news
        return ast.parse(text)


def _extend(known: table.Table, trees: Iterable[ast.Module]) -> table.Table:
    scenarios, contexts = dict(known.scenarios), dict(known.contexts)
    others = {name: dict(getattr(known, name)) for name in ("runners", "slas", "hooks")}
    cleanup, timed, actions = set(known.cleanup), set(known.timed), dict(known.actions)
    for tree in trees:
        timed |= set(_timed(tree))
        for node, decorator in _decorated(tree):
            sort, name = _configured(decorator)
            if sort == "scenario" and isinstance(node, ast.ClassDef):
                scenarios[name] = _scenario(node)
                actions.pop(name, None)
            elif sort == "context":
                contexts[name] = table.Part()
            elif f"{sort}s" in others:
                others[f"{sort}s"][name] = table.Part()
            elif sort == "resource":
                cleanup.add(name)
    return msgspec.structs.replace(
        known,
        scenarios=scenarios,
        contexts=contexts,
        cleanup=tuple(sorted(cleanup)),
        timed=frozenset(timed),
        actions=actions,
        **others,
    )


def _decorated(tree: ast.Module) -> Iterator[tuple[ast.AST, ast.Call]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef | ast.FunctionDef):
            for one in node.decorator_list:
                if isinstance(one, ast.Call):
                    yield node, one


def _configured(decorator: ast.Call) -> tuple[str, str]:
    """Return what sort of plugin a decorator declares, and its name; two empty texts if none."""
    match decorator.func:
        case ast.Attribute(value=ast.Name(id=module), attr="configure"):
            sort = module
        case ast.Attribute(attr="resource") | ast.Name(id="resource"):
            sort = "resource"
        case _:
            return "", ""
    given = [one.value for one in decorator.keywords if one.arg == "name"] + decorator.args
    for one in given:
        if isinstance(one, ast.Constant) and isinstance(one.value, str):
            return sort, one.value.partition("@")[0]
    return "", ""


def _scenario(node: ast.ClassDef) -> table.Scenario:
    """Return what a scenario of this class takes; anything, where it inherits its run()."""
    for one in node.body:
        if isinstance(one, ast.FunctionDef) and one.name == "run":
            names = [a.arg for a in (*one.args.posonlyargs, *one.args.args)][1:]
            split = len(names) - min(len(one.args.defaults), len(names))
            return table.Scenario(
                required=tuple(names[:split]),
                optional=(*names[split:], *(a.arg for a in one.args.kwonlyargs)),
                takes_any=one.args.kwarg is not None,
                platform="openstack",
            )
    return table.Scenario(takes_any=True, platform="openstack")


def _timed(tree: ast.Module) -> Iterator[str]:
    """Yield the actions that are timed; a ``*`` stands for what is only known later."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and _called(node.func) in table.TIMERS:
            for one in (*node.args, *(k.value for k in node.keywords)):
                if isinstance(one, ast.Constant) and isinstance(one.value, str):
                    yield one.value
                elif isinstance(one, ast.JoinedStr | ast.BinOp):
                    yield "*"


def _called(function: ast.expr) -> str:
    match function:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
    return ""


def _dead_imports(tree: ast.Module, known: table.Table) -> Iterator[tuple[findings.Issue, int]]:
    for node in ast.walk(tree):
        match node:
            case ast.Import(names=aliases):
                for one in aliases:
                    yield from _dead_module(one.name, known, node.lineno)
            case ast.ImportFrom(module=str(module), names=aliases, level=0):
                dead = list(_dead_module(module, known, node.lineno))
                yield from dead
                if not dead:
                    yield from _dead_names(module, aliases, known, node.lineno)
    yield from _dead_attributes(tree, known)


def _dead_attributes(tree: ast.Module, known: table.Table) -> Iterator[tuple[findings.Issue, int]]:
    """Yield what bases and decorators take from a module of Rally's that doesn't have it.

    Elsewhere a name may stand for something else than the module.
    """
    modules = dict(_imported_modules(tree, known))
    for node in _bases_and_decorators(tree):
        match node:
            case ast.Attribute(value=ast.Name(id=alias), attr=name) if alias in modules:
                module = modules[alias]
                is_known = name in known.modules[module] or f"{module}.{name}" in known.modules
                if not (is_known or name.startswith("_") or "*" in known.modules[module]):
                    yield _dead_name(module, name, known), node.lineno


def _bases_and_decorators(tree: ast.Module) -> Iterator[ast.AST]:
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef):
            for one in node.bases:
                yield from ast.walk(one)
        if isinstance(node, ast.ClassDef | ast.FunctionDef):
            for one in node.decorator_list:
                yield from ast.walk(one)


def _imported_modules(tree: ast.Module, known: table.Table) -> Iterator[tuple[str, str]]:
    """Yield what modules of Rally's are called in a plugin, and their names today."""
    for node in ast.walk(tree):
        if not isinstance(node, ast.Import | ast.ImportFrom):
            continue
        for one in node.names:
            if isinstance(node, ast.ImportFrom):
                module = f"{node.module}.{one.name}"
            elif one.asname:
                module = one.name
            else:
                continue
            module = known.moved_name(module) or module
            if module in known.modules:
                yield one.asname or one.name, module


def _dead_module(
    module: str, known: table.Table, line: int
) -> Iterator[tuple[findings.Issue, int]]:
    if module.partition(".")[0] not in _PACKAGES or module in known.modules:
        return
    if moved := known.moved_name(module):
        message = f"{module} is called {moved} now"
        yield findings.Issue("plugin-old-import", (), message, f"import {moved}"), line
        return
    yield findings.Issue("plugin-dead-import", (), f"Rally has no module {module}"), line


def _dead_names(
    module: str, aliases: Iterable[ast.alias], known: table.Table, line: int
) -> Iterator[tuple[findings.Issue, int]]:
    if module.partition(".")[0] not in _PACKAGES:
        return
    names = known.modules[module]
    for one in aliases:
        inner = f"{module}.{one.name}"
        if known.moved_name(inner):
            yield from _dead_module(inner, known, line)
            continue
        is_private = one.name.startswith("_") or one.name == "*"
        if not (is_private or one.name in names or inner in known.modules):
            yield _dead_name(module, one.name, known), line


def _dead_name(module: str, name: str, known: table.Table) -> findings.Issue:
    near = table.suggest(name, known.modules[module])
    mend = f"did you mean {findings.listed(near)}?" if near else ""
    return findings.Issue("plugin-dead-import", (), f"{module} has no {name}", mend)


def _dead_cleanups(tree: ast.Module, known: table.Table) -> Iterator[tuple[findings.Issue, int]]:
    """Yield what scenarios are to be cleaned up by and nobody has."""
    for node, decorator in _decorated(tree):
        if not (isinstance(node, ast.ClassDef) and _configured(decorator)[0] == "scenario"):
            continue
        for one in ast.walk(decorator):
            if isinstance(one, ast.Dict):
                for group in _cleanup_groups(one):
                    if group.partition(".")[0] not in known.cleanup:
                        message = f"nobody cleans up {group!r}"
                        yield findings.Issue("plugin-cleanup", (), message), decorator.lineno


def _cleanup_groups(contexts: ast.Dict) -> Iterator[str]:
    for key, value in zip(contexts.keys, contexts.values, strict=True):
        if isinstance(key, ast.Constant) and "cleanup" in str(key.value):
            for one in ast.walk(value):
                if isinstance(one, ast.Constant) and isinstance(one.value, str):
                    yield one.value
