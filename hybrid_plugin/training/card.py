"""The model card of a checkpoint: how it was made, how to use it, and what it scored where that was measured."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from huggingface_hub import ModelCardData

from hybrid_plugin.encoding.encoder import Encoder
from hybrid_plugin.encoding.folders import RECORD
from hybrid_plugin.errors import UserError
from hybrid_plugin.files import SCORES, StrPath, read_json, whole_file
from hybrid_plugin.outputs import difference

CARD = "README.md"


def model_card(record: Mapping[str, Any], scores: Sequence[Mapping[str, Any]] = ()) -> str:
    """The text of a card, with the metadata that the Hugging Face hub reads at its head.

    Parameters
    ----------
    record : of a checkpoint, the contents of ``hybrid_ir.json``.
    scores : contents of ``scores.json`` of its evaluations.
    """
    metadata = ModelCardData(
        language=record["languages"],
        library_name="sentence-transformers",
        pipeline_tag="sentence-similarity",
        tags=["hybrid-ir", "dense-retrieval", "multilingual", "feature-extraction"],
    )
    title, made = _merging(record) if "merged" in record else _training(record)
    parts = [
        f"---\n{metadata.to_yaml()}\n---\n\n# A dense encoder {title}\n",
        "Queries and passages become unit vectors whose dot product ranks passages, within one language, across "
        "languages, and on a pool of many. Made with [hybrid-ir]; the recipe is that of [arXiv 2408.10536]"
        "(https://arxiv.org/abs/2408.10536).\n",
        "## Use\n",
        "```python\nfrom sentence_transformers import SentenceTransformer\n\n"
        'model = SentenceTransformer("PATH")\n'
        'queries = model.encode(["..."], prompt_name="query")\n'
        'passages = model.encode(["..."], prompt_name="document")\n```\n',
        f"Pooling: {record.get('pooling', 'mean')}; query prefix: `{record.get('query_prefix', '')}`; passage prefix: "
        f"`{record.get('passage_prefix', '')}`; at most {record.get('max_length', '?')} tokens.\n",
        *made,
        _table(
            ["source", "made from", "rows", "languages", "checksum"],
            [
                [
                    one["name"],
                    ", ".join(one.get("origins", ())),
                    _rows(one),
                    ", ".join(one["languages"]),
                    f"`{one['checksum']}`",
                ]
                for one in record["sources"]
            ],
        ),
        "## Scores\n",
    ]
    if scores:
        parts.append(
            _table(
                ["benchmark", "zero-shot", "AP mono", "AP cross", "AP multi", "RankDistance multi"],
                [_score_row(one) for one in scores],
            )
        )
        parts += [_other_figures(one) for one in scores if not any("AP" in found for found in one["settings"].values())]
        parts.append("Macro averages: over languages (mono, multi) or ordered pairs of languages (cross).\n")
    else:
        parts.append("None measured yet.\n")
    return "\n".join(parts) + "\n[hybrid-ir]: https://pypi.org/project/hybrid-ir/\n"


def _training(record: Mapping[str, Any]) -> tuple[str, list[str]]:
    """How a trained checkpoint was made: what its title says, and the section."""
    said = {key: value for key, value in record["training"].items() if value not in (None, {}, [], ())}
    table = _table(
        ["", ""],
        [
            ["base model", f"`{record['base_model']}`"],
            ["started from", f"`{record['started_from']['name']}` ({record['started_from']['checksum']})"],
            *([["recipe", record["recipe"]]] if "recipe" in record else []),
            ["strategy", record["strategy"]],
            ["alpha", record["alpha"]],
            ["seed", record["seed"]],
            ["languages", ", ".join(record["languages"])],
            ["settings", ", ".join(f"{key} {value}" for key, value in said.items())],
            ["versions", _versions(record)],
        ],
    )
    return f"trained with {record['strategy']} batches", ["## Training\n", table]


def _merging(record: Mapping[str, Any]) -> tuple[str, list[str]]:
    """As :func:`_training`, of a merged checkpoint."""
    parts = record["merged"]["checkpoints"]
    keys = ("weight", "strategy", "alpha", "seed")
    checkpoints = _table(
        ["checkpoint", *keys, "base model", "checksum"],
        [
            [f"`{part['name']}`", *(_cell(part[key]) for key in keys), f"`{part['base_model']}`", part["checksum"]]
            for part in parts
        ],
    )
    table = _table(
        ["", ""],
        [
            ["method", record["merged"]["method"]],
            ["languages", ", ".join(record["languages"])],
            ["versions", _versions(record)],
        ],
    )
    said = "Its weights lie between those of these checkpoints, all of whose sources are named below.\n"
    return f"merged from {len(parts)} checkpoints", ["## Merging\n", said, checkpoints, table]


def _cell(value: Any) -> str:
    return "" if value is None else f"{value:g}" if isinstance(value, float) else str(value)


def _versions(record: Mapping[str, Any]) -> str:
    return ", ".join(f"{name} {version}" for name, version in record["versions"].items())


def _rows(source: Mapping[str, Any]) -> str:
    return f"{source['rows']} ({source['share']:g} of all)" if source.get("share") else str(source["rows"])


def _score_row(scores: Mapping[str, Any]) -> list[str]:
    settings = scores["settings"]
    figures = [settings.get(name, {}).get("AP") for name in ("mono", "cross", "multi")]
    distance = settings.get("multi", {}).get("RankDistance")
    return [
        scores["benchmark"],
        {True: "yes", False: "no: in-domain" if scores.get("in_domain") else "no: trained on it"}[scores["zero_shot"]],
        *("" if figure is None else f"{figure:.4f}" for figure in figures),
        "" if distance is None else f"{distance:.1f}",
    ]


def _other_figures(scores: Mapping[str, Any]) -> str:
    """The figures of a benchmark whose official measures are others than AP."""
    settings = (
        f"{setting} " + ", ".join(f"{measure} {value:.4f}" for measure, value in figures.items())
        for setting, figures in scores["settings"].items()
    )
    return f"{scores['benchmark']}: {'; '.join(settings)}.\n"


def _table(head: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "".join("| " + " | ".join(str(cell).replace("|", "\\|") for cell in line) + " |\n" for line in lines)


def write_card(checkpoint: StrPath, scores: Sequence[StrPath]) -> Path:
    """Write the card of a checkpoint anew, with the scores of its evaluations.

    Parameters
    ----------
    scores : evaluation folders of this checkpoint.

    Raises
    ------
    UserError
        The folder is no trained or merged checkpoint, or an evaluation is not of it; names the folder.
    """
    checkpoint, folders = Path(checkpoint), [Path(folder) for folder in scores]
    for folder, name in ((checkpoint, RECORD), *((folder, SCORES) for folder in folders)):
        if not (folder / name).is_file():
            raise UserError(f"{folder} has no {name}")
    record = read_json(checkpoint / RECORD)
    if not {"started_from", "merged"} & record.keys():
        raise UserError(f"{checkpoint / RECORD} does not say how the checkpoint was made")
    found = [read_json(folder / SCORES) for folder in folders]
    identity = Encoder.load(checkpoint).identity if found else {}
    for folder, one in zip(folders, found, strict=True):
        _check_scores(folder, one, checkpoint, identity)
    with whole_file(checkpoint / CARD) as file:
        file.write(model_card(record, found))
    return checkpoint / CARD


def _check_scores(folder: Path, scores: Mapping[str, Any], checkpoint: Path, identity: Mapping[str, Any]) -> None:
    """Refuse scores of another encoder, or of the checkpoint with other settings; precision alone may differ."""
    name = scores.get("encoder")
    made = scores.get("identity")
    if made is None:  # of version 0.1, or of run files
        if name is None or Path(name).resolve() != checkpoint.resolve():
            raise UserError(f"{folder} holds scores of '{name or scores.get('runs')}', not of {checkpoint}")
        return
    if made["weights"] != identity["weights"]:
        raise UserError(f"{folder} holds scores of '{name}', not of {checkpoint}: their weights differ")
    said = difference(made, {**identity, "precision": made["precision"]})
    if said:
        raise UserError(f"{folder} holds scores of {checkpoint} with other settings: {said} in the checkpoint itself")
