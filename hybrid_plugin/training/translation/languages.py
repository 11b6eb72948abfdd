"""Languages as people write them, and as translation models do.

People write ISO 639-1 (``de``), perhaps with a script or a region (``zh-Hant``, ``pt-BR``), or ISO 639-3 (``deu``).
Models have codes of their own: NLLB ``deu_Latn``, M2M100 ``de``, mBART-50 ``de_DE``, MADLAD ``de``, Marian ``deu`` or
``de``.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from difflib import get_close_matches

from hybrid_plugin.errors import UserError

# ISO 639-1 and the code of ISO 639-3 that means the same.
_ISO = dict(
    re.findall(
        r"(\w+):(\w+)",
        """
    aa:aar ab:abk ae:ave af:afr ak:aka am:amh an:arg ar:ara as:asm av:ava ay:aym az:aze ba:bak be:bel bg:bul bi:bis
    bm:bam bn:ben bo:bod br:bre bs:bos ca:cat ce:che ch:cha co:cos cr:cre cs:ces cu:chu cv:chv cy:cym da:dan de:deu
    dv:div dz:dzo ee:ewe el:ell en:eng eo:epo es:spa et:est eu:eus fa:fas ff:ful fi:fin fj:fij fo:fao fr:fra fy:fry
    ga:gle gd:gla gl:glg gn:grn gu:guj gv:glv ha:hau he:heb hi:hin ho:hmo hr:hrv ht:hat hu:hun hy:hye hz:her ia:ina
    id:ind ie:ile ig:ibo ii:iii ik:ipk io:ido is:isl it:ita iu:iku ja:jpn jv:jav ka:kat kg:kon ki:kik kj:kua kk:kaz
    kl:kal km:khm kn:kan ko:kor kr:kau ks:kas ku:kur kv:kom kw:cor ky:kir la:lat lb:ltz lg:lug li:lim ln:lin lo:lao
    lt:lit lu:lub lv:lav mg:mlg mh:mah mi:mri mk:mkd ml:mal mn:mon mr:mar ms:msa mt:mlt my:mya na:nau nb:nob nd:nde
    ne:nep ng:ndo nl:nld nn:nno no:nor nr:nbl nv:nav ny:nya oc:oci oj:oji om:orm or:ori os:oss pa:pan pi:pli pl:pol
    ps:pus pt:por qu:que rm:roh rn:run ro:ron ru:rus rw:kin sa:san sc:srd sd:snd se:sme sg:sag sh:hbs si:sin sk:slk
    sl:slv sm:smo sn:sna so:som sq:sqi sr:srp ss:ssw st:sot su:sun sv:swe sw:swa ta:tam te:tel tg:tgk th:tha ti:tir
    tk:tuk tl:tgl tn:tsn to:ton tr:tur ts:tso tt:tat tw:twi ty:tah ug:uig uk:ukr ur:urd uz:uzb ve:ven vi:vie vo:vol
    wa:wln wo:wol xh:xho yi:yid yo:yor za:zha zh:zho zu:zul
    """,
    )
)
# What else models call them: the largest member of a macrolanguage (as NLLB does), or a code that was withdrawn.
_OTHERS = {
    lang: others.split(",")
    for lang, others in re.findall(
        r"(\w+):([\w,]+)",
        """
        ar:arb ay:ayr az:azj et:ekk fa:pes ff:fuv he:iw id:in jv:jw kr:knc ku:kmr lv:lvs mg:plt mn:khk ms:zsm nb:no
        ne:npi no:nob,nb om:gaz or:ory ps:pbt qu:quy sq:als sw:swh tl:fil uz:uzn yi:ydd,ji zh:cmn
        """,
    )
}
_SHORT = {other: lang for lang, others in _OTHERS.items() for other in others if other not in _ISO}
_SHORT |= {long: lang for lang, long in _ISO.items()}
_SCRIPTS = {"zh": "hans", "sr": "cyrl"}  # of a language whose codes name several, where nobody says which
_REGIONS = {"tw": "hant", "hk": "hant", "mo": "hant", "cn": "hans", "sg": "hans"}  # of Chinese, and their scripts


def short(language: str) -> str:
    """A language in ISO 639-1 if it has a code there, without script and region."""
    base = _parts(language)[0]
    return _SHORT.get(base, base)


def same(one: str, other: str) -> bool:
    """Whether two codes may mean the same language; they may if one is no code of ISO 639 that is known here."""
    known = _ISO.keys() | _SHORT.keys()
    if not all(_parts(lang)[0] in known for lang in (one, other)):
        return True
    return _parts(one)[0] in _names(other) or _parts(other)[0] in _names(one)


def find_code(language: str, codes: Collection[str], model: str) -> str:
    """What a model calls a language.

    Parameters
    ----------
    codes : those that the model has.
    model : its name, for the message.

    Raises
    ------
    UserError
        It has no such language, or several codes for it; names them or the nearest ones.
    """
    if language in codes:
        return language
    _, *wanted = _parts(language)
    if short(language) == "zh":
        wanted = [_REGIONS.get(part, part) for part in wanted]
    scripts = {part for part in wanted if len(part) == 4}
    for name in _names(language):
        named = [code for code in codes if _parts(code)[0] == name]
        fitting = [code for code in named if set(wanted) <= {*_parts(code)}] or [
            code for code in named if scripts <= {*_parts(code)}
        ]  # a region does not matter where the model has none
        if not scripts and len(fitting) > 1:
            usual = {_SCRIPTS.get(short(language))}
            fitting = (
                [code for code in fitting if len(_parts(code)) == 1]
                or [code for code in fitting if usual & {*_parts(code)}]
                or fitting
            )
        if len(fitting) > 1:
            raise UserError(
                f"'{model}' has several codes for '{language}': {', '.join(sorted(fitting))}; "
                f"write --codes {language}={min(fitting)} or another of them"
            )
        if fitting:
            return fitting[0]
    raise _no_such(language, codes, model)


def _names(language: str) -> Iterator[str]:
    """What a language may be called, without script and region."""
    base = _parts(language)[0]
    lang = short(language)
    yield from dict.fromkeys((base, lang, _ISO.get(lang, lang), *_OTHERS.get(lang, ())))


def _parts(code: str) -> list[str]:
    return re.split("[-_]", code.lower())


def _no_such(language: str, codes: Collection[str], model: str) -> UserError:
    bases: dict[str, list[str]] = {}
    for code in sorted(codes):
        bases.setdefault(_parts(code)[0], []).append(code)
    near = dict.fromkeys(
        code for name in _names(language) for base in get_close_matches(name, bases) for code in bases[base]
    )
    said = ", ".join([*(near or sorted(codes))][:5])
    which = f"the nearest of its {len(codes)} codes" if near else f"some of its {len(codes)} codes"
    return UserError(f"'{model}' has no language '{language}'; {which} are {said}; --codes {language}=CODE takes one")
