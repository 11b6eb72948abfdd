"""Published collections of any size, generated in their true formats: documents a second, memory, and look-up by id.

    python tests/benchmarks/published_scale.py [--documents 100000] [--formats neuclir-bench,ciral] [--work FOLDER]

Writes JSON lines as the publishers have them, with texts of the lengths of theirs (NeuCLIR 4.0 kB an article and gzip,
CIRAL 0.9 kB a passage and plain), and prints for each

- documents a second of the module's reader, gone through once, in real time and in processor time,
- what of that the layers take: lines alone, and lines and JSON,
- what ir_datasets' document store takes to build, which is its own work (PickleLz4FullStore), not that of the reader,
- the time of a look-up of 1000 random ids in the store: in the middle, of the slowest hundredth, and of the first,
- the peak of the resident set of reading, above that of the imports.

``--formats mkqa,xm3600,mtop`` are collections of which one file has all languages, so that they are read and held as a
whole; they get as many documents in all their languages together.
"""

from __future__ import annotations

import argparse
import gzip
import json
import os
import random
import resource
import statistics
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable, Iterable
from pathlib import Path

WORDS = {
    "neuclir-bench": ("زلزله", "تهران", "پایتخت", "ایران", "گزارش", "خبرگزاری", "چند", "نفر", "زخمی", "شدند"),
    "ciral": ("rais", "wa", "Kenya", "alisema", "jana", "kwamba", "serikali", "itajenga", "barabara", "mpya"),
}
BYTES = {"neuclir-bench": 4_000, "ciral": 900}
LOOKED_UP = 1000
WHOLE = {"mkqa": "mkqa.jsonl.gz", "xm3600": "captions.zip", "mtop": "mtop.zip"}  # of one file with all languages


