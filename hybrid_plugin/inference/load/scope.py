"""Which part of a benchmark a comparison is of, in words for titles."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from datasets_ext import MULTI
from hybrid_plugin.errors import UserError
from hybrid_plugin.inference.load.evaluations import TASK, Evaluation
from hybrid_plugin.inference.load.parts import Runs, Shared
from hybrid_plugin.tasks.benchmark import SETTINGS
from hybrid_plugin.tasks.named import load_benchmark

_NAMED = 8  # tasks that a title names one by one


class _Task(NamedTuple):
    """A task by what scopes tell of it; languages are ``multi`` where there are several."""

    name: str
    setting: str
    docs: str
    queries: str


def scope_of(runs: Runs, shared: Shared) -> str:
    """What is compared of the benchmark: such as "settings multi; query languages de, en"; empty for all of it.

    A benchmark that is not known here is taken for what all evaluations have together; what they say of their own
    scope then counts as well.

    Parameters
    ----------
    runs : as they were read.
    shared : what is compared of them.
    """
    everything = [run for some in runs.values() for run in some]
    known = _tasks_of_benchmark(everything[0].about)
    whole = list(dict.fromkeys([*known, *_tasks_of(everything)]))
    parts = {} if known else _stated(everything)
    of_systems = [_tasks_of(some) for some in shared.runs.values()]
    having = Counter(setting for tasks in of_systems for setting in {task.setting for task in tasks})
    compared = {task for tasks in of_systems for task in tasks if having[task.setting] >= min(2, len(runs))}
    parts |= _described([task for task in whole if task in compared], whole)
    words = [f"{what} {', '.join(names)}" for what, names in parts.items()]
    if any(gap.fewer for gap in shared.gaps):
        words.append("queries in common")
    return "; ".join(words)


def _tasks_of(runs: Iterable[Evaluation]) -> list[_Task]:
    frames = (run.per_query[TASK].drop_duplicates() for run in runs)
    return list(dict.fromkeys(_Task(*row) for rows in frames for row in rows.itertuples(index=False, name=None)))


def _tasks_of_benchmark(about: Mapping[str, Any]) -> list[_Task]:
    """The tasks of the benchmark that a head of ``scores.json`` names; none where it is not known here."""
    try:
        whole = load_benchmark(about.get("benchmark_file") or about["benchmark"]).whole
    except UserError:
        return []
    if whole.name != about["benchmark"]:
        return []
    return [_Task(task.name, task.setting, task.docs_lang, task.queries_lang) for task in whole.tasks]


def _stated(runs: Sequence[Evaluation]) -> dict[str, list[str]]:
    """What all evaluations say alike of their own scope."""
    first, *others = (run.about.get("scope") or {} for run in runs)
    alike = {what: names for what, names in first.items() if all(names == other.get(what) for other in others)}
    return {what: _few(names, "") for what, names in alike.items()}


def _described(tasks: Sequence[_Task], whole: Sequence[_Task]) -> dict[str, list[str]]:
    """Some of the tasks by settings and languages, or else by name; empty for all of them."""
    if len(tasks) == len(whole):
        return {}
    settings = {one.setting for one in tasks}
    asked = {one.queries for one in tasks}
    named = asked | {one.docs for one in tasks} - {MULTI}
    for what, languages, narrowed in (
        ("query languages", asked, lambda one: one.queries in asked),
        ("languages", named, lambda one: {one.docs, one.queries} <= {MULTI, *named}),
    ):
        of_settings = [one for one in whole if one.setting in settings]
        kept = [one for one in of_settings if narrowed(one)]
        if {*kept} == {*tasks}:
            parts = {}
            if len(of_settings) < len(whole):
                parts["settings"] = [name for name in SETTINGS if name in settings]
            if len(kept) < len(of_settings):
                parts[what] = sorted(languages)
            return parts
    return {"tasks": _few([one.name for one in tasks], f" of {len(whole)}")}


def _few(names: Sequence[str], of: str) -> list[str]:
    """Names, or where they are many their number."""
    return [*names] if len(names) <= _NAMED else [f"({len(names)}{of})"]
