"""Small collections in the formats of their publishers, laid where ir_datasets looks below its home.

Texts are real language; ids collide, lines are odd and files compressed where those of the publishers are.
"""

from __future__ import annotations

import gzip
import io
import json
import tarfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any


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
