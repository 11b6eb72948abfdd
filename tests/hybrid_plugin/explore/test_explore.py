"""The page to look around in, in a real browser: its rankings are those of the evaluation, and it is safe to open."""

from __future__ import annotations

import http.client
import json
import signal
import socket
import subprocess
import sys
import threading
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from hybrid_plugin.encoding.encode import encode_dataset, encode_texts
from hybrid_plugin.encoding.encoder import Encoder
from hybrid_plugin.encoding.settings import EncoderOptions
from hybrid_plugin.errors import UserError
from hybrid_plugin.evaluation.encoder import evaluate
from hybrid_plugin.evaluation.scores import Scores
from hybrid_plugin.evaluation.stored import stored_vectors
from hybrid_plugin.evaluation.vectors import RankingOptions, evaluate_vectors
from hybrid_plugin.explore import collection
from hybrid_plugin.explore.collection import Document, Question
from hybrid_plugin.explore.explorer import MEASURES, Explorer, System
from hybrid_plugin.explore.options import EachEncoderOptions
from hybrid_plugin.explore.server import PageServer, is_loopback
from hybrid_plugin.measures.named import parse_measures
from hybrid_plugin.tasks.benchmark import Benchmark
from hybrid_plugin.tasks.named import load_benchmark
from hybrid_plugin.tasks.shapes import parallel
from hybrid_plugin.tasks.texts import Text
from tests.conftest import ROOT, run_cli
from tests.hybrid_plugin.news import write_news

pytestmark = pytest.mark.xdist_group("explore")  # one worker makes what they share

QUESTION = "havana-landmark-3_de"
HOSTILE = '<img src=x onerror="window.hacked = 1"><script>window.hacked = 2</script>&amp; "\''