def generate(name: str, path: Path, documents: int) -> None:
    rng = random.Random(0)
    texts = []
    for _ in range(500):
        words: list[str] = []
        length = rng.randint(BYTES[name] // 2, BYTES[name] * 3 // 2)
        size = 0
        while size < length:
            words.append(rng.choice(WORDS[name]) + str(rng.randrange(1000)))
            size += len(words[-1].encode()) + 1
        texts.append(" ".join(words))
    with gzip.open(path, "wt", 6, "utf-8") if path.suffix == ".gz" else path.open("w", encoding="utf-8") as file:
        for number in range(documents):
            url = f"https://example.org/{number}"
            about = {"title": texts[number % 499][:40], "text": texts[number % 500], "url": url}
            more = {
                "id": f"{number:032x}",
                "cc_file": "crawl-data/CC-NEWS.warc.gz",
                "time": "2020-01-01T00:00:00+00:00",
            }
            row = {**more, **about} if name == "neuclir-bench" else {"docid": f"SITE#{number}#0", **about}
            file.write(json.dumps(row, ensure_ascii=False) + "\n")


def generate_whole(name: str, path: Path, documents: int) -> None:
    from datasets_ext import mkqa, mtop, xm3600

    rng = random.Random(0)

    def sentence() -> str:
        return " ".join(rng.choices(WORDS["ciral"], k=8))

    path.parent.mkdir(parents=True, exist_ok=True)
    if name == "mkqa":
        answers = [{"type": "date", "text": "2017-05-18", "aliases": [f"18 May 2017 {n}" for n in range(10)]}]
        with gzip.open(path, "wt", 6, "utf-8") as file:
            for number in range(documents // len(mkqa.LANGUAGES)):
                queries = {lang: f"{sentence()} {number}" for lang in mkqa.LANGUAGES}
                row = {"example_id": number, "queries": queries, "answers": dict.fromkeys(mkqa.LANGUAGES, answers)}
                file.write(json.dumps(row) + "\n")
        return
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        if name == "xm3600":
            with archive.open(xm3600.MEMBER, "w") as file:
                for number in range(documents // len(xm3600.LANGUAGES) // 2):
                    captions = {lang: {"caption": [sentence(), sentence()]} for lang in xm3600.LANGUAGES}
                    file.write(json.dumps({"image/key": f"{number:016x}", **captions}).encode() + b"\n")
            return
        for lang in mtop.LANGUAGES:
            with archive.open(f"mtop/{lang}/test.txt", "w") as file:
                for number in range(documents // len(mtop.LANGUAGES)):
                    intent = f"IN:{int(number**0.5) % 117}"
                    file.write(f"{number}\t{intent}\t\t{sentence()}\talarm\t{lang}\t[]\t{{}}\n".encode())


def measure_whole(name: str, path: Path, documents: int) -> None:
    from datasets_ext.catalogue import COLLECTIONS
    from datasets_ext.parallel import PackageDocumentation, register_collection
    from datasets_ext.published import Published

    published = Published(name, path.parent)
    published.table = {path.name: {}}  # with no checksum
    made = COLLECTIONS[name](published)
    made.name = f"scale-{name}"
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    speed("documents", documents, lambda: (doc for lang in made.languages for doc in made.part(lang).docs))
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    print(f"  memory of all languages            {grown:>8,.1f} MiB")
    register_collection(made, PackageDocumentation(f"{name}.yaml"))
    look_up(f"{made.name}/multi", documents, [doc.doc_id for lang in made.languages for doc in made.part(lang).docs])


def speed(what: str, documents: int, read: Callable[[], Iterable[object]]) -> None:
    started, worked = time.perf_counter(), time.process_time()
    for _ in read():
        pass
    real, worked = time.perf_counter() - started, time.process_time() - worked
    print(f"  {what:34} {documents / real:>11,.0f} /s   {documents / worked:>11,.0f} /s of processor time")


def measure(name: str, path: Path, documents: int) -> None:
    from datasets_ext import ciral, neuclir_bench
    from datasets_ext.lines import read_jsonl, read_lines
    from datasets_ext.parallel import Again, LanguagePart, PackageDocumentation, ParallelCollection, register_collection

    module = {"neuclir-bench": neuclir_bench, "ciral": ciral}[name]
    reader = module.read_documents if name == "neuclir-bench" else module.read_passages
    doc_type = module.NeuclirDoc if name == "neuclir-bench" else module.CiralDoc
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    speed("documents", documents, lambda: reader(path, "xx"))
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    print(f"  memory of reading                  {grown:>8,.1f} MiB")
    speed("of that, lines", documents, lambda: read_lines(path))
    speed("of that, lines and JSON", documents, lambda: read_jsonl(path, {}))
    part = LanguagePart(Again(lambda: reader(path, "xx"), documents), [], {})
    made = ParallelCollection(
        f"scale-{name}", ["xx"], lambda lang: part, "0", published_ids=True, streamed=True, doc_type=doc_type
    )
    register_collection(made, PackageDocumentation(f"{name}.yaml"))
    ids = [doc.doc_id for _, doc in zip(range(documents), reader(path, "xx"), strict=False)]
    look_up(f"{made.name}/xx", documents, ids)


def look_up(dataset_id: str, documents: int, ids: list[str]) -> None:
    import ir_datasets

    store = ir_datasets.load(dataset_id).docs_store()
    started = time.perf_counter()
    store.build()
    print(f"  document store built               {documents / (time.perf_counter() - started):>11,.0f} /s")
    times = []
    for doc_id in random.Random(1).choices(ids, k=LOOKED_UP):
        started = time.perf_counter()
        assert store.get(doc_id).doc_id == doc_id
        times.append((time.perf_counter() - started) * 1000)
    print(f"  look-up by id                      {statistics.median(times[1:]):.3f} ms in the middle", end="")
    print(f", {statistics.quantiles(times[1:], n=100)[-1]:.3f} ms at 99 of 100, {times[0]:.3f} ms the first")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--documents", type=int, default=100_000)
    parser.add_argument("--formats", default="neuclir-bench,ciral")
    parser.add_argument("--work", type=Path)
    parser.add_argument("--measured", help=argparse.SUPPRESS)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        work = args.work or Path(scratch)
        for name in args.formats.split(","):
            path = work / f"{name}.jsonl{'.gz' if name == 'neuclir-bench' else ''}"
            if name in WHOLE:
                path = work / name / WHOLE[name]
            if args.measured:
                (measure_whole if name in WHOLE else measure)(name, path, args.documents)
                continue
            (generate_whole if name in WHOLE else generate)(name, path, args.documents)
            print(f"{name}: {args.documents:,} documents, {path.stat().st_size / 1e6:,.0f} MB")
            environment = {**os.environ, "IR_DATASETS_HOME": str(work / "irds")}
            again = ["--documents", str(args.documents), "--formats", name, "--work", str(work), "--measured", "yes"]
            subprocess.run([sys.executable, __file__, *again], env=environment, check=True)


if __name__ == "__main__":
    main()
