"""BEIR: retrieval of many kinds in English, without training on any (Thakur et al., NeurIPS 2021)."""

from __future__ import annotations

from hybrid_plugin.tasks.benchmark import Benchmark
from hybrid_plugin.tasks.task import Qrels, Task, View

FORUMS = (
    *("android", "english", "gaming", "gis", "mathematica", "physics", "programmers", "stats", "tex", "unix"),
    *("webmasters", "wordpress"),
)
# Task -> its documents and its judged queries; those of which the paper gives figures, in its order.
PARTS = {
    "msmarco": ("beir/msmarco", "beir/msmarco/dev"),
    "trec-covid": ("beir/trec-covid", "beir/trec-covid"),
    "nfcorpus": ("beir/nfcorpus", "beir/nfcorpus/test"),
    "nq": ("beir/nq", "beir/nq"),
    "hotpotqa": ("beir/hotpotqa", "beir/hotpotqa/test"),
    "fiqa": ("beir/fiqa", "beir/fiqa/test"),
    "arguana": ("beir/arguana", "beir/arguana"),
    # What the paper calls Touché-2020 is the second version of the judgements.
    "webis-touche2020": ("beir/webis-touche2020/v2", "beir/webis-touche2020/v2"),
    **{f"cqadupstack/{forum}": (f"beir/cqadupstack/{forum}", f"beir/cqadupstack/{forum}") for forum in FORUMS},
    "quora": ("beir/quora", "beir/quora/test"),
    "dbpedia-entity": ("beir/dbpedia-entity", "beir/dbpedia-entity/test"),
    "scidocs": ("beir/scidocs", "beir/scidocs"),
    "fever": ("beir/fever", "beir/fever/test"),
    "climate-fever": ("beir/climate-fever", "beir/climate-fever"),
    "scifact": ("beir/scifact", "beir/scifact/test"),
}
DATASETS = tuple(dict.fromkeys(part.split("/")[0] for part in PARTS))  # the twelve forums are one
GROUPS = {
    # Several hops over documents, or evidence for and against a claim.
    "reasoning": ("hotpotqa", "fever", "climate-fever", "scifact"),
    "fact-checking": ("fever", "climate-fever", "scifact"),
    "question-answering": ("nq", "hotpotqa", "fiqa"),
    "bio-medical": ("trec-covid", "nfcorpus"),
    "arguments": ("arguana", "webis-touche2020"),
    "duplicate-questions": ("cqadupstack", "quora"),
    # What papers average: systems were trained on MS MARCO.
    "zero-shot": tuple(name for name in DATASETS if name != "msmarco"),
}

BENCHMARK = Benchmark(
    name="beir",
    tasks=tuple(
        Task(
            name,
            (View(docs, "en"),),
            View(judged, "en"),
            (Qrels(judged),),
            collection=name,
            # An argument is no answer to itself. BEIR's evaluation, and Pyserini's with --remove-query, leave out
            # whatever has the id of the query, also where that is by chance.
            dropped="same-id",
        )
        for name, (docs, judged) in PARTS.items()
    ),
    measures=("nDCG@10", "R@100"),
    description="BEIR, the 15 public collections: retrieval of many kinds in English",
    licence="CC BY-SA 4.0 (texts: licences of each collection, MS MARCO's non-commercial)",
    files=tuple(
        f"beir/{'webis-touche2020/v2' if name == 'webis-touche2020' else name}/source.zip" for name in DATASETS
    ),
    groups=GROUPS,
)