@contextmanager
def served(explorer: Explorer) -> Iterator[str]:
    with PageServer() as server:
        server.explorer = explorer
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield server.url
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture(scope="module")
def vectors(tiny: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Two encoders' stored vectors of the demo collection."""
    folders = []
    for pooling in ("mean", "cls"):
        folders.append(tmp_path_factory.mktemp("vectors") / pooling)
        encode_dataset("hybrid-demo", Encoder.load(tiny, pooling=pooling), folders[-1])
    return folders[0], folders[1]


@pytest.fixture(scope="module")
def explorer(tiny: Path, vectors: tuple[Path, Path]) -> Explorer:
    encoders = [Encoder.load(tiny, pooling=pooling) for pooling in ("mean", "cls")]
    return Explorer.load(load_benchmark("hybrid-demo"), encoders, vectors)


@pytest.fixture(scope="module")
def url(explorer: Explorer) -> Iterator[str]:
    with served(explorer) as address:
        yield address


@pytest.fixture(scope="module")
def evaluated(vectors: tuple[Path, Path], tmp_path_factory: pytest.TempPathFactory) -> list[tuple[Scores, Path]]:
    """What the evaluation makes of the same vectors: scores and run files."""
    benchmark = load_benchmark("hybrid-demo").only(settings=["mono", "multi"], languages=["de"])
    found = []
    for folder in vectors:
        runs = tmp_path_factory.mktemp("runs")
        sides = stored_vectors(benchmark, folder)
        options = RankingOptions(runs=runs, runs_depth=20)
        found.append((evaluate_vectors(benchmark, *sides, parse_measures(MEASURES), options), runs))
    return found


@pytest.fixture
def visit(browser: Any) -> Iterator[Callable[..., Any]]:
    """Opens an address; whatever happens there, nothing may be complained of and nothing asked from elsewhere."""
    complaints: list[str] = []
    addresses: list[str] = []
    pages: list[Any] = []

    def open_page(address: str, **settings: Any) -> Any:
        page = browser.new_page(**settings)
        page.set_default_timeout(30_000)
        page.on("console", lambda message: message.type in ("error", "warning") and complaints.append(message.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("request", lambda request: addresses.append(request.url))
        page.goto(address)
        page.locator("#languages input").first.wait_for()
        pages.append((page, address))
        return page

    yield open_page
    assert not complaints
    origins = {"/".join(address.split("/")[:3]) for _, address in pages}
    assert {"/".join(address.split("/")[:3]) for address in addresses if not address.startswith("data:")} <= origins
    for page, _ in pages:
        page.close()


def ranked(page: Any, place: int = 0) -> list[str]:
    """The document ids of an encoder's ranking, as the page shows them."""
    page.locator("#results:not([aria-busy]) ol").first.wait_for()
    items = page.locator(".encoder").nth(place).locator("ol").first.locator("li")
    return [item.get_attribute("data-id") for item in items.all()]


def assert_ranked_as(run: Path, found: list[str]) -> None:
    """The same ranking as in a run file, but for neighbours whose scores differ by rounding alone."""
    table = pd.read_csv(run, sep=" ", header=None, quoting=3)
    table = table[table[0] == QUESTION]
    score = dict(zip(table[2], table[4], strict=True))
    assert len(set(found)) == len(found) == 10
    assert [score[doc_id] for doc_id in found] == pytest.approx(list(table[4])[:10], abs=1e-6)


def assert_figures_are(scores: Scores, docs: str, page: Any, place: int) -> None:
    panel = page.locator(".encoder").nth(place)
    names, values = panel.locator("dt").all_inner_texts(), panel.locator("dd").all_inner_texts()
    shown = {name: float(value.replace(",", "")) for name, value in zip(names, values, strict=True)}
    row = scores.per_query.query("docs == @docs and query_id == @QUESTION").iloc[0]
    assert shown["AP"] == pytest.approx(row["AP"], abs=2e-3)  # rounding may swap neighbours
    assert shown["RankDistance"] == pytest.approx(row["RankDistance"], abs=3)


def test_a_question_picked_by_keyboard_is_ranked_as_the_evaluation_ranks_it(
    url: str, visit: Callable[..., Any], evaluated: list[tuple[Scores, Path]], explorer: Explorer
) -> None:
    page = visit(url)
    page.keyboard.press("Tab")  # the skip link
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.id") == "question"
    question = explorer.queries[QUESTION].text
    page.keyboard.insert_text(question)  # at once: of words typed one by one, earlier answers may come in between
    page.get_by_role("option", name=question).wait_for()
    page.keyboard.press("ArrowDown")
    assert page.get_attribute("#question", "aria-activedescendant") == "option-0"
    assert page.get_attribute("#option-0", "aria-selected") == "true"
    page.keyboard.press("Enter")
    page.wait_for_url(f"**?query={QUESTION}")
    task_relevant = set(explorer.relevant[QUESTION])
    for place, (scores, runs) in enumerate(evaluated):
        assert_ranked_as(runs / "multi.de.trec", ranked(page, place))
        panel = page.locator(".encoder").nth(place)
        marked = panel.locator("li", has_text="✓ relevant").all()
        assert {item.get_attribute("data-id") for item in marked} == task_relevant
        assert_figures_are(scores, "multi", page, place)
        answer = explorer.rank(QUESTION)["encoders"][place]
        assert panel.locator("td.number").all_inner_texts() == [
            str(answer["mix"].get(lang, 0)) for lang in explorer.benchmark.languages
        ]
        assert sum(answer["mix"].values()) == 10
    # each document says where the other encoder has it
    there = {doc["id"]: doc["position"] for doc in explorer.rank(QUESTION, depth=1000)["encoders"][1]["ranking"]}
    first = ranked(page)[0]
    assert f"tiny (2): {there[first]:,}" in page.locator(".encoder li").first.inner_text()


def test_a_question_of_ones_own_is_ranked_by_its_vector(
    url: str, visit: Callable[..., Any], explorer: Explorer
) -> None:
    page = visit(url)
    typed = "¿Qué ciudad está en Cuba? 哈瓦那"
    page.get_by_label("Question, in any language").fill(typed)
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="tiny (1)").wait_for()
    for place, system in enumerate(explorer.systems):
        vector = system.encoder.encode([typed], "query")[0]
        matrix = np.concatenate([part.matrix for part in system.docs])
        score = dict(zip(explorer.docs, matrix @ vector, strict=True))
        best = sorted(score.values(), reverse=True)[:10]
        assert [score[doc_id] for doc_id in ranked(page, place)] == pytest.approx(best, abs=1e-6)
    assert page.locator("text=✓ relevant").count() == 0
    assert "not known" in page.get_by_role("status").inner_text()


def test_documents_are_filtered_by_language(
    url: str, visit: Callable[..., Any], evaluated: list[tuple[Scores, Path]]
) -> None:
    page = visit(f"{url}?query={QUESTION}")
    assert len(ranked(page)) == 10
    page.get_by_role("button", name="None").click()
    page.get_by_text("Choose at least one language").wait_for()
    page.get_by_role("checkbox", name="German").focus()
    page.keyboard.press("Space")
    page.get_by_role("heading", name="tiny (1)").wait_for()
    for place, (scores, runs) in enumerate(evaluated):
        assert_ranked_as(runs / "de.de.trec", ranked(page, place))
        assert_figures_are(scores, "de", page, place)
    page.get_by_label("Show the best").select_option("20")
    page.get_by_role("heading", name="Languages of the best 20").first.wait_for()
    assert all(doc_id.startswith("de_") for doc_id in ranked(page))
    page.go_back()
    page.get_by_role("heading", name="Languages of the best 10").first.wait_for()
    assert len(ranked(page)) == 10


def test_the_same_question_in_another_language_is_one_press_away(url: str, visit: Callable[..., Any]) -> None:
    page = visit(f"{url}?query={QUESTION}")
    page.get_by_role("button", name="Chinese").press("Enter")
    page.wait_for_url("**?query=havana-landmark-3_zh")
    page.locator("#asked [lang=zh]").wait_for()
    assert page.evaluate("document.activeElement.dataset.lang") == "zh"
    page.get_by_role("button", name="Random question").click()
    page.wait_for_url(lambda address: "havana-landmark-3_zh" not in address)
    ranked(page)


def test_a_position_leads_to_its_document(url: str, visit: Callable[..., Any]) -> None:
    page = visit(f"{url}?query={QUESTION}")
    ranked(page)
    link = page.locator(".encoder").nth(1).locator("td.places a").last
    link.press("Enter")
    assert page.evaluate("document.activeElement.id") == f"1-{link.inner_text().replace(',', '')}"
    assert "✓ relevant" in page.evaluate("document.activeElement.innerText")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nothing_overflows_on_a_phone(url: str, visit: Callable[..., Any], scheme: str) -> None:
    page = visit(url, viewport={"width": 390, "height": 844}, color_scheme=scheme)
    width = "document.documentElement.scrollWidth"
    assert page.evaluate(width) <= 390
    page.locator("#question").fill("e")
    page.locator("#option-0").wait_for()
    assert page.evaluate(width) <= 390
    page.goto(f"{url}?{'text=' + 'unbreakable' * 20}")
    ranked(page)
    assert page.evaluate(width) <= 390
    page.goto(f"{url}?query={QUESTION}&depth=50")
    ranked(page)
    for summary in page.locator("summary").all()[:3]:
        summary.click()
    assert page.evaluate(width) <= 390
    ground = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert (sum(map(int, ground.removeprefix("rgb(").removesuffix(")").split(","))) > 380) is (scheme == "light")


def test_texts_are_texts_whatever_they_hold(tiny: Path, visit: Callable[..., Any]) -> None:
    docs = [
        Document("ar_1_0", "ar", "تقع هافانا في كوبا.", f"{HOSTILE} تقع هافانا في كوبا.", HOSTILE),
        Document("en_1_0", "en", HOSTILE, f"{HOSTILE} more", HOSTILE),
    ]
    query = Question("1_en", "en", HOSTILE, "1")
    encoder = Encoder.load(tiny)
    encoder.name = f"models/{HOSTILE}"
    vectors = encode_texts(encoder, [Text(doc.id, doc.text) for doc in docs], "passage")
    benchmark = Benchmark(f"hostile{HOSTILE}", parallel("hostile", ("ar", "en")))
    explorer = Explorer(
        benchmark, {doc.id: doc for doc in docs}, {"1_en": query}, {"1_en": ["en_1_0"]}, [System(encoder, [vectors])]
    )
    with served(explorer) as url:
        page = visit(url)
        page.get_by_label("Question, in any language").click()
        page.locator("#option-0").click()
        assert sorted(ranked(page)) == ["ar_1_0", "en_1_0"]
        for summary in page.locator("summary").all():
            summary.click()
        assert page.locator("li[data-id=en_1_0] .text").inner_text() == HOSTILE
        assert page.locator("li[data-id=en_1_0] mark").inner_text() == HOSTILE
        assert page.locator("li[data-id=ar_1_0] .text").evaluate("e => getComputedStyle(e).direction") == "rtl"
        assert get(url, "/api/random?lang=ar")[1] == {"error": f"{benchmark.name} has no question in ar"}
        page.goto(f"{url}?text={urllib.parse.quote(HOSTILE)}")
        ranked(page)
        assert page.locator("#asked span[dir=auto]").inner_text() == HOSTILE
        assert page.locator("img, main script").count() == 0
        assert page.evaluate("window.hacked") is None


def get(url: str, path: str, method: str = "GET", **headers: str) -> tuple[int, Any]:
    """Status and body of a request whose path goes out as it is."""
    connection = http.client.HTTPConnection(url.split("/")[2], timeout=10)
    connection.putrequest(method, path, skip_host="Host" in headers)
    for name, value in headers.items():
        connection.putheader(name, value)
    connection.endheaders()
    response = connection.getresponse()
    body = response.read()
    connection.close()
    kind = response.headers["Content-Type"] or ""
    return response.status, json.loads(body) if "json" in kind else body


@pytest.mark.parametrize(
    ("path", "sentence"),
    [
        ("/api/rank?query=nothing", "hybrid-demo has no question 'nothing'"),
        ("/api/rank", "ask either one of the benchmark's questions or a text"),
        ("/api/rank?text=%20", "the question is empty"),
        ("/api/rank?text=a&languages=de,xx", "hybrid-demo has no language 'xx'; it has: ar, de"),
        ("/api/rank?text=a&languages=", "choose at least one language of documents"),
        ("/api/rank?text=a&depth=0", "0 is no number from 1 to 1000"),
        ("/api/rank?text=a&depth=-1", "depth is '-1'; it must be a number"),
        ("/api/rank?text=a&depth=99999999999999999999", "it must be a number"),
        ("/api/questions?lang=xx", "hybrid-demo has no language 'xx'"),
        ("/api/random?lang=..", "hybrid-demo has no language '..'"),
    ],
)
def test_a_wrong_question_is_refused_in_one_sentence(url: str, path: str, sentence: str) -> None:
    status, body = get(url, path)
    assert status == 400
    assert sentence in body["error"]


def test_nothing_but_the_page_is_served(url: str) -> None:
    for path in (
        "/../pyproject.toml",
        "/..%2f..%2fcli.py",
        "/explorer.py",
        "/etc/passwd",
        "//[",
        "/api/",
        "/page.js/..",
    ):
        assert get(url, path) == (404, {"error": "there is no such page"})
    assert get(url, "/", method="POST")[0] == 501
    assert get(url, f"/api/rank?text={'x' * 70_000}")[0] == 414
    assert b"textContent" in get(url, "/page.js")[1]


def test_a_foreign_name_for_this_machine_is_refused(url: str) -> None:
    """Else any web page could read the collection by pointing a name of its own here (DNS rebinding)."""
    for host in ("evil.example", "evil.example:80", "127.0.0.1.evil.example", "[", ""):
        status, body = get(url, "/api/benchmark", Host=host)
        assert status == 403
        assert "Host header" in body["error"]
    for host in ("localhost:1", "127.0.0.1", "[::1]:80"):
        assert get(url, "/api/benchmark", Host=host)[0] == 200
    with urllib.request.urlopen(url) as response:
        assert "default-src 'none'" in response.headers["Content-Security-Policy"]
        assert response.headers["Access-Control-Allow-Origin"] is None


def test_only_loopback_addresses_go_without_a_warning() -> None:
    assert all(is_loopback(host) for host in ("127.0.0.1", "::1", "localhost", "127.9.9.9"))
    assert not any(is_loopback(host) for host in ("0.0.0.0", "::", "192.168.1.7", "example.org"))


def test_search_finds_words_in_any_order_and_puts_beginnings_first(explorer: Explorer) -> None:
    text = explorer.queries[QUESTION].text
    words = text.split()
    found = explorer.search(f"{words[-1].upper()} {words[0]}", "de")["questions"]
    assert QUESTION in [question["id"] for question in found]
    assert explorer.search(QUESTION)["questions"][0]["text"] == text
    everything = explorer.search(limit=5)
    assert (everything["total"], len(everything["questions"])) == (len(explorer.queries), 5)
    assert explorer.search("no question has these words") == {"total": 0, "questions": []}
    begun = [question["text"].startswith("Für") for question in explorer.search("für", limit=1000)["questions"]]
    assert begun == sorted(begun, reverse=True)
    assert set(begun) == {True, False}
    assert explorer.draw("zh")["lang"] == "zh"


def test_stored_vectors_of_another_encoder_and_damaged_ones_are_refused(tiny: Path, vectors: tuple[Path, Path]) -> None:
    benchmark = load_benchmark("hybrid-demo")
    with pytest.raises(UserError, match=r"was made with the pooling 'mean', the encoder .* has the pooling 'cls'"):
        Explorer.load(benchmark, [Encoder.load(tiny, pooling="cls")], vectors[:1])
    with pytest.raises(UserError, match="1 encoders need as many folders of vectors, not 2"):
        Explorer.load(benchmark, [Encoder.load(tiny)], vectors)
    path = vectors[0] / "docs" / "00000.npy"
    sound = path.read_bytes()
    path.write_bytes(sound[:-1] + bytes([sound[-1] ^ 1]))
    with pytest.raises(UserError, match=f"^{path} is damaged: it is not as it was written"):
        Explorer.load(benchmark, [Encoder.load(tiny)], vectors[:1])
    path.write_bytes(sound)


def test_precision_and_transform_are_given_for_each_encoder(tmp_path: Path) -> None:
    file = tmp_path / "centring.safetensors"
    options = EachEncoderOptions(precision=("bfloat16",), transform=(Path("none"), file), pooling=("cls", "none"))
    assert options.of(2) == [
        EncoderOptions(precision="bfloat16", pooling="cls"),
        EncoderOptions(precision="bfloat16", transform=file),
    ]
    with pytest.raises(UserError, match="unknown precision 'int4'"):
        EachEncoderOptions(precision=("int4",)).of(1)


def test_without_stored_vectors_the_documents_are_encoded(tiny: Path, explorer: Explorer) -> None:
    alone = Explorer.load(load_benchmark("hybrid-demo"), [Encoder.load(tiny)])
    again = alone.rank(QUESTION)["encoders"][0]
    stored = explorer.rank(QUESTION)["encoders"][0]
    np.testing.assert_allclose(
        [doc["score"] for doc in again["ranking"]], [doc["score"] for doc in stored["ranking"]], atol=1e-5
    )
    assert again["measures"] == pytest.approx(stored["measures"], rel=0.05)


def test_the_command_serves_until_it_is_interrupted(tiny: Path, vectors: tuple[Path, Path]) -> None:
    command = [sys.executable, "-m", "hybrid_plugin.cli", "explore", "hybrid-demo", "--encoder", str(tiny)]
    process = subprocess.Popen(
        [*command, "--vectors", str(vectors[0]), "--no-browser"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        # a shell that runs the tests in the background makes its children deaf to interrupts
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    assert process.stdout is not None
    line = process.stdout.readline()
    assert line.startswith("hybrid-demo is at http://127.0.0.1:"), process.communicate()
    status, about = get(line.split()[3], "/api/benchmark")
    assert (status, about["benchmark"], about["documents"]) == (200, "hybrid-demo", 1288)
    process.send_signal(signal.SIGINT)
    output, errors = process.communicate(timeout=20)
    assert process.returncode == 0
    assert "Traceback" not in output + errors


def test_a_port_in_use_is_refused_before_anything_is_encoded(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        command = ("explore", "hybrid-demo", "--encoder", tmp_path, "--no-browser", "--port", port)
        refusal = run_cli(*command, check=2).stderr
    assert f"hybrid-ir: cannot serve on 127.0.0.1 port {port}: Address already in use; choose" in refusal
    assert "Traceback" not in refusal


def run_order(path: Path, query_id: str) -> list[str]:
    """The documents of a query in a run file, from the first down."""
    lines = [line.split() for line in path.read_text().splitlines()]
    return [line[2] for line in lines if line[0] == query_id]


def test_a_benchmark_that_is_not_parallel_is_explored_on_its_pool(tiny: Path, tmp_path: Path) -> None:
    path = write_news(tmp_path)
    benchmark, encoder = load_benchmark(str(path)), Encoder.load(tiny)
    explorer = Explorer.load(benchmark, [encoder])
    scores = evaluate(benchmark, encoder, tmp_path / "scores", runs=True, measures=MEASURES)
    about = explorer.describe()
    assert about["languages"] == [
        {"lang": "de", "documents": 8, "questions": 8},
        {"lang": "en", "documents": 0, "questions": 8},
        {"lang": "zh", "documents": 8, "questions": 0},
    ]
    answer = explorer.rank("en/2023-0", depth=16)
    found = answer["encoders"][0]
    assert [doc["id"] for doc in found["ranking"]] == run_order(
        tmp_path / "scores" / "runs" / "2023.multi.en.trec", "2023-0"
    )
    assert {doc["id"] for doc in found["ranking"] if doc["relevant"]} == {"de/d0", "de/d4", "zh/d0", "zh/d4"}
    row = scores.per_query.query("task == '2023/multi/en' and query_id == '2023-0'").iloc[0]
    assert found["measures"] == {"AP": row["AP"], "RankDistance": row["RankDistance"]}
    assert [one["id"] for one in answer["question"]["translations"]] == ["de/2023-0", "en/2023-0"]
    assert explorer.rank("en/2023-3")["encoders"][0]["measures"] is None, "what is judged is no answer to it"
    german = explorer.rank("de/2022-0", languages=["de"], depth=8)["encoders"][0]["ranking"]
    run = run_order(tmp_path / "scores" / "runs" / "2022.de.de.trec", "2022-0")
    assert [doc["id"] for doc in german] == [f"de/{doc_id}" for doc_id in run]
    assert explorer.rank("de/2022-0", languages=["en"])["pool"] == 0
    encode_dataset(str(path), encoder, tmp_path / "vectors")
    stored = Explorer.load(benchmark, [encoder], [tmp_path / "vectors"]).rank("en/2023-0", depth=16)
    assert [doc["id"] for doc in stored["encoders"][0]["ranking"]] == [doc["id"] for doc in found["ranking"]]
    documents = tmp_path / "docs.de.jsonl"
    documents.write_text(documents.read_text().replace('"d7"', '"d9"'))
    with pytest.raises(UserError, match=r"has vectors of other documents than .* has; encode again"):
        Explorer.load(benchmark, [encoder], [tmp_path / "vectors"])


def test_without_a_pool_all_documents_are_ranked_by_ids_of_their_own(tiny: Path, tmp_path: Path) -> None:
    benchmark = load_benchmark(str(write_news(tmp_path, pool=False)))
    explorer = Explorer.load(benchmark, [Encoder.load(tiny)])
    assert list(explorer.docs) == [f"{lang}/d{number}" for lang in ("de", "zh") for number in range(8)]
    assert explorer.relevant["en/2022-0"] == ["de/d0", "de/d4", "zh/d0", "zh/d4"]
    assert explorer.relevant["de/2022-0"] == ["de/d0", "de/d4"]
    part = Explorer.load(benchmark.only(tasks=["2022/de"]), [Encoder.load(tiny)])
    assert list(part.docs) == [f"d{number}" for number in range(8)], "an id that one view uses stays as it is"


def test_documents_with_equal_scores_stand_as_trec_eval_ranks_them(tiny: Path) -> None:
    docs = [Document(f"en_{number}", "en", "Havana is in Cuba.") for number in (1, 10, 2)]
    encoder = Encoder.load(tiny)
    vectors = encode_texts(encoder, [Text(doc.id, doc.text) for doc in docs], "passage")
    explorer = Explorer(
        load_benchmark("hybrid-demo"), {doc.id: doc for doc in docs}, {}, {}, [System(encoder, [vectors])]
    )
    ranking = explorer.rank(text="Where is Havana?")["encoders"][0]["ranking"]
    assert [doc["id"] for doc in ranking] == ["en_2", "en_10", "en_1"]


def test_more_documents_than_memory_should_hold_are_refused_at_once(
    tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(collection, "MOST_DOCUMENTS", 10)
    for name in ("hybrid-demo", str(write_news(tmp_path))):  # known from metadata, and while they are read
        with pytest.raises(UserError, match="has more than 10 documents, which explore would have to hold"):
            Explorer.load(load_benchmark(name), [Encoder.load(tiny)])
