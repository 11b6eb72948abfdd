"""Training data by translation: translate."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from hybrid_plugin import training
from hybrid_plugin.cli.options import Overwrite, watched
from hybrid_plugin.training.translation.settings import TranslationSettings, TranslatorOptions


def translate(
    source: Annotated[str, Parameter(help="What `train --source` takes: a file, a name, an ir_datasets id.")],
    /,
    *,
    model: Annotated[
        str,
        Parameter(
            help="A translation model (NLLB-200, M2M100, mBART-50, MADLAD-400, Marian) by folder or name on the hub, "
            "or NAME:WHAT of a plugin's."
        ),
    ],
    output: Annotated[Path, Parameter(help="The JSON lines to write, a source again.")],
    settings: TranslationSettings = TranslationSettings(),
    options: TranslatorOptions = TranslatorOptions(),
    overwrite: Overwrite = False,
) -> None:
    """Make a parallel source from one in a single language, by machine translation.

    Bad translations are left out, and counted. A run that was interrupted goes on when the same command is given again.

    For example, and what comes after it:

        hybrid-ir translate pairs.jsonl --to ar,zh,de --model facebook/nllb-200-distilled-600M --output parallel.jsonl
        hybrid-ir train --source parallel.jsonl --model intfloat/multilingual-e5-small --output e5-parallel
    """
    pairs = training.load_source(source)
    found = training.translate(
        pairs, training.load_translator(model, options), output, settings, progress=watched(), overwrite=overwrite
    )
    for lang, good in found.translations.items():
        reasons = ", ".join(f"{reason} {count}" for reason, count in found.rejected[lang].items())
        print(
            f"{lang}: {good} translations, {sum(found.rejected[lang].values())} rejected{reasons and f' ({reasons})'}"
        )
    print(f"{output}: {found.rows} rows, {found.dropped} dropped for want of a translation")
