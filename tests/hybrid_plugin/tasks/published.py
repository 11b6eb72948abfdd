"""Small collections in the formats of their publishers, laid where ir_datasets looks below its home.

Texts are real language; ids collide, lines are odd and files compressed where those of the publishers are.
"""

from __future__ import annotations

import gzip
import io
import json
import tarfile
import zipfile
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
from pyarrow import parquet

from hybrid_plugin.tasks.benchmarks import bright


def write(path: Path, text: str) -> None:
    """A file, compressed where its name says so."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(gzip.compress(text.encode()) if path.suffix == ".gz" else text.encode())


def write_tar(path: Path, members: Mapping[str, str]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with tarfile.open(path, "w:gz") as tar:
        for name, text in members.items():
            member = tarfile.TarInfo(name)
            member.size = len(text.encode())
            tar.addfile(member, io.BytesIO(text.encode()))


def lines(records: Iterable[Any]) -> str:
    """JSON lines, in which what is not ASCII is escaped as the publishers have it."""
    return "".join(f"{json.dumps(record)}\n" for record in records)


# MIRACL: language -> passages (docid, title, text), topics and judgements; and in how many files the passages lie.
MIRACL: dict[str, tuple[list[tuple[str, str, str]], str, str]] = {
    "sw": (
        [
            (
                "2#0",
                "Akiolojia",
                'Akiolojia (kutoka Kiyunani αρχαίος na λόγος) ni somo linalohusu mabaki.\n\nPia "kale".',
            ),
            ("2#1", "", "Akiolojia hutafuta vitu vya kale.\tWataalamu huchimba ardhi."),
            ("17#0", "Kilimanjaro", "Kilimanjaro ni mlima mrefu kuliko yote ya Afrika."),
        ],
        'h0\t"Akiolojia" ni nini?\nh1\tMlima mrefu zaidi barani Afrika ni upi? \n',
        "h0\tQ0\t2#0\t1\nh0\tQ0\t17#0\t0\nh1\tQ0\t17#0\t1\nh1\tQ0\t2#1\t0\n",
    ),
    "te": (
        [
            ("5#0", "హైదరాబాదు", "హైదరాబాదు తెలంగాణ రాష్ట్ర రాజధాని."),
            ("5#1", "హైదరాబాదు", "చార్మినారు ఇక్కడ ఉంది. " + "నగరం పాతది. " * 3000),
            ("2#0", "గోదావరి", "గోదావరి భారతదేశంలో రెండవ పొడవైన నది."),
        ],
        "h0\tతెలంగాణ రాజధాని ఏది?\r\nh7\tగోదావరి నది ఎక్కడ ఉంది?\r\n\n",
        "h0\tQ0\t5#0\t1\r\nh0\tQ0\t5#1\t0\r\nh7\tQ0\t2#0\t1\r\n\n",
    ),
}
MIRACL_FILES = {"sw": 1, "te": 2}


def write_miracl(home: Path, languages: Iterable[str] = tuple(MIRACL)) -> None:
    for lang in languages:
        passages, topics, qrels = MIRACL[lang]
        folder = home / "miracl" / "v1.0" / lang
        for number in range(MIRACL_FILES[lang]):
            part = passages[number :: MIRACL_FILES[lang]]
            records = [{"docid": docid, "title": title, "text": text} for docid, title, text in part]
            write(folder / "docs" / f"docs-{number}.jsonl.gz", lines(records))
        write(folder / "dev" / "topics.tsv", topics)
        write(folder / "dev" / "qrels.tsv", qrels)


# NeuCLIR: language -> documents (id, title, text).
NEUCLIR = {
    "fas": [
        ("93e291b3-fa", "زلزله در هرمزگان", "زمین‌لرزه‌ای جنوب ایران را لرزاند.\n\nچند خانه آسیب دید."),
        ("f73a0ff9-fa", "", "تیم ملی والیبال به المپیک رسید."),
    ],
    "rus": [
        ("ed4af92b-ru", "Землетрясение в Иране", "Подземные толчки произошли на юге страны."),
        ("3f82d6dd-ru", "«Зенит» – чемпион", "Клуб выиграл чемпионат по футболу."),
    ],
    "zho": [
        ("95a18cdd-zh", "伊朗南部发生地震", "多所房屋受损。"),
        ("9ee19273-zh", "股市上涨", "今天股市大幅上涨。"),
    ],
}
# Year -> topic -> language -> title and description; as people wrote and translated them.
NEUCLIR_TOPICS = {
    "2022": {
        "2": {
            "eng": ("Earthquakes in Iran", "Find reports of damage by earthquakes in Iran. "),
            "fas": ("زلزله در ایران", "گزارش‌هایی از خسارت زلزله در ایران بیابید."),
            "rus": ("Землетрясения в Иране", "Найдите сообщения об ущербе от землетрясений."),
            "zho": ("伊朗地震", "查找有关伊朗地震损失的报道。"),
        },
        "7": {
            "eng": ("Football champions", "Which clubs won national championships?"),
            "fas": ("قهرمانان فوتبال", "کدام باشگاه‌ها قهرمان شدند؟"),
            "rus": ("Чемпионы по футболу", "Какие клубы выиграли чемпионаты?"),
            "zho": ("足球冠军", "哪些俱乐部赢得了全国冠军?"),
        },
        "113": {
            "eng": ("Never judged", "A topic that was written and not judged."),
            "fas": ("داوری نشده", "موضوعی که داوری نشد."),
            "rus": ("Без оценок", "Тема, которую не оценивали."),
            "zho": ("未评判", "没有评判的主题。"),
        },
    },
    "2023": {
        "200": {
            "eng": ("Olympic volleyball", "Which teams qualified for the Olympic volleyball?"),
            "fas": ("والیبال المپیک", "کدام تیم‌ها به المپیک رسیدند؟"),
            "rus": ("Олимпийский волейбол", "Какие сборные вышли на Олимпиаду?"),
            "zho": ("奥运排球", "哪些球队获得了奥运排球参赛资格?"),
        },
        "203": {
            "eng": ("Stock market", "Find reports of a rising stock market."),
            "fas": ("بازار سهام", "گزارش‌های رشد بازار سهام."),
            "rus": ("Фондовый рынок", "Найдите сообщения о росте рынка."),
            "zho": ("股市", "查找股市上涨的报道。"),
        },
    },
}
NEUCLIR_QRELS_2022 = """\
2 fas 93e291b3-fa 3
2 fas f73a0ff9-fa 0
2 rus ed4af92b-ru 1
2 zho 95a18cdd-zh 3
2 zho 9ee19273-zh 0
7 rus 3f82d6dd-ru 3
7 rus ed4af92b-ru 0
"""
NEUCLIR_QRELS_2023 = {
    "fas": "200 0 f73a0ff9-fa 3\n200 0 93e291b3-fa 0\n",
    "rus": "200 0 3f82d6dd-ru 1\n",
    "zho": "203 0 9ee19273-zh 2\n203 0 95a18cdd-zh 0\n\n",
}


def _topic(year: str, topic_id: str, texts: Mapping[str, tuple[str, str]]) -> dict[str, Any]:
    fields = []
    for lang, (title, description) in texts.items():
        topic = {"lang": lang, "topic_title": title, "topic_description": description}
        narrative = {"topic_narrative": f"Relevant to {title}."}
        if lang == "eng":
            fields.append({**topic, "source": "original", **narrative})
            continue
        # People translated no narratives in 2023.
        fields.append({**topic, "source": "human translation", **(narrative if year == "2022" else {})})
        machine = {"topic_title": f"MT {title}", "topic_description": f"MT {description}"}
        fields.append({**topic, **machine, "source": "google translation", **narrative})
    return {"topic_id": topic_id, "languages_with_qrels": ["fas", "zho", "rus"], "topics": fields}


def write_neuclir(home: Path) -> None:
    folder = home / "neuclir"
    for lang, documents in NEUCLIR.items():
        records = [
            {"id": doc_id, "title": title, "text": text, "url": f"https://example.org/{doc_id}", "time": None}
            | {"cc_file": "crawl-data/CC-NEWS/2021/07/CC-NEWS-20210707164449-00551.warc.gz"}
            for doc_id, title, text in documents
        ]
        write(folder / "1" / lang / "docs.jsonl.gz", lines(records))
    for year, topics in NEUCLIR_TOPICS.items():
        records = [_topic(year, topic_id, texts) for topic_id, texts in topics.items()]
        write(folder / f"trec-{year}" / "topics.jsonl", lines(records))
    write(folder / "trec-2022" / "qrels", NEUCLIR_QRELS_2022)
    members = {f"qrels.final.gains.{lang}": qrels for lang, qrels in NEUCLIR_QRELS_2023.items()}
    members["tech_final_qrels.txt"] = "1 0 csl-1 3\n"
    members["qrels.final.gains"] = "".join(NEUCLIR_QRELS_2023.values())
    write_tar(folder / "trec-2023" / "qrels.tar.gz", members)


# mMARCO: the file of a language -> its passages 0 and 7 and its questions 2 and 1048578.
MMARCO = {
    "english": (
        "Paris is the capital of France.",
        "Water boils at 100 °C.",
        "capital of france",
        "when does water boil",
    ),
    "arabic": ("باريس هي عاصمة فرنسا.", "يغلي الماء عند 100 درجة.", "ما هي عاصمة فرنسا", "متى يغلي الماء"),
    "german": (
        "Paris ist die Hauptstadt Frankreichs.",
        "Wasser siedet bei 100 °C.",
        "hauptstadt von frankreich",
        "wann siedet wasser",
    ),
    "spanish": (
        "París es la capital de Francia.",
        "El agua hierve a 100 °C.",
        "capital de francia",
        "¿cuándo hierve el agua?",
    ),
    "french": (
        "Paris est la capitale de la France.",
        "L'eau bout à 100 °C.",
        "capitale de la france",
        "quand l'eau bout-elle ?",
    ),
    "hindi": ("पेरिस फ्रांस की राजधानी है।", "पानी 100 डिग्री पर उबलता है।", "फ्रांस की राजधानी", "पानी कब उबलता है"),
    "indonesian": (
        "Paris adalah ibu kota Prancis.",
        "Air mendidih pada 100 °C.",
        "ibu kota prancis",
        "kapan air mendidih",
    ),
    "italian": (
        "Parigi è la capitale della Francia.",
        "L'acqua bolle a 100 °C.",
        "capitale della francia",
        "quando bolle l'acqua",
    ),
    "japanese": ("パリはフランスの首都です。", "水は100度で沸騰する。", "フランスの首都", "水はいつ沸騰するか"),
    "dutch": (
        "Parijs is de hoofdstad van Frankrijk.",
        "Water kookt bij 100 °C.",
        "hoofdstad van frankrijk",
        "wanneer kookt water",
    ),
    "portuguese": (
        "Paris é a capital da França.",
        "A água ferve a 100 °C.",
        "capital da frança",
        "quando a água ferve",
    ),
    "russian": ("Париж — столица Франции.", "Вода кипит при 100 °C.", "столица франции", "когда кипит вода"),
    "vietnamese": ("Paris là thủ đô của Pháp.", "Nước sôi ở 100 °C.", "thủ đô của pháp", "khi nào nước sôi"),
    "chinese": ("巴黎是法国的首都。", "水在100度沸腾。", "法国的首都", "水什么时候沸腾"),
}
# One for each question: no other passage was looked at.
MMARCO_QRELS = "2\t0\t0\t1\n1048578\t0\t7\t1\n"


def write_mmarco(home: Path) -> None:
    for language, (first, second, *questions) in MMARCO.items():
        # A translation of a passage may be quoted, and none is long enough to be parted.
        passages = f'0\t{first}\n7\t"{second}\n'
        if language == "english":
            # The published collection was decoded as Latin-1 in places, which ir_datasets mends when it is extracted.
            mangled = passages.replace("°", "Â°")
            small = f"2\t{questions[0]}\n1048578\t{questions[1]}\n"
            members = {"collection.tsv": mangled, "queries.dev.small.tsv": small, "qrels.dev.small.tsv": MMARCO_QRELS}
            write_tar(home / "msmarco-passage" / "collectionandqueries.tar.gz", members)
            continue
        write(home / "mmarco" / "v2" / f"{language}_collection.tsv", passages)
        # The questions of all of dev, in no order of their ids; those of dev/small are chosen by its judgements.
        dev = f"1048578\t{questions[1]}\n1215\t?\n2\t{questions[0]} \n"
        write(home / "mmarco" / "v2" / f"{language}.queries.dev.tsv", dev)
    write(home / "mmarco" / "qrels.dev.small.tsv", MMARCO_QRELS)


# CLIRMatrix: language -> titles and articles of Lithuania and of Death; and the ids of their pages in each Wikipedia.
CLIRMATRIX = {
    "ar": (("ليتوانيا", "ليتوانيا دولة على بحر البلطيق."), ("موت", "الموت نهاية الحياة.")),
    "de": (("Litauen", "Litauen ist ein Staat im Baltikum."), ("Tod", "Der Tod ist das Ende des Lebens.")),
    "en": (("Lithuania", "Lithuania is a country in the Baltic."), ("Death", 'Death is the "end" of life.')),
    "es": (("Lituania", "Lituania es un país báltico."), ("Muerte", "La muerte es el fin de la vida.")),
    "fr": (("Lituanie", "La Lituanie est un pays balte."), ("Mort", "La mort est la fin de la vie.")),
    "ja": (("リトアニア", "リトアニアはバルト海の国である。"), ("死", "死は生命の終わりである。")),
    "ru": (("Литва", "Литва — государство в Прибалтике."), ("Смерть", "Смерть — прекращение жизни.")),
    "zh": (("立陶宛", "立陶宛是波罗的海国家。"), ("死亡", "死亡是生命的终结。")),
}
CLIRMATRIX_PAGES = {
    lang: (str(100 + number), str(100 + (number + 1) % len(CLIRMATRIX))) for number, lang in enumerate(CLIRMATRIX)
}


def write_clirmatrix(home: Path) -> None:
    folder = home / "clirmatrix"
    docs: dict[str, dict[str, str]] = {}
    multi8: dict[str, dict[str, str]] = {}

    def entry(path: str) -> dict[str, str]:
        url = f"http://www.cs.jhu.edu/~shuosun/clirmatrix/data/{path}"
        return {"url": url, "expected_md5": "0" * 32, "cache_path": path}

    for lang, articles in CLIRMATRIX.items():
        text = "".join(
            f"{page}\t{article}\n" for page, (_, article) in zip(CLIRMATRIX_PAGES[lang], articles, strict=True)
        )
        docs[f"docs/{lang}"] = entry(f"DOCS/{lang}.tsv.gz")
        write(folder / "DOCS" / f"{lang}.tsv.gz", text)
        for other in CLIRMATRIX:
            if other == lang:  # queries and documents of one language are not published
                continue
            near, far = CLIRMATRIX_PAGES[other]
            records = [
                {"src_id": page, "src_query": title, "tgt_results": [[best, 6], [rest, 0]]}
                for page, (title, _), best, rest in zip(
                    CLIRMATRIX_PAGES[lang], articles, (near, far), (far, near), strict=True
                )
            ]
            path = f"MULTI-8/{lang}/{lang}.{other}.test1.jl.gz"
            multi8[f"queries/{lang}_{other}/test1"] = entry(path)
            write(folder / path, lines(records) + "\n")
    listed = {"clirmatrix_docs": docs, "clirmatrix_multi8": multi8}
    write(folder / "clirmatrix_downloads.json.gz", json.dumps(listed))


# Mr. TyDi: language -> its name in files, passages (id, contents), test topics and judgements.
MR_TYDI: dict[str, tuple[str, list[tuple[str, str]], str, str]] = {
    "sw": (
        "swahili",
        [
            ("2#0", "Akiolojia\n\nAkiolojia ni somo linalohusu mabaki ya tamaduni."),
            ("17#0", "Kilimanjaro\n\nKilimanjaro ni mlima mrefu kuliko yote ya Afrika."),
            ("17#1", 'Kilimanjaro\n\nKilele kinaitwa "Uhuru".\tKina theluji.'),
        ],
        "0\tMlima mrefu zaidi barani Afrika ni upi?\n3\tAkiolojia ni nini? \n",
        "0 Q0 17#0 1\n3 Q0 2#0 1\n",
    ),
    "te": (
        "telugu",
        [("5#0", "హైదరాబాదు\n\nహైదరాబాదు తెలంగాణ రాష్ట్ర రాజధాని."), ("7#0", "గోదావరి\n\nగోదావరి రెండవ పొడవైన నది.")],
        "0\tతెలంగాణ రాజధాని ఏది?\r\n",
        "0 Q0 5#0 1\r\n",
    ),
}


def write_mr_tydi(home: Path) -> None:
    for lang, (name, passages, topics, qrels) in MR_TYDI.items():
        folder = home / "mr-tydi" / f"{lang}.data" / f"mrtydi-v1.0-{name}"
        records = [{"id": passage, "contents": contents} for passage, contents in passages]
        write(folder / "collection" / "docs.jsonl.gz", lines(records))
        write(folder / "topic.test.tsv", topics)
        write(folder / "qrels.test.txt", qrels)


# HC4: the topics with the languages that they were judged in; documents are those of NeuCLIR above.
HC4_TOPICS = {"1001": ("fas", "rus"), "1007": ("zho",)}
HC4_QRELS = {
    "fas": "1001 0 93e291b3-fa 3\n1001 0 f73a0ff9-fa 0\n",
    "rus": "1001 0 ed4af92b-ru 1\n",
    "zho": "1007 0 9ee19273-zh 3\n1007 0 95a18cdd-zh 0\n",
}


def write_hc4(home: Path) -> None:
    folder = home / "hc4"
    for lang, documents in NEUCLIR.items():
        records = [
            {"id": doc_id, "title": title, "text": text, "url": f"https://example.org/{doc_id}"}
            | {"time": "2019-01-06T00:00:00Z", "cc_file": "crawl-data/CC-NEWS/2019/01/CC-NEWS-20190106.warc.gz"}
            for doc_id, title, text in documents
        ]
        write(folder / lang / "hc4_docs.jsonl", lines(records))
        write(folder / lang / "test.qrels.v1-0.txt", HC4_QRELS[lang])
    topics = []
    for (topic_id, judged), texts in zip(HC4_TOPICS.items(), list(NEUCLIR_TOPICS["2022"].values())[:2], strict=True):
        fields = []
        for lang, (title, description) in texts.items():
            field = {"lang": lang, "topic_title": title, "topic_description": description}
            if lang == "eng" or lang in judged:  # people translated a topic where it was judged
                fields.append({**field, "source": "original" if lang == "eng" else "human translation"})
            if lang != "eng":
                fields.append({**field, "topic_title": f"MT {title}", "source": "20220114-scale21-sockeye2-tm1"})
        report = {"url": "https://example.org/", "text": "What was known.", "date": "2019-01-06"}
        narratives = {lang: {"very_valuable": "?", "non_relevant": "?"} for lang in judged}
        topics.append(
            {"topic_id": topic_id, "languages_with_qrels": [*judged], "topics": fields}
            | {"narratives": narratives, "report": report}
        )
    write(folder / "test.topics.v1-0.jsonl", lines(topics))


# WikiCLIR: folder -> the ending of its files, its articles (id, title, text) and its judgements of English pages.
WIKICLIR = {
    "swahili": (
        "sw",
        [("9", "Mlima", "Mlima ni sehemu ya ardhi."), ("10", "Mto", "Mto ni maji.")],
        "12\t9\t2\n12\t10\t1\n",
    ),
    "simple_english": (
        "simple",
        [("9", "River", "A river is a stream of water."), ("4", "Mountain", "A mountain is high land.")],
        "12\t4\t2\n39\t9\t2\n",
    ),
}
WIKICLIR_QUERIES = (
    "12\tMountain\tis a large landform .\n25\tNobody\tis judged for it .\n39\tRiver\tis a natural stream .\n"
)


def write_wikiclir(home: Path) -> None:
    folder = home / "wikiclir" / "source" / "wiki-clir"
    write(folder / "english" / "wiki_en.queries", WIKICLIR_QUERIES)
    for name, (ending, articles, qrels) in WIKICLIR.items():
        write(folder / name / f"wiki_{ending}.documents", "".join("\t".join(article) + "\n" for article in articles))
        write(folder / name / f"en2{ending}.rel", qrels)


# BEIR: archive -> folder in it -> documents (id, title, text), queries, judgements; and what its metadata hold.
BeirPart = tuple[list[tuple[str, str, str]], dict[str, str], list[tuple[str, str, int]]]
BEIR: dict[str, dict[str, BeirPart]] = {
    "arguana": {
        "arguana": (
            [
                ("test-a-pro01a", "Zoos protect", "Zoos protect animals from extinction."),
                ("test-a-pro01b", "Zoos protect", "Zoos harm animals by keeping them."),
                ("test-a-con02a", "", "Animals suffer in captivity."),
            ],
            {
                "test-a-pro01a": "Zoos protect animals from extinction.",  # a document of the same id, word for word
                "test-a-con02a": "Animals suffer in captivity.",
            },
            [("test-a-pro01a", "test-a-pro01b", 1), ("test-a-con02a", "test-a-pro01a", 1)],
        )
    },
    "fiqa": {
        "fiqa": (
            # A document has the id of a query that it has nothing to do with.
            [("4", "", "Bonds pay interest."), ("15", "", "Shares pay dividends."), ("16", "", "Gold pays nothing.")],
            {"4": "Do shares pay anything?", "8": "What do bonds pay?", "11": "Of another split"},
            [("4", "15", 1), ("8", "4", 1), ("8", "16", 1)],
        )
    },
    "webis-touche2020/v2": {
        "webis-touche2020": (
            [("c67482ba-1", "Homework", "Homework should be banned."), ("c67482ba-2", "Homework", "It helps pupils.")],
            {"1": "Should homework be banned?"},
            [("1", "c67482ba-1", 2), ("1", "c67482ba-2", 0)],
        )
    },
    "cqadupstack": {
        "cqadupstack/android": (
            [("51829", "How to root?", "I want to root my phone."), ("7", "Battery", "It drains fast.")],
            {"7": "Why does the battery drain?", "11": "rooting a phone"},
            [("11", "51829", 1), ("7", "51829", 1)],
        ),
        "cqadupstack/gis": (
            [("52116", "Buffers", "How do I draw a buffer?"), ("52117", "Maps", "How do I print a map?")],
            {"11": "drawing buffers"},
            [("11", "52116", 1)],
        ),
    },
    "scifact": {
        "scifact": (
            [("4983", "Microstructure", "Diffusion in the brain."), ("5836", "Cells", "Bone marrow and stem cells.")],
            {"1": "Stem cells come from bone marrow.", "3": "Brains diffuse."},
            [("1", "5836", 1), ("3", "4983", 1)],
        )
    },
}
BEIR_METADATA: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "webis-touche2020/v2": ({"stance": "PRO", "url": "https://example.org"}, {"description": "?", "narrative": "?"}),
    "cqadupstack": ({"tags": ["one", "two"]}, {"tags": []}),
}


def write_beir(home: Path) -> None:
    for archive, parts in BEIR.items():
        about_docs, about_queries = BEIR_METADATA.get(archive, ({}, {}))
        path = home / "beir" / archive / "source.zip"
        path.parent.mkdir(parents=True, exist_ok=True)
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
            for folder, (documents, queries, qrels) in parts.items():
                corpus = [
                    {"_id": doc_id, "title": title, "text": text, "metadata": about_docs}
                    for doc_id, title, text in documents
                ]
                asked = [{"_id": one, "text": text, "metadata": about_queries} for one, text in queries.items()]
                judged = "".join(f"{query}\t{doc}\t{grade}\n" for query, doc, grade in qrels)
                file.writestr(f"{folder}/corpus.jsonl", lines(corpus))
                file.writestr(f"{folder}/queries.jsonl", lines(asked))
                file.writestr(f"{folder}/qrels/test.tsv", f"query-id\tcorpus-id\tscore\n{judged}\n")


def write_parquet(path: Path, rows: list[dict[str, Any]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    parquet.write_table(pa.Table.from_pylist(rows), path)


NANO_BEIR = {"arguana": BEIR["arguana"]["arguana"], "scifact": BEIR["scifact"]["scifact"]}


def write_nano_beir(home: Path) -> None:
    for name, (documents, queries, qrels) in NANO_BEIR.items():
        folder = home / "nano-beir" / name
        corpus = [{"_id": doc_id, "text": f"{title} {text}".strip()} for doc_id, title, text in documents]
        write_parquet(folder / "corpus.parquet", corpus)
        write_parquet(folder / "queries.parquet", [{"_id": one, "text": text} for one, text in queries.items()])
        judged = [{"query-id": query, "corpus-id": doc} for query, doc, _ in qrels]
        write_parquet(folder / "qrels.parquet", judged)


# BRIGHT: part -> documents, queries (id, text, relevant, relevant long ones, excluded), long documents.
BrightPart = tuple[dict[str, str], list[tuple[str, str, list[str], list[str], list[str]]], dict[str, str]]
BRIGHT: dict[str, BrightPart] = {
    "biology": (
        {"insects/1.txt": "Moths fly to light.", "insects/2.txt": "Lamps are warm.", "eyes/1.txt": "Eyes see colours."},
        [("0", "Why do moths fly to lamps?", ["insects/1.txt"], ["insects"], ["N/A"])],
        {"insects": "Moths fly to light. Lamps are warm.", "eyes": "Eyes see colours."},
    ),
    "theoremqa-questions": (
        {},  # those of aops
        [("TheoremQA_a.json", "Count the roots.", ["p/3"], [], ["p/1", "p/2", "gone"])],
        {},
    ),
    "aops": (
        {"p/1": "Count the roots.", "p/2": "Count the real roots.", "p/3": "Sum all roots.", "p/4": "Draw a circle."},
        [
            ("aops_1", "Count the real roots.", ["p/1", "p/3"], [], ["p/2"]),
            ("aops_2", "A circle.", ["p/4"], [], ["p/1"]),
        ],
        {},
    ),
}


def write_bright(home: Path) -> None:
    folder = home / "bright"
    for name, (documents, queries, long_documents) in BRIGHT.items():
        for kind, texts in (("docs", documents), ("long-docs", long_documents)):
            if texts:
                write_parquet(
                    folder / f"{name}.{kind}.parquet", [{"id": one, "content": text} for one, text in texts.items()]
                )
        rows = [
            {"id": one, "query": text, "reasoning": "", "gold_answer": "", "gold_ids": gold, "gold_ids_long": long_gold}
            | {"excluded_ids": excluded}
            for one, text, gold, long_gold, excluded in queries
        ]
        for model in ("", *(f"{one}_reason." for one in bright.REWRITTEN)):
            write_parquet(folder / f"{name}.{model}queries.parquet", rows)


# What of each benchmark is laid, as names of tasks; empty for all of it.
AT_HAND: dict[str, list[str]] = {
    "miracl": ["sw", "te"],
    "mr-tydi": ["sw", "te"],
    "wikiclir": ["sw", "en-simple"],
    "beir": ["fiqa", "arguana", "webis-touche2020", "cqadupstack/android", "cqadupstack/gis", "scifact"],
    "nano-beir": ["arguana", "scifact"],
    "bright": ["biology", "aops", "theoremqa-questions"],
    "bright-long": ["biology"],
}
WRITERS: dict[str, Callable[[Path], None]] = {
    "clirmatrix": write_clirmatrix,
    "miracl": write_miracl,
    "mmarco": write_mmarco,
    "neuclir": write_neuclir,
    "hc4": write_hc4,
    "mr-tydi": write_mr_tydi,
    "wikiclir": write_wikiclir,
    "beir": write_beir,
    "nano-beir": write_nano_beir,
    "bright": write_bright,
}
