"""Exports: what is there is replaced only where that is asked for, and never something of others."""

from __future__ import annotations

import warnings
from pathlib import Path

import pytest

from hybrid_plugin.errors import UserError
from hybrid_plugin.outputs import AlreadyDone
from hybrid_plugin.tasks.export import export_dataset


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_the_same_export_again_is_done_and_another_is_refused(tmp_path: Path) -> None:
    out = tmp_path / "out"
    written = export_dataset("hybrid-demo/de/en", "pyserini", str(out))
    assert [str(path.relative_to(out)) for path in written] == ["corpus/docs.jsonl", "topics.tsv", "qrels.txt"]
    before, time = contents(out), written[0].stat().st_mtime_ns
    assert before.keys() == {"corpus/docs.jsonl", "topics.tsv", "qrels.txt", "export.json"}
    with pytest.warns(AlreadyDone, match="is done already"):
        assert export_dataset("hybrid-demo/de/en", "pyserini", out) == written
    assert written[0].stat().st_mtime_ns == time
    with pytest.raises(UserError, match=r"dataset was hybrid-demo/de/en, is hybrid-demo/zh\); .* --overwrite"):
        export_dataset("hybrid-demo/zh", "pyserini", out)
    with pytest.raises(UserError, match=r"format was pyserini, is jsonl\)"):
        export_dataset("hybrid-demo/de/en", "jsonl", out)
    assert contents(out) == before


def test_another_export_replaces_all_of_the_first_where_that_is_asked(tmp_path: Path) -> None:
    export_dataset("hybrid-demo/de/en", "pyserini", tmp_path / "out")
    (tmp_path / "out" / "index").mkdir()
    [path] = export_dataset("hybrid-demo/zh", "jsonl", tmp_path / "out", overwrite=True)
    assert contents(tmp_path / "out").keys() == {"docs.jsonl", "export.json"}
    assert path == tmp_path / "out" / "docs.jsonl"
    assert (tmp_path / "out" / "index").is_dir()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        export_dataset("hybrid-demo/zh", "jsonl", tmp_path / "out", overwrite=True)


def test_an_export_that_does_not_say_what_it_is_and_other_things_are_kept(tmp_path: Path) -> None:
    export_dataset("hybrid-demo/zh", "jsonl", tmp_path / "out")
    (tmp_path / "out" / "export.json").unlink()  # as version 0.1 left it
    with pytest.raises(UserError, match=r"holds 'docs\.jsonl', so it is not ours to replace"):
        export_dataset("hybrid-demo/zh", "jsonl", tmp_path / "out")
    export_dataset("hybrid-demo/zh", "jsonl", tmp_path / "out", overwrite=True)
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.tex").touch()
    for overwrite in (False, True):
        with pytest.raises(UserError, match=r"holds 'thesis\.tex', so it is not ours to replace"):
            export_dataset("hybrid-demo/zh", "jsonl", tmp_path / "mine", overwrite=overwrite)
    with pytest.raises(UserError, match="is a file, not a folder"):
        export_dataset("hybrid-demo/zh", "jsonl", tmp_path / "mine" / "thesis.tex")
