"""What is known of a collection's languages, in collections of so many that they are looked at in groups.

``etc/languages/{name}.json`` has for each code its ``name``, the ``script`` of its texts and the ``family`` that it
belongs to, where that is known, and the ``source`` of it all.
"""

from __future__ import annotations

from collections.abc import Mapping

from datasets_ext.parallel import package_json

_KINDS = ("script", "family")


def languages_of(name: str) -> Mapping[str, Mapping[str, str]]:
    """The languages of a collection by their codes, with what is known of each."""
    table: dict[str, dict[str, str]] = package_json(f"languages/{name}.json")["languages"]
    return table


def language_groups(languages: Mapping[str, Mapping[str, str]]) -> dict[str, list[str]]:
    """Languages by what they have in common: ``script:Cyrl``, ``family:indo-aryan``.

    Examples
    --------
    >>> from datasets_ext.languages import language_groups, languages_of
    >>> language_groups(languages_of("belebele"))["family:dravidian"]
    ['kan_Knda', 'mal_Mlym', 'tam_Taml', 'tel_Telu']
    """
    groups: dict[str, list[str]] = {}
    for kind in _KINDS:
        for lang, about in languages.items():
            if kind in about:
                name = about[kind] if kind == "script" else about[kind].lower().replace(" ", "-")
                groups.setdefault(f"{kind}:{name}", []).append(lang)
    return groups
