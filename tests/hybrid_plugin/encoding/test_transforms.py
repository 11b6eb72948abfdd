"""Language information taken out of vectors: as the papers define it, kept in a file, and applied everywhere alike."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hybrid_plugin.cli.main import application
from hybrid_plugin.encoding.encode import encode_dataset
from hybrid_plugin.encoding.encoder import Encoder
from hybrid_plugin.encoding.fitting import fit_transform
from hybrid_plugin.encoding.sampling import draw_texts, parallel_passages, sample_parallel, sample_texts
from hybrid_plugin.encoding.transforms.base import Transform
from hybrid_plugin.encoding.transforms.centring import Centring
from hybrid_plugin.encoding.transforms.fitted import FittedTransform
from hybrid_plugin.encoding.transforms.lir import LIR
from hybrid_plugin.encoding.transforms.lsar import LSAR
from hybrid_plugin.encoding.transforms.shift import Shift
from hybrid_plugin.encoding.vectors import RECORD, read_vectors
from hybrid_plugin.errors import UserError
from hybrid_plugin.evaluation.encoder import evaluate
from hybrid_plugin.plugins import named
from hybrid_plugin.tasks.named import load_benchmark
from hybrid_plugin.tasks.texts import Text
from tests.conftest import run_cli

pytestmark = pytest.mark.xdist_group("pyserini")  # one worker makes what they share, and one JVM is enough at a time

LANGUAGES = ("de", "en", "th", "zh")


def unit(vectors: np.ndarray) -> np.ndarray:
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)


def languages_apart(seed: int, dimension: int = 12, languages: tuple[str, ...] = LANGUAGES) -> dict[str, np.ndarray]:
    """Unit vectors of each language around a common and an own direction, as encoders give them."""
    rng = np.random.default_rng(seed)
    common = rng.normal(size=dimension) * 2
    return {
        lang: unit(common + rng.normal(size=dimension) + 0.5 * rng.normal(size=(rng.integers(20, 40), dimension)))
        for lang in languages
    }


def centred_plainly(vectors: dict[str, np.ndarray], lang: str, vector: np.ndarray) -> np.ndarray:
    total = np.zeros(len(vector))
    for other in vectors[lang]:
        total += other
    return vector - total / len(vectors[lang])


def lir_plainly(vectors: dict[str, np.ndarray], lang: str, vector: np.ndarray, rank: int) -> np.ndarray:
    """Yang et al. 2021, section 2: the columns of M are the vectors of a language; its first left singular vectors are
    the eigenvectors of M M^T with the largest eigenvalues; e - sum over them of (c . e) c."""
    columns = vectors[lang].astype(np.float64).T
    values, eigenvectors = np.linalg.eigh(columns @ columns.T)
    left = vector.astype(np.float64)
    for place in np.argsort(values)[::-1][:rank]:
        component = eigenvectors[:, place]
        left = left - (component @ vector) * component
    return left


def lsar_plainly(vectors: dict[str, np.ndarray], vector: np.ndarray, rank: int) -> np.ndarray:
    """Xie et al. 2022, Algorithm 1, line by line, with the full decompositions."""
    means = np.array([found.mean(0, dtype=np.float64) for found in vectors.values()]).T  # M: d x L
    ones = np.ones((len(vectors), 1))
    mu = means @ ones / len(vectors)
    u, s, vt = np.linalg.svd(means - mu @ ones.T)
    gamma = vt.T[:, :rank] @ np.diag(s[:rank])
    low_rank = mu @ ones.T + u[:, :rank] @ gamma.T
    shared = np.linalg.pinv(low_rank).T @ ones
    shared = shared / np.sum(shared**2)
    u, _, _ = np.linalg.svd(low_rank - shared @ ones.T)
    subspace = u[:, :rank]
    return vector - subspace @ subspace.T @ vector


@settings(deadline=None, max_examples=25)
@given(seed=st.integers(0, 10**6), rank=st.integers(1, 3))
def test_each_transform_is_what_its_paper_says(seed: int, rank: int) -> None:
    fitted_on, others = languages_apart(seed), languages_apart(seed + 1)
    for lang, vectors in others.items():
        for transform, plain in (
            (Centring.fit(fitted_on), [centred_plainly(fitted_on, lang, vector) for vector in vectors]),
            (LIR.fit(fitted_on, rank), [lir_plainly(fitted_on, lang, vector, rank) for vector in vectors]),
            (LSAR.fit(fitted_on, rank), [lsar_plainly(fitted_on, vector, rank) for vector in vectors]),
        ):
            np.testing.assert_allclose(transform.apply(vectors, lang), unit(np.array(plain)), atol=2e-4)


@settings(deadline=None, max_examples=25)
@given(seed=st.integers(0, 10**6), rank=st.integers(1, 3))
def test_what_is_removed_is_gone(seed: int, rank: int) -> None:
    vectors = languages_apart(seed)
    centring, lir, lsar = Centring.fit(vectors), LIR.fit(vectors, rank), LSAR.fit(vectors, rank)
    for place, (lang, found) in enumerate(vectors.items()):
        assert np.abs(centring.remove(found, [lang] * len(found)).mean(0)).max() < 1e-6
        without = lir.apply(found, lang)
        assert np.abs(without @ lir.directions[place].T).max() < 1e-5
        np.testing.assert_allclose(lir.apply(without, lang), without, atol=1e-5)
        without = lsar.apply(found)
        assert np.abs(without @ lsar.basis.T).max() < 1e-5
        np.testing.assert_allclose(lsar.apply(without), without, atol=1e-5)
    whole = LSAR.fit(vectors)
    means = np.stack([whole.remove(found, [None] * len(found)).mean(0) for found in vectors.values()])
    np.testing.assert_allclose(means, means[:1].repeat(len(means), 0), atol=1e-5)


@pytest.mark.parametrize("kind", [Centring, LIR, LSAR])
def test_vectors_stay_unit_vectors_and_zero_stays_zero(kind: type[Transform]) -> None:
    vectors = languages_apart(1)
    transform = kind.fit(vectors)
    for lang in (*LANGUAGES, "xx", None):
        found = transform.apply(vectors["de"], lang)
        assert found.dtype == np.float32
        np.testing.assert_allclose(np.linalg.norm(found, axis=1), 1, atol=1e-6)
    nothing = np.concatenate([np.zeros((1, 12), np.float32), vectors["de"].mean(0, keepdims=True)])
    assert np.isfinite(transform.apply(nothing, "de")).all()
    assert transform.apply(np.empty((0, 12), np.float32)).shape == (0, 12)


@pytest.mark.parametrize("kind", [Centring, LIR, LSAR])
def test_equal_vectors_stay_equal_bit_for_bit(kind: type[Transform]) -> None:
    rng = np.random.default_rng(0)
    vectors = languages_apart(2, dimension=384)
    transform = kind.fit(vectors)
    texts = vectors["de"][rng.integers(0, len(vectors["de"]), 500)]
    alone = np.concatenate([transform.apply(text[None], "de") for text in texts])
    assert np.array_equal(transform.apply(texts, ["de"] * 500), alone)


def test_unknown_languages_go_by_the_nearest_mean_and_unseen_ones_by_all() -> None:
    vectors = languages_apart(3, dimension=64)
    for transform in (Centring.fit(vectors), LIR.fit(vectors)):
        for lang, found in vectors.items():
            assert (transform.nearest(found) == LANGUAGES.index(lang)).all()
            assert np.array_equal(transform.apply(found), transform.apply(found, lang))
        mixed = np.stack([vectors["de"][0], vectors["zh"][0], vectors["de"][0]])
        together = transform.apply(mixed, ["de", None, "xx"])
        assert np.array_equal(together[:2], transform.apply(mixed[:2], ["de", "zh"]))
    everything = np.mean([found.mean(0) for found in vectors.values()], 0)
    expected = unit(vectors["de"] - everything)
    np.testing.assert_allclose(Centring.fit(vectors).apply(vectors["de"], "xx"), expected, atol=1e-5)


def test_ranks_that_do_not_fit_are_refused() -> None:
    vectors = languages_apart(4)
    for kind, rank, says in (
        (Centring, 1, "takes no rank"),
        (LIR, 0, "takes 1 to 11"),
        (LIR, 12, "takes 1 to 11"),
        (LSAR, 4, "lsar on 4 languages takes 1 to 3"),
    ):
        with pytest.raises(UserError, match=says):
            kind.fit(vectors, rank)
    with pytest.raises(UserError, match="two languages"):
        LSAR.fit({"de": vectors["de"]})


@pytest.mark.parametrize("kind", [Centring, LIR, LSAR])
def test_a_file_keeps_a_transform_as_it_is(kind: type[Transform], tmp_path: Path) -> None:
    vectors = languages_apart(5)
    fitted = FittedTransform(kind.fit(vectors), {"name": kind.name, "encoder": "e"}, vectors["en"][:2])
    fitted.save(tmp_path / "t.safetensors")
    again = FittedTransform.load(tmp_path / "t.safetensors")
    assert again.about == fitted.about
    assert again.transform.languages == LANGUAGES
    assert np.array_equal(again.apply(vectors["zh"], "zh"), fitted.apply(vectors["zh"], "zh"))


def test_damaged_files_are_refused(tmp_path: Path) -> None:
    from safetensors.numpy import save

    vectors = languages_apart(6)
    path = tmp_path / "t.safetensors"

    def load(content: bytes) -> str:
        path.write_bytes(content)
        with pytest.raises(UserError) as caught:
            FittedTransform.load(path)
        assert str(path) in str(caught.value) or "unknown transform" in str(caught.value)
        return str(caught.value)

    FittedTransform(Centring.fit(vectors), {"name": "centring"}, vectors["en"][:2]).save(path)
    whole = path.read_bytes()
    assert "damaged or no transform" in load(whole[: len(whole) // 2])
    assert "damaged or no transform" in load(b"")
    assert "damaged or no transform" in load(save({"means": np.zeros((2, 3), np.float32)}))

    def written(name: str, **arrays: np.ndarray) -> bytes:
        return save(arrays, {"hybrid_ir": json.dumps({"name": name, "languages": ["de"]})})

    two = np.zeros((2, 3), np.float32)
    assert "unknown transform 'whitening'; known: centring, lir, lsar" in load(written("whitening", probe=two))
    assert "has finite directions, means and probe" in load(written("lir", means=two, probe=two))
    assert "has finite means and probe" in load(written("centring", means=two * np.nan, probe=two))
    assert "one dimension" in load(written("centring", means=two, probe=two[:, :2]))
    with pytest.raises(UserError, match="there is no transform file"):
        FittedTransform.load(tmp_path / "nothing")


@given(counts=st.dictionaries(st.sampled_from("abc"), st.integers(1, 30)), number=st.integers(1, 10))
def test_so_many_texts_are_drawn_of_each_language(counts: dict[str, int], number: int) -> None:
    texts = [Text(f"{lang}{i}", "", lang) for lang, count in counts.items() for i in range(count)]
    drawn = draw_texts(iter(texts), number, np.random.default_rng(0))
    assert {lang: len(found) for lang, found in drawn.items()} == {k: min(v, number) for k, v in counts.items()}
    assert all(text.lang == lang for lang, found in drawn.items() for text in found)
    assert len({text for found in drawn.values() for text in found}) == sum(map(len, drawn.values()))


def test_every_text_is_drawn_as_often_as_any_other() -> None:
    texts = [Text(str(i), "", "de") for i in range(10)]
    rng = np.random.default_rng(0)
    times = np.zeros(10)
    for _ in range(2000):
        for text in draw_texts(iter(texts), 3, rng)["de"]:
            times[int(text.id)] += 1
    assert np.abs(times / 2000 - 0.3).max() < 0.05  # five standard deviations


def test_a_language_is_fitted_on_the_first_id_that_has_it() -> None:
    found, fitted_on = sample_texts(["hybrid-demo/de/en", "hybrid-demo"], 5, 0)
    assert fitted_on["hybrid-demo/de/en"] == ["de", "en"]
    assert {"de", "en"}.isdisjoint(fitted_on["hybrid-demo"])
    assert ("en", "docs") not in found
    assert len(found["zh", "docs"]) == len(found["zh", "queries"]) == 5
    assert sample_texts(["hybrid-demo/de/en", "hybrid-demo"], 5, 0) == (found, fitted_on)
    with pytest.raises(UserError, match="'hybrid-demo/de' has no texts of a language that is not fitted yet"):
        sample_texts(["hybrid-demo", "hybrid-demo/de"], 5, 0)


def test_the_built_ins_come_by_the_hook() -> None:
    assert named("hybrid_ir_transforms") == {"centring": Centring, "lir": LIR, "lsar": LSAR, "shift": Shift}


@pytest.fixture(scope="module")
def centred(tiny: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the tiny encoder and its centring, made by the command line."""
    folder = tmp_path_factory.mktemp("transforms") / "centred"
    run_cli(
        "transform", "fit", "centring", "--encoder", tiny, "--on", "hybrid-demo", "--texts", 60, "--output", folder,
    )  # fmt: skip
    return folder


