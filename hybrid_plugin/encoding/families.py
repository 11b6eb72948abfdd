"""Known families of encoders: what their authors prescribe, and whether a model is used so.

A wrong prefix or pooling costs a few points and looks like a worse model. Prescribed is what the model cards say.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from hybrid_plugin.encoding.folders import looks_like_path, read_object
from hybrid_plugin.encoding.formats import Description
from hybrid_plugin.encoding.settings import EncoderSettings, Pooling

_SENTENCE = "Represent this sentence for searching relevant passages:"
_INSTRUCT = "Instruct: Given a web search query, retrieve relevant passages that answer the query\\nQuery:"


@dataclass(frozen=True)
class Family:
    """What the authors of some models prescribe.

    Parameters
    ----------
    models : their names, without the owner's, as a regular expression in lower case.
    query, passage : what is put before the texts; blanks around it do not count.
    """

    models: str
    pooling: Pooling
    query: str = ""
    passage: str = ""


FAMILIES = (
    Family(r"(multilingual-)?e5-(small|base|large)(-v2|-unsupervised)?", "mean", "query:", "passage:"),
    Family(r"multilingual-e5-large-instruct", "mean", _INSTRUCT),
    Family(r"e5-mistral-7b-instruct|gte-qwen(1\.5|2)-.*instruct|qwen3-embedding-.*b", "last", _INSTRUCT),
    Family(r"bge-(small|base|large)-en(-v1\.5)?|mxbai-embed-large-v1", "cls", _SENTENCE),
    Family(r"bge-m3(-unsupervised)?|gte-multilingual-base|gte-(base|large)-en-v1\.5|gte-modernbert-base", "cls"),
    Family(r"gte-(small|base|large)", "mean"),
    Family(r"snowflake-arctic-embed-(m|l)-v2\.0", "cls", "query:"),
    Family(r"snowflake-arctic-embed-(xs|s|m|l|m-long|m-v1\.5)", "cls", _SENTENCE),
    Family(r"labse|granite-embedding-.*", "cls"),
    Family(r"nomic-embed-text-v(1|1\.5|2-moe)", "mean", "search_query:", "search_document:"),
    Family(r"embeddinggemma-300m", "mean", "task: search result | query:", "title: none | text:"),
    Family(r"jina-embeddings-v2-.*|m?contriever(-msmarco)?", "mean"),
    Family(r"paraphrase-multilingual-.*|distiluse-base-multilingual-.*|all-(minilm|mpnet)-.*", "mean"),
)


def misuse(name: str, said: Description, settings: EncoderSettings) -> str | None:
    """How a model is used otherwise than its authors prescribe, in one line that ends in the right options.

    What our own record says is how the model was trained; and what the files of sentence-transformers say of pooling
    and prompts is its authors' word, wherever they say anything.

    Parameters
    ----------
    name : a folder or a name on the hub.
    said : what the model's own files say.
    settings : as it is used.

    Returns
    -------
    None where nothing is wrong, or the family is not known.
    """
    family = None if said.record else _family(name, said.subfolder)
    if family is None:
        return None
    used = (settings.query_prefix.strip(), settings.passage_prefix.strip())
    stated = (said.query_prefix.strip(), said.passage_prefix.strip())
    faults: list[str] = []
    options: list[str] = []
    wrong = None if any(stated) and used == stated else _wrong_prefixes(used, family)
    if wrong:
        faults.append(wrong)
        options += _options(used, family)
    if settings.pooling != family.pooling and not (said.pools and settings.pooling == said.pooling):
        faults.append(f"with another pooling ('{settings.pooling}') than its authors prescribe")
        options.append(f"--pooling {family.pooling}")
    return f"'{name}' is used {' and '.join(faults)}: {' '.join(options)}" if faults else None


def _family(name: str, subfolder: str) -> Family | None:
    """The family of a model by its name, or else by that under which its configuration says it was made."""
    names = [name, str(Path(name).resolve())] if looks_like_path(name) else [name]
    found = next(filter(None, map(_family_called, names)), None)
    if found is None:
        made_as = (read_object(name, f"{subfolder}/config.json".lstrip("/")) or {}).get("_name_or_path")
        found = _family_called(made_as) if isinstance(made_as, str) else None
    return found


def _family_called(name: str) -> Family | None:
    path = Path(name).parts
    # The hub's cache has models--OWNER--NAME/snapshots/REVISION, that of sentence-transformers OWNER_NAME.
    last = path[-3] if len(path) > 2 and path[-2] == "snapshots" else Path(name).name
    called = re.split("--|_", last.lower())[-1]
    return next((family for family in FAMILIES if re.fullmatch(family.models, called)), None)


def _wrong_prefixes(used: tuple[str, str], family: Family) -> str | None:
    """What is wrong with the prefixes of queries and of passages."""
    if _fits(used[0], family.query) and used[1] == family.passage:
        return None
    if not family.query:
        return "with prefixes, where its authors prescribe none"
    if not any(used):
        return f"without the {'prefixes' if family.passage else 'prefix'} that its authors prescribe"
    if _fits(used[1], family.query) and used[0] == family.passage:
        return "with the prefixes of queries and passages swapped"
    return "with other prefixes than its authors prescribe"


def _options(used: tuple[str, str], family: Family) -> Iterator[str]:
    if not _fits(used[0], family.query):
        yield f"--query-prefix {_quoted(family.query)}"
    if used[1] != family.passage:
        yield f"--passage-prefix {_quoted(family.passage)}"


def _fits(used: str, prescribed: str) -> bool:
    """Whether a prefix is as prescribed; an instruction may name any task."""
    if prescribed == _INSTRUCT:
        return re.fullmatch(r"Instruct: .*\nQuery:", used, re.DOTALL) is not None
    return used == prescribed


def _quoted(prefix: str) -> str:
    """A prefix as a shell takes it, its blank at the end included."""
    text = prefix and f"{prefix} "
    return f"$'{text}'" if "\\n" in text else f"'{text}'"
