"""The files of a collection as their publisher has them: downloaded at a fixed revision, or added from a folder.

``etc/downloads/{name}.json`` names the files of a collection, each by its path below the collection's folder in
ir_datasets' home:

``url``
    where it is downloaded, at a fixed revision where the host has such
``md5`` or ``sha256``
    of its bytes, where one is known; where none is, that of the first copy is noted, and another file is refused later
``size``
    in bytes, if known: whether the disk has room for it is asked before
``count``
    of the documents in it, where it would take long to count them

A collection that is a part of another, or other tasks on its files, has the same files: see ``PART_OF``.

A file is compared with its checksum once, and again whenever its size or time of change is not that of then.
"""

from __future__ import annotations

import filecmp
import hashlib
import json
import shutil
from collections.abc import Callable, Iterable, Sequence
from functools import cached_property, partial
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import ir_datasets

from datasets_ext.errors import CollectionError
from datasets_ext.parallel import LanguagePart, ParallelCollection, package_json

PART_OF = {  # name -> the collection whose files it is made of
    "afriqa-questions": "afriqa",
    "ciral-dev": "ciral",
    "ciral-shallow": "ciral",
    "ciral-test-b": "ciral",
    "mlqa-r-training": "mlqa-r",
    "mlqa-r-validation": "mlqa-r",
}
_NOTED = "verified.json"  # in the collection's folder: path -> size, time of change and checksum of what was compared