def test_a_fitted_encoder_is_an_encoder_with_its_transform(centred: Path, tiny: Path) -> None:
    plain, encoder = Encoder.load(tiny), Encoder.load(centred)
    assert encoder.transform is not None
    assert encoder.transform.about["fitted_on"].keys() == {"hybrid-demo"}
    texts, langs = ["Wo liegt das?", "这是什么", "Wo liegt das?"], ["de", "zh", "en"]
    raw = plain.encode(texts, "query")
    assert np.array_equal(encoder.encode(texts, "query", langs=langs), encoder.transform.apply(raw, langs))
    assert np.array_equal(encoder.encode(texts, "query"), encoder.transform.apply(raw))
    by_file = Encoder.load(tiny, transform=centred / "transform.safetensors")
    assert np.array_equal(by_file.encode(texts, "query"), encoder.encode(texts, "query"))


def command(*words: object) -> None:
    """The command line in this process, which spares the seconds that importing torch takes."""
    call, bound, _ = application().parse_args([str(word) for word in words])
    call(*bound.args, **bound.kwargs)


def test_evaluation_lifts_the_pool_and_says_what_was_fitted_on_what(centred: Path, tiny: Path, tmp_path: Path) -> None:
    file = centred / "transform.safetensors"
    run_cli(
        "evaluate", "hybrid-demo", "--encoder", tiny, "--transform", file, "--output", tmp_path,
        "--settings", "multi", "--languages", "de", "en",
    )  # fmt: skip
    benchmark, options = load_benchmark("hybrid-demo"), {"settings": ["multi"], "languages": ["de", "en"]}
    plain = evaluate(benchmark, Encoder.load(tiny), **options)
    with pytest.warns(UserWarning, match="fitted on texts of hybrid-demo, which it is scored on"):
        scores = evaluate(benchmark, Encoder.load(centred), **options)
    written = json.loads((tmp_path / "scores.json").read_text())
    about = written["encoder_settings"]["transform"]
    assert about == scores.about["encoder_settings"]["transform"]
    assert plain.about["encoder_settings"]["transform"] is None
    assert (about["name"], about["texts"]["de"], about["unseen"]) == ("centring", 120, [])
    assert set(about["fitted_on_scored"]) == set(about["fitted_on"]["hybrid-demo"])
    assert written["settings"]["multi"] == pytest.approx(scores.settings["multi"])
    assert scores.settings["multi"]["RankDistance"] < plain.settings["multi"]["RankDistance"]


