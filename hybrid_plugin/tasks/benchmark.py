"""A benchmark: a list of tasks in three settings, and its official measures.

The settings, in the field's words: ``mono``, query and documents in one language; ``cross``, in two different ones;
``multi``, documents of all languages in one pool. Nothing follows from the spelling of ids.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

from datasets_ext import MULTI
from hybrid_plugin.brief import brief
from hybrid_plugin.errors import UserError, did_you_mean, unknown
from hybrid_plugin.tasks.task import SETTINGS as SETTINGS
from hybrid_plugin.tasks.task import Task, View, run_name


@dataclass(frozen=True)
class Benchmark:
    """A collection to evaluate on.

    Parameters
    ----------
    name : by which it is asked for.
    tasks : in the order of tables; any subset of pairs of languages.
    measures : the official ones, by ir_measures' names: those computed by default, and first in every table. Empty
        for those of an evaluation.
    description, licence : for lists; one line each.
    files : paths or patterns below ir_datasets' home that are there when its data is; empty where nobody knows.
    file : that it was read from, if it was.
    groups : some of its tasks by one name: their names, or beginnings of names. A group's figure is the mean over these
        members, of each the mean over its tasks.
    language_groups : some of its languages by one name, such as ``family:romance``.
    part_of : the benchmark that these are some tasks of.
    """

    name: str
    tasks: tuple[Task, ...]
    measures: tuple[str, ...] = ()
    description: str = ""
    licence: str = ""
    files: tuple[str, ...] = ()
    file: str | None = None
    groups: Mapping[str, tuple[str, ...]] = field(default_factory=dict, hash=False)
    language_groups: Mapping[str, tuple[str, ...]] = field(default_factory=dict, hash=False)
    part_of: Benchmark | None = field(default=None, repr=False, compare=False)

    __repr__ = brief

    def __post_init__(self) -> None:
        if any(not isinstance(task, Task) for task in self.tasks):
            raise UserError(
                f"the benchmark '{self.name}' takes tasks; hybrid_plugin.tasks.parallel makes them of languages"
            )
        object.__setattr__(self, "tasks", tuple(self.tasks))
        object.__setattr__(self, "measures", tuple(self.measures))
        files: set[str] = set()
        for task in self.tasks:
            if run_name(task) in files:
                raise UserError(f"the benchmark '{self.name}' has two tasks with the run file {run_name(task)}")
            files.add(run_name(task))
        if not self.tasks:
            raise UserError(f"the benchmark '{self.name}' has no tasks")
        for group in self.groups:
            if any(_begins(task.name, group) for task in self.tasks):
                raise UserError(f"the benchmark '{self.name}' has tasks and a group of tasks called '{group}'")
        for group in self.language_groups:
            if group in self.languages:
                raise UserError(f"the benchmark '{self.name}' has a language and a group of them called '{group}'")

    @cached_property
    def languages(self) -> tuple[str, ...]:
        """The languages that its views name, sorted."""
        views = (view for task in self.tasks for view in (*task.docs, task.queries))
        return tuple(sorted({view.lang for view in views if view.lang}))

    @property
    def whole(self) -> Benchmark:
        """The benchmark with all its tasks."""
        return self.part_of or self

    def address(self, task: Task) -> str:
        """A task of it as :func:`hybrid_plugin.tasks.load_benchmark` takes it."""
        return f"{self.file or self.name}/{task.name}"

    @property
    def settings(self) -> tuple[str, ...]:
        """The settings of its tasks."""
        return tuple(setting for setting in SETTINGS if any(task.setting == setting for task in self.tasks))

    @property
    def scope(self) -> dict[str, list[str]]:
        """Which tasks of the whole benchmark these are, by their ``settings`` and ``languages``, or else as ``tasks``;
        empty for all."""
        whole = self.whole
        if len(self.tasks) == len(whole.tasks):
            return {}
        languages = {lang for task in self.tasks for lang in (task.docs_lang, task.queries_lang)} - {MULTI}
        asked = {
            "settings": [] if self.settings == whole.settings else [*self.settings],
            "languages": [] if {*whole.languages} <= languages else sorted(languages),
        }
        if languages <= {*whole.languages} and whole.only(**asked).tasks == self.tasks:
            return {key: names for key, names in asked.items() if names}
        return {"tasks": [task.name for task in self.tasks]}

    @property
    def whole_groups(self) -> dict[str, dict[str, list[str]]]:
        """Its groups of which no task of the settings here is missing, of ``tasks`` and of ``languages``; without
        either if there are none."""
        here = {task.name for task in self.tasks}
        missing = [task for task in self.whole.tasks if task.setting in self.settings and task.name not in here]
        asked = {task.queries_lang for task in self.tasks}

        def has_all(start: str) -> bool:
            return any(_begins(name, start) for name in here) and not any(_begins(task.name, start) for task in missing)

        lacking = {(task.docs_lang, task.queries_lang) for task in missing}
        groups = {
            "tasks": {name: [*own] for name, own in self.groups.items() if all(map(has_all, own))},
            "languages": {
                name: [*own]
                for name, own in self.language_groups.items()
                if {*own} <= asked and not any({*pair} <= {MULTI, *own} for pair in lacking)
            },
        }
        return {what: found for what, found in groups.items() if found}

    @property
    def dataset_ids(self) -> set[str]:
        """All ir_datasets ids that its tasks read, and its name."""
        return {self.name}.union(*(task.dataset_ids for task in self.tasks))

    @property
    def doc_views(self) -> tuple[View, ...]:
        """The documents of its tasks, each once."""
        return tuple(dict.fromkeys(view for task in self.tasks for view in task.docs))

    @property
    def query_views(self) -> tuple[View, ...]:
        """The queries of its tasks, each once."""
        return tuple(dict.fromkeys(task.queries for task in self.tasks))

    def task(self, name: str) -> Task:
        """The task of this name.

        Raises
        ------
        UserError
            There is none; names the nearest ones.
        """
        found = next((task for task in self.tasks if task.name == name), None)
        if found is None:
            raise UserError(f"{self.name} has no task '{name}'{self._near(name)}")
        return found

    def only(
        self, *, settings: Sequence[str] = (), languages: Sequence[str] = (), tasks: Sequence[str] = ()
    ) -> Benchmark:
        """The same benchmark with the tasks of some settings and languages, and of some names; empty for all.

        Parameters
        ----------
        languages : narrow queries and documents; the pool of ``multi`` stays whole, since a pool of fewer is another
            task. Also names of groups of languages.
        tasks : names, or beginnings of names: ``de`` is ``de/de`` and ``de/en``. Also names of groups of tasks.

        Raises
        ------
        UserError
            A setting, language or task is unknown, or no task is left.
        """
        for setting in settings:
            if setting not in SETTINGS:
                raise unknown("setting", setting, SETTINGS)
            if setting not in self.settings:
                raise UserError(
                    f"{self.name} has no tasks of the setting '{setting}'; it has: {', '.join(self.settings)}"
                )
        asked = (*settings, *languages, *tasks)
        languages, tasks = [*self._languages_of(languages)], [*self._starts_of(tasks)]
        chosen = tuple(
            task
            for task in self.tasks
            if (not settings or task.setting in settings)
            and (not languages or {task.docs_lang, task.queries_lang} <= {MULTI, *languages})
            and (not tasks or any(_begins(task.name, name) for name in tasks))
        )
        if not chosen:
            raise UserError(f"{self.name} has no task of all that is asked for: {' '.join(asked)}")
        return self if len(chosen) == len(self.tasks) else replace(self, tasks=chosen, part_of=self.whole)

    def _languages_of(self, names: Iterable[str]) -> Iterator[str]:
        """Languages by their names and those of groups, of which those count that are here."""
        for name in names:
            found = [lang for lang in self.language_groups.get(name, (name,)) if lang in self.languages]
            if not found:
                near = did_you_mean(name, (*self.languages, *self.language_groups))
                groups = f", and the groups {', '.join(self.language_groups)}" if self.language_groups else ""
                raise UserError(
                    f"{self.name} has no language '{name}'; it has: {', '.join(self.languages)}{groups}{near}"
                )
            yield from found

    def _starts_of(self, names: Iterable[str]) -> Iterator[str]:
        """Beginnings of the names of tasks, by themselves and by the names of groups."""
        for name in names:
            starts = self.groups.get(name.rstrip("/"), (name,))
            if not any(_begins(task.name, start) for task in self.tasks for start in starts):
                raise UserError(f"{self.name} has no task '{name}'{self._near(name)}")
            yield from starts

    def _near(self, name: str) -> str:
        names = [task.name for task in self.tasks]
        near = difflib.get_close_matches(name, names, n=3) or names[:3]
        groups = f", and the groups {', '.join(self.groups)}" if self.groups else ""
        return f"; it has {len(names)}, such as {', '.join(near)}{groups}{did_you_mean(name, (*names, *self.groups))}"


def _begins(name: str, start: str) -> bool:
    return f"{name}/".startswith(f"{start.rstrip('/')}/")