class Published:
    """The files of one collection.

    Parameters
    ----------
    name : of the collection.
    folder : where they lie, and nothing is downloaded to; by default the collection's folder in ir_datasets' home.
    """

    def __init__(self, name: str, folder: Path | None = None):
        self.name = name
        self.whole = PART_OF.get(name, name)
        """The collection that has the files."""
        self._folder = folder

    @cached_property
    def table(self) -> dict[str, dict[str, Any]]:
        """What is known of each file, by its path."""
        table: dict[str, dict[str, Any]] = package_json(f"downloads/{self.whole}.json")
        return table

    @property
    def fingerprint(self) -> str:
        """Changes whenever other files are asked for."""
        return hashlib.sha256(json.dumps(self.table, sort_keys=True).encode()).hexdigest()[:12]

    @property
    def folder(self) -> Path:
        """Where the files lie, here or not."""
        return self._folder or Path(ir_datasets.util.home_path()) / self.whole

    def local(self, file: str) -> Path:
        """Where a file lies, here or not."""
        path = self.folder / file
        name = path.name
        if self._folder is not None and not path.is_file() and [Path(one).name for one in self.table].count(name) == 1:
            return self.folder / name  # in a folder of one's own they may lie side by side
        return path

    def at_hand(self, *these: str) -> bool:
        """Whether some files, or all of them, can be read without a download."""
        return all(self.local(file).is_file() for file in these or self.table)

    def path(self, file: str) -> Path:
        """A file, downloaded if it is not here, and the right one.

        Raises
        ------
        CollectionError
            It cannot be downloaded, or is not the published one.
        """
        path = self.local(file)
        if not path.is_file():
            if self._folder is not None:
                raise CollectionError(f"{self.folder} has no {file}, which {self.name} needs")
            self._download(file, path)
        self._verify(file, path)
        return path

    def _download(self, file: str, path: Path) -> None:
        about = self.table[file]
        download = ir_datasets.util.Download(
            [ir_datasets.util.RequestsDownload(about["url"], headers=_headers(about["url"]))],
            cache_path=path,
            size_hint=about.get("size"),
        )
        try:
            download.path()
        except Exception as error:  # ir_datasets raises whatever its HTTP library raised
            denied = getattr(getattr(error, "response", None), "status_code", None) in (401, 403)
            terms = " (its terms may have to be accepted there, and HF_TOKEN be set)" if denied else ""
            raise CollectionError(
                f"cannot download {file} of {self.name}{terms} ({type(error).__name__}: {error}); "
                f"if you have the files, run: hybrid-ir datasets add {self.whole} FOLDER"
            ) from error

    def _verify(self, file: str, path: Path) -> None:
        about = self.table[file]
        state = path.stat()
        noted = self._noted.get(file, {})
        if noted.get("size") == state.st_size and noted.get("mtime_ns") == state.st_mtime_ns:
            return
        kind = "md5" if "md5" in about else "sha256"
        expected = about.get(kind) or noted.get(kind)
        found = _checksum(path, kind)
        if expected and found != expected:
            which = f"published {self.name} file" if about.get(kind) else f"{self.name} file that was here before"
            raise CollectionError(
                f"{path} is not the {which}: its {kind} is {found}, expected {expected}; get a fresh copy"
            )
        if self._folder is None:
            self._noted[file] = {"size": state.st_size, "mtime_ns": state.st_mtime_ns, kind: found}
            with ir_datasets.util.finialized_file(self.folder / _NOTED, "wt") as notes:
                json.dump(self._noted, notes, indent=1)

    @cached_property
    def _noted(self) -> dict[str, dict[str, Any]]:
        path = self.folder / _NOTED
        try:
            noted: dict[str, dict[str, Any]] = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        return noted

    def collection(
        self,
        languages: Sequence[str],
        load: Callable[[Published, str], LanguagePart],
        files: Callable[[str], Iterable[str]],
        **about: Any,
    ) -> ParallelCollection:
        """The collection that the files make; its name, its fingerprint and what is at hand follow from them.

        Parameters
        ----------
        load : these files and a language -> its part.
        files : a language -> those that it is read from.
        about : other fields of :class:`~datasets_ext.parallel.ParallelCollection`.
        """
        return ParallelCollection(
            self.name,
            languages,
            partial(load, self),
            self.fingerprint,
            at_hand=lambda lang: self.at_hand(*files(lang)),
            **about,
        )

    def add(self, folder: Path) -> list[Path]:
        """Verify local copies of the files and put them where ir_datasets looks.

        Returns
        -------
        The installed files. None is touched unless all of them are right.
        """
        local = Published(self.name, folder)
        missing = [file for file in self.table if not local.at_hand(file)]
        if missing:
            more = f" and {len(missing) - 3} others" if len(missing) > 3 else ""
            raise CollectionError(f"{folder} has no {', '.join(missing[:3])}{more}; {self.name} needs every file")
        copies = {file: local.path(file) for file in self.table}
        for file, copy in copies.items():
            target = self.folder / file
            target.parent.mkdir(parents=True, exist_ok=True)
            with ir_datasets.util.finialized_file(target, "wb") as new, copy.open("rb") as old:
                shutil.copyfileobj(old, new)
            self._noted.pop(file, None)
            self._verify(file, target)
        return [self.folder / file for file in copies]

    def is_added(self, folder: Path) -> bool:
        """Whether the files of a folder are those that lie where ir_datasets looks."""
        local = Published(self.name, folder)
        return all(local.at_hand(file) and _same(local.local(file), self.folder / file) for file in self.table)

    def remove(self) -> list[Path]:
        """Remove the files, downloaded or added; returns them."""
        found = [path for file in self.table if (path := self.folder / file).is_file()]
        if not found:
            raise CollectionError(f"'{self.name}' is built in, and none of its files is here")
        for path in (*found, self.folder / _NOTED):
            path.unlink(missing_ok=True)
        self._noted.clear()
        return found


def _headers(url: str) -> dict[str, str]:
    """What tells the Hugging Face hub who asks, for collections whose terms are accepted there."""
    if urlsplit(url).hostname != "huggingface.co":
        return {}
    from huggingface_hub import get_token

    token = get_token()
    return {"Authorization": f"Bearer {token}"} if token else {}


def _checksum(path: Path, kind: str) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, kind).hexdigest()


def _same(one: Path, other: Path) -> bool:
    return other.is_file() and filecmp.cmp(one, other, shallow=False)