def test_languages_without_texts_are_named(tiny: Path, tmp_path: Path) -> None:
    encoder = Encoder.load(tiny)
    with pytest.warns(UserWarning, match=r"fewer than 50 texts of de \(10\), en \(10\)"):
        fitted = fit_transform("lir", encoder, ["hybrid-demo/de/en"], texts=10)
    with pytest.warns(UserWarning, match="saw no texts in es, zh"):
        assert fitted.against("another", ["de", "es", "zh"])["unseen"] == ["es", "zh"]


def test_encode_index_and_search_apply_it_with_the_languages_of_the_collection(
    centred: Path, tiny: Path, tmp_path: Path
) -> None:
    import faiss
    import ir_datasets

    for encoder, output in (
        (("--encoder", centred), "vectors"),
        (("--encoder", tiny, "--transform", centred / "transform.safetensors"), "by-file"),
    ):
        command("encode", "hybrid-demo/de/en", *encoder, "--output", tmp_path / output)
    found, by_file = (read_vectors(tmp_path / name / "docs").matrix for name in ("vectors", "by-file"))
    docs = [doc.text for doc in ir_datasets.load("hybrid-demo/de/en").docs_iter()]
    expected = Encoder.load(centred).encode(docs, "passage", langs=["de"] * len(docs))
    np.testing.assert_allclose(found, expected, atol=1e-6)
    assert np.array_equal(found, by_file)
    command("index", "hybrid-demo/de/en", "--encoder", centred, "--output", tmp_path / "index")
    index = faiss.read_index(str(tmp_path / "index" / "index"))
    np.testing.assert_array_equal(index.reconstruct_n(0, index.ntotal), found)
    search = ("search", "hybrid-demo/de/en", "--index", tmp_path / "index", "--output", tmp_path / "run.trec")
    with pytest.raises(UserError, match="was made with the transform centring"):
        command(*search, "--encoder", tiny)
    assert not (tmp_path / "run.trec").exists()
    command(*search, "--encoder", centred, "--hits", 3)
    queries, ids = read_vectors(tmp_path / "vectors" / "queries"), read_vectors(tmp_path / "vectors" / "docs").ids
    query_id, _, doc_id, _, score, _ = (tmp_path / "run.trec").read_text().split("\n")[0].split(" ")
    product = queries.take(np.array([queries.ids.index(query_id)]))[0] @ found[ids.index(doc_id)]
    assert float(score) == pytest.approx(float(product), abs=1e-5)


