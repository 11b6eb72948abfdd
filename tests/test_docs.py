"""The documentation: its code runs as it stands, its links lead somewhere, its lists are whole."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from hybrid_plugin.cli.main import application
from hybrid_plugin.errors import UserError
from hybrid_plugin.settings import keys
from hybrid_plugin.training import TrainingSettings, read_sweep
from tests.conftest import ROOT
from tests.pages import GIVEN, PAGES, blocks

BLOCKS = [block for page in PAGES for block in blocks(page)]


def title(page: Path) -> str:
    return page.name


def text_of(page: Path) -> str:
    """A page without its blocks of code."""
    return re.sub(r"^```.*?^```$", "", page.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)


def test_no_block_is_overlooked() -> None:
    for page in PAGES:
        assert page.read_text(encoding="utf-8").count("\n```") == 2 * sum(
            block.page == page.name for block in BLOCKS
        ), page


def test_a_block_of_code_is_run_or_says_why_not() -> None:
    for block in BLOCKS:
        assert block.language in {"bash", "python", "json", "text", "toml", "yaml"}, f"{block.page} line {block.line}"


@pytest.fixture(scope="module")
def ran(lareqa: Path, irds_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder in which all pages were run."""
    folder, home = tmp_path_factory.mktemp("pages"), tmp_path_factory.mktemp("pages-home")
    for name in ("xquad-r", "mlqa-r"):
        (home / name).symlink_to(irds_home / name)
    surroundings = {"IR_DATASETS_HOME": home, "HYBRID_IR_CACHE": home / "cache", "HF_HUB_CACHE": folder / "hub"}
    environment = {**os.environ, **{name: str(path) for name, path in surroundings.items()}}
    subprocess.run([sys.executable, "-m", "tests.pages", folder], check=True, cwd=ROOT, env=environment)
    return folder


@pytest.mark.xdist_group("pages")
@pytest.mark.parametrize("name", [*GIVEN, *map(title, PAGES)])
def test_the_code_of_a_page_runs(name: str, ran: Path) -> None:
    failed = (ran / "failed").read_text().split()
    assert name not in failed, (ran / f"{name}.log").read_text(encoding="utf-8")[-5000:]


def anchors(page: Path) -> Iterator[str]:
    """Where a link into a page can lead, as GitHub and others make it from the headings."""
    for heading in re.findall(r"^#+ (.+)$", text_of(page), re.MULTILINE):
        plain = re.sub(r"\[([^]]*)\]\([^)]*\)", r"\1", heading).replace("`", "")
        yield re.sub(r"[^\w\- ]", "", plain.lower()).replace(" ", "-")


@pytest.mark.parametrize("page", [*PAGES, ROOT / "CHANGELOG.md"], ids=title)
def test_a_link_leads_somewhere(page: Path) -> None:
    for link in re.findall(r"\]\(([^)\s]+)\)", text_of(page)):
        if link.startswith("https://"):
            continue
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        assert target.exists(), link
        if anchor:
            assert anchor in set(anchors(target)), link


@pytest.mark.parametrize("page", ["api.md", "commands.md"])
def test_a_page_that_follows_from_the_code_follows_it(page: str) -> None:
    program = f"import sys; sys.path.insert(0, 'docs'); import generate; sys.stdout.write(generate.PAGES['{page}']())"
    made = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=ROOT).stdout
    assert made == (ROOT / "docs" / page).read_text(encoding="utf-8"), "run: make docs"


def test_the_list_of_commands_is_whole() -> None:
    listed = (ROOT / "README.md").read_text(encoding="utf-8")
    listed = listed[listed.index("## Commands") :].split("```")[1]
    for name in application():
        if name.startswith("-"):
            continue
        line = re.search(rf"^hybrid-ir (?:[\w |]* )?{name}\b.*$", listed, re.MULTILINE)
        assert line, name
        for part in application()[name]:
            assert part.startswith("-") or re.search(rf"\b{part}\b", line[0]), f"{name} {part}"


def test_every_key_of_a_sweep_is_told(tmp_path: Path) -> None:
    (tmp_path / "grid.yaml").write_text("grids: [{nonsense: 1}]")
    with pytest.raises(UserError, match="known: ") as refusal:
        read_sweep(tmp_path / "grid.yaml")
    known = set(str(refusal.value).partition("known: ")[2].split(", "))
    page = (ROOT / "docs" / "training.md").read_text(encoding="utf-8")
    told = page[page.index("## Sweeps") :].partition("\n## ")[0]
    assert "TrainingSettings" in told
    for key in known - keys(TrainingSettings).keys():
        assert f"`{key}`" in told, key