def test_pyserini_gives_the_vectors_of_our_encoder(centred: Path, tmp_path: Path) -> None:
    from hybrid_plugin.bridges.pyserini import QueryEncoder

    texts = ["Wo liegt das?", "这是什么", "Where is it?", "¿Dónde está?"]
    (tmp_path / "docs.jsonl").write_text("".join(json.dumps({"id": text[:2], "text": text}) + "\n" for text in texts))
    run_cli(
        "run", "pyserini.encode", "input", "--corpus", tmp_path / "docs.jsonl", "output", "--embeddings",
        tmp_path / "out", "encoder", "--encoder", centred, "--encoder-class", "hybrid-ir", "--device", "cpu",
    )  # fmt: skip
    theirs = [json.loads(line)["vector"] for line in (tmp_path / "out" / "embeddings.jsonl").open()]
    encoder = Encoder.load(centred)
    np.testing.assert_allclose(theirs, encoder.encode(texts, "passage"), atol=1e-5)
    np.testing.assert_allclose(
        QueryEncoder(str(centred)).encode_batch(texts), encoder.encode(texts, "query"), atol=1e-5
    )


@pytest.fixture(scope="module")
def stored(tiny: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The vectors of the demo collection."""
    folder = tmp_path_factory.mktemp("vectors") / "demo"
    encode_dataset("hybrid-demo", Encoder.load(tiny), folder)
    return folder


@pytest.mark.parametrize("name", ["centring", "lir", "lsar"])
def test_a_transform_is_fitted_on_stored_vectors_as_on_texts(name: str, stored: Path, tiny: Path) -> None:
    encoder, others = Encoder.load(tiny), {"texts": 60, "seed": 3}
    expected = fit_transform(name, encoder, ["hybrid-demo/de/en", "hybrid-demo"], **others)
    before = encoder.counts.texts
    found = fit_transform(name, encoder, ["hybrid-demo/de/en", "hybrid-demo"], vectors=[stored, stored], **others)
    assert encoder.counts.texts - before == 2, "the probe, as query and as passage"
    assert found.about == expected.about
    texts, langs = ["Wo liegt das?", "where is it?", "这是什么"], ["de", "en", "zh"]
    raw = encoder.encode(texts, "query")
    assert np.allclose(found.apply(raw, langs), expected.apply(raw, langs), atol=1e-5)


def test_stored_vectors_of_something_else_are_not_fitted_on(
    centred: Path, stored: Path, tiny: Path, tmp_path: Path
) -> None:
    fit = ("transform", "fit", "centring", "--on", "hybrid-demo", "--output", tmp_path / "out", "--vectors")
    encode_dataset("hybrid-demo/de/en", Encoder.load(centred), tmp_path / "centred")
    encode_dataset("hybrid-demo/de/en", Encoder.load(tiny), tmp_path / "part")
    for arguments, says in (
        ((*fit, stored, stored, "--encoder", tiny), "2 folders of vectors for 1 ids; give one for each"),
        ((*fit, stored, "--encoder", tiny, "--pooling", "cls"), "was made with the pooling 'mean'"),
        ((*fit, tmp_path / "centred", "--encoder", tiny), "was made with the transform centring"),
        ((*fit, tmp_path / "part", "--encoder", tiny), "has no vector of 'ar_"),
        ((*fit, tmp_path, "--encoder", tiny), "holds no vectors"),
    ):
        with pytest.raises(UserError) as raised:
            command(*arguments)
        assert says in str(raised.value)
    record = stored / "docs" / RECORD
    sound = record.read_text(encoding="utf-8")
    record.write_text(json.dumps(json.loads(sound) | {"checksum": "sha256:0"}), encoding="utf-8")
    with pytest.raises(UserError, match="has vectors of other texts than 'hybrid-demo' has; encode again"):
        fit_transform("centring", Encoder.load(tiny), ["hybrid-demo"], vectors=[stored])
    record.write_text(sound, encoding="utf-8")
    command(*fit, stored, "--encoder", tiny)
    assert Encoder.load(tmp_path / "out").transform is not None


def test_what_does_not_fit_is_refused(centred: Path, tiny: Path, tmp_path: Path) -> None:
    file, out = centred / "transform.safetensors", tmp_path / "out"
    with pytest.raises(UserError, match="gives others; check the encoder"):
        Encoder.load(tiny, transform=file, query_prefix="A long prefix that changes everything:")
    fitted = FittedTransform.load(file)
    wider = FittedTransform(LSAR(("de",), np.eye(1, 7, dtype=np.float32)), {"name": "lsar"}, np.zeros((2, 7), "f4"))
    wider.save(tmp_path / "wide.safetensors")
    with pytest.raises(UserError, match=f"7 dimensions; '{tiny}' has {fitted.probe.shape[1]}"):
        Encoder.load(tiny, transform=tmp_path / "wide.safetensors")
    fit = ("transform", "fit", "lsar", "--encoder", tiny, "--output", out)
    demo = ("--on", "hybrid-demo")
    for arguments, says in (
        ((*fit, "--on", "hybrid-demo/de/en", "--rank", 2), "lsar on 2 languages takes 1 to 1"),
        ((*fit, *demo, "--on", "hybrid-demo/xx"), "unknown ir_datasets id 'hybrid-demo/xx'"),
        (("transform", "fit", "pca", *fit[3:], *demo), "unknown transform 'pca'; known: centring, lir, lsar"),
        (("transform", "fit", "lsar", "--encoder", centred, *demo, "--output", centred), "the encoder's own folder"),
        (
            ("evaluate", "hybrid-demo", "--runs-from", tmp_path, "--transform", file, "--output", out),
            "so it goes with --encoder",
        ),
    ):
        with pytest.raises(UserError) as raised:
            command(*arguments)
        assert says in str(raised.value)
    assert not out.exists()


def translations(seed: int, rows: int = 30, dimension: int = 12) -> dict[str, np.ndarray]:
    """Unit vectors of the same texts in several languages, which lack every third of them, each another."""
    rng = np.random.default_rng(seed)
    texts = rng.normal(size=(rows, dimension))
    found = {lang: unit(texts + rng.normal(size=dimension)) for lang in LANGUAGES}
    for place, lang in enumerate(set(LANGUAGES) - {"en"}):
        found[lang][place::3] = np.nan
    return found


def shift_plainly(vectors: dict[str, np.ndarray], source: str, lang: str, scale: float) -> np.ndarray:
    """Jang et al. 2026, equation 1: the mean over pairs of the one vector less the other; Algorithm 1: scaled."""
    pairs = [(z, s) for z, s in zip(vectors[lang], vectors[source], strict=True) if not np.isnan([z, s]).any()]
    return scale * sum(z - s for z, s in pairs) / len(pairs)


@settings(deadline=None, max_examples=25)
@given(seed=st.integers(0, 10**6), scale=st.floats(0, 1), source=st.sampled_from(LANGUAGES))
def test_shift_is_what_its_paper_says(seed: int, scale: float, source: str) -> None:
    fitted_on, others = translations(seed), languages_apart(seed + 1)
    shift = Shift.fit(fitted_on, source=source, scale=scale)
    for lang, vectors in others.items():
        moved = vectors - (shift_plainly(fitted_on, source, lang, scale) if lang != source else 0)
        np.testing.assert_allclose(shift.apply(vectors, lang), unit(moved), atol=1e-5)


def test_shift_leaves_alone_what_it_does_not_know() -> None:
    shift, vectors = Shift.fit(translations(1)), languages_apart(1)["de"]
    for lang in ("en", "xx", None):
        np.testing.assert_allclose(shift.apply(vectors, lang), vectors, atol=1e-6)
    mixed = shift.apply(vectors[:3], ["de", None, "zh"])
    assert np.array_equal(mixed[:1], shift.apply(vectors[:1], "de"))
    assert np.abs(mixed[0] - vectors[0]).max() > 1e-2
    assert shift.apply(np.empty((0, 12), np.float32)).shape == (0, 12)


def test_shift_moves_passages_and_no_queries(tiny: Path, tmp_path: Path) -> None:
    encoder = Encoder.load(tiny)
    fitted = fit_transform("shift", encoder, ["hybrid-demo"], texts=60, settings={"scale": 0.5})
    fitted.save(tmp_path / "shift.safetensors")
    again = Encoder.load(tiny, transform=tmp_path / "shift.safetensors")
    texts, langs = ["Wo liegt das?", "where is it?", "这是什么"], ["de", "en", "zh"]
    queries, passages = (encoder.encode(texts, kind) for kind in ("query", "passage"))
    assert np.array_equal(again.encode(texts, "query", langs=langs), queries)
    assert np.array_equal(again.encode(texts, "passage", langs=langs), fitted.transform.apply(passages, langs))
    assert np.abs(again.encode(texts, "passage", langs=langs) - passages).max() > 1e-3
    assert fitted.about["settings"] == {"source": "en", "scale": 0.5}
    assert fitted.about["texts"]["de"] == 60


def test_shift_is_fitted_on_translated_passages(tiny: Path) -> None:
    import ir_datasets

    encoder = Encoder.load(tiny)
    fitted = fit_transform("shift", encoder, ["hybrid-demo"], texts=1000, settings={"source": "de"}).transform
    dataset = ir_datasets.load("hybrid-demo")
    docs = {doc.doc_id: doc for doc in dataset.docs_iter()}
    answers: dict[str, set[str]] = {}
    for judged in dataset.qrels_iter():
        answers.setdefault(judged.query_id.rpartition("_")[0], set()).add(judged.doc_id)
    pairs = {tuple(doc_id for doc_id in sorted(ids) if docs[doc_id].lang in ("de", "zh")) for ids in answers.values()}
    assert len(pairs) > 100
    assert {tuple(docs[doc_id].lang for doc_id in pair) for pair in pairs} == {("de", "zh")}
    german, chinese = (encoder.encode([docs[pair[side]].text for pair in pairs], "passage") for side in (0, 1))
    offset = fitted.offsets[fitted.languages.index("zh")]
    np.testing.assert_allclose(offset, (chinese - german).mean(0), atol=1e-5)
    assert not fitted.offsets[fitted.languages.index("de")].any()


def test_translations_share_the_rows_of_their_source() -> None:
    (first,) = sample_parallel(["hybrid-demo"], 5, 0, "en")
    assert {lang for lang, side in first.texts if side == "docs"} == set(first.languages["hybrid-demo"])
    linked = {passage["en"].id: passage for passage in parallel_passages("hybrid-demo", "en")}
    assert first.rows is not None
    for (lang, _), drawn in first.texts.items():
        english = [first.texts["en", "docs"][row] for row in first.rows[lang]]
        assert [linked[source.id][lang] for source in english] == drawn
        assert len(drawn) == 5
    with pytest.raises(UserError, match="'hybrid-demo' has no passages in 'en' that are there in a language"):
        sample_parallel(["hybrid-demo", "hybrid-demo"], 5, 0, "en")


def test_a_second_collection_gives_the_languages_that_the_first_lacks(lareqa: Path) -> None:
    first, second = sample_parallel(["mlqa-r", "xquad-r"], 20, 0, "en")
    assert first.languages == {"mlqa-r": ["ar", "de", "en", "es", "hi", "vi", "zh"]}
    assert second.languages == {"xquad-r": ["el", "en", "ru", "th", "tr"]}
    assert {len(drawn) for (lang, _), drawn in [*first.texts.items(), *second.texts.items()] if lang != "en"} == {20}


def test_shift_is_fitted_on_stored_vectors_as_on_texts(stored: Path, tiny: Path, tmp_path: Path) -> None:
    encoder = Encoder.load(tiny)
    expected = fit_transform("shift", encoder, ["hybrid-demo"], texts=60, settings={"scale": 0.5})
    out = tmp_path / "shift.safetensors"
    fit = ("transform", "fit", "shift", "--encoder", tiny, "--on", "hybrid-demo", "--texts", 60, "--output", out)
    command(*fit, "--vectors", stored, "--set", "scale=0.5")
    found = FittedTransform.load(out)
    assert found.about == expected.about
    np.testing.assert_allclose(found.transform.offsets, expected.transform.offsets, atol=1e-6)
    with pytest.raises(UserError, match=r"settings scale was 0\.5, is 1\.0"):
        command(*fit, "--vectors", stored)


def test_settings_that_do_not_fit_are_refused(tiny: Path, tmp_path: Path) -> None:
    vectors = translations(2)
    nothing = {lang: np.full_like(found, np.nan) for lang, found in vectors.items()}
    for arguments, options, says in (
        ((vectors, 1), {}, "takes no rank"),
        ((vectors,), {"source": "fr"}, "needs texts in the source language 'fr'; there are: de, en, th, zh"),
        ((vectors,), {"scale": 1.5}, r"the scale is 1\.5; shift takes 0 to 1"),
        ((vectors,), {"scale": float("nan")}, "the scale is nan"),
        ((vectors | {"de": nothing["de"]},), {}, "no text that is there in both 'de' and 'en'"),
    ):
        with pytest.raises(UserError, match=says):
            Shift.fit(*arguments, **options)
    fit = ("transform", "fit", "shift", "--encoder", tiny, "--output", tmp_path / "out")
    demo = ("--on", "hybrid-demo", "--set")
    for arguments, says in (
        ((*fit, *demo, "sacle=0.5"), "unknown setting 'sacle'; shift takes source, scale; did you mean 'scale'?"),
        (("transform", "fit", "lir", *fit[3:], *demo, "scale=1"), "unknown setting 'scale'; lir has none"),
        ((*fit, *demo, "source=no"), "source is False; shift takes a value such as 'en'"),
        ((*fit, *demo, "source=xx"), "'hybrid-demo' has no passages in 'xx' that are there in"),
        ((*fit, "--on", "hybrid-demo/de"), "'hybrid-demo/de' has no parallel passages"),
    ):
        with pytest.raises(UserError) as raised:
            command(*arguments)
        assert says in str(raised.value)
    assert not (tmp_path / "out").exists()


def test_a_transform_is_fitted_on_cut_vectors_for_cut_vectors(tiny: Path, tmp_path: Path) -> None:
    cut, out = Encoder.load(tiny, truncate_dim=32), tmp_path / "cut"
    fit_transform("centring", cut, ["hybrid-demo"], texts=60).save(tmp_path / "cut.safetensors")
    fitted = Encoder.load(tiny, truncate_dim=32, transform=tmp_path / "cut.safetensors")
    texts, langs = ["Wo liegt das?", "where is it?"], ["de", "en"]
    assert fitted.transform is not None
    expected = fitted.transform.apply(cut.encode(texts, "query"), langs)
    assert np.array_equal(fitted.encode(texts, "query", langs=langs), expected)
    for truncate_dim in (None, 16):
        with pytest.raises(UserError, match=f"with 32 dimensions; '.*' has {truncate_dim or 128}"):
            Encoder.load(tiny, truncate_dim=truncate_dim, transform=tmp_path / "cut.safetensors")
    command(
        "transform", "fit", "centring", "--encoder", tiny, "--truncate-dim", 32, "--on", "hybrid-demo", "--texts", 60,
        "--output", out,
    )  # fmt: skip
    assert np.array_equal(Encoder.load(out).encode(texts, "query", langs=langs), expected)
