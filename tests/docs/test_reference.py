"""The book is made without a warning, and its reference has every public name and every word of the headers."""

import html
import importlib.util
import inspect
import re
import subprocess
from pathlib import Path
from types import ModuleType

import penstock
import pytest
from pages import CHECKOUT
from sphinx.util.inventory import InventoryFile

HEADERS = sorted((CHECKOUT / "capi" / "include" / "penstock").glob("*.h"))
HOW_HEADERS_ARE_WRITTEN = {"PS_API", "PS_ENUM_BASE"}


@pytest.fixture(scope="module")
def book() -> Path:
    """The book, made now."""
    made = subprocess.run([CHECKOUT / "scripts" / "docs"], capture_output=True, text=True, timeout=600, check=False)
    assert made.returncode == 0, made.stdout + made.stderr
    return CHECKOUT / "build" / "docs"


@pytest.fixture(scope="module")
def documented(book: Path) -> set[str]:
    """The names that the book has an entry for."""
    inventory = InventoryFile.loads((book / "objects.inv").read_bytes(), uri="")
    return {name for kind, names in inventory.data.items() if kind.startswith(("py:", "c:")) for name in names}


def words(text: str) -> str:
    """The words of a text, for comparison: no punctuation, no markup."""
    return " ".join(re.findall(r"\w+", text))


def without_comments(header: Path) -> str:
    """The declarations of a header."""
    return re.sub(r"/\*.*?\*/", "", header.read_text(), flags=re.DOTALL)


def test_every_public_name_of_the_python_package_has_an_entry(documented: set[str]) -> None:
    assert {f"penstock.{name}" for name in penstock.__all__} <= documented


def public_modules() -> list[ModuleType]:
    """The package, and the modules that it shows."""
    return [
        penstock,
        *(part for part in (getattr(penstock, name) for name in penstock.__all__) if inspect.ismodule(part)),
    ]


def test_every_public_name_of_its_modules_has_an_entry(documented: set[str]) -> None:
    names = {f"{module.__name__}.{name}" for module in public_modules()[1:] for name in module.__all__}
    assert "penstock.worlds.make" in names
    assert names <= documented


def test_every_public_member_of_the_classes_has_an_entry(documented: set[str]) -> None:
    classes = [
        (module.__name__, getattr(module, name))
        for module in public_modules()
        for name in module.__all__
        if inspect.isclass(getattr(module, name))
    ]
    ours = [
        (module, kind)
        for module, kind in classes
        if not issubclass(kind, BaseException) and not kind.__module__.startswith("penstock.loader.")  # listed there
    ]
    members = {
        f"{module}.{kind.__name__}.{name}"
        for module, kind in ours
        for base in kind.__mro__
        if base.__module__.startswith("penstock")
        for name in vars(base)
        if not name.startswith("_")
    }
    assert len(members) > 40
    assert members <= documented


@pytest.mark.parametrize("header", HEADERS, ids=lambda header: header.name)
def test_every_name_of_a_header_has_an_entry(header: Path, documented: set[str]) -> None:
    names = set(re.findall(r"\b(?:ps_|PS_)\w+", without_comments(header))) - HOW_HEADERS_ARE_WRITTEN
    last_parts = {name.rpartition(".")[2] for name in documented}
    assert names - {name for name in names if name.endswith("_H") and name.startswith("PENSTOCK_")} <= last_parts


@pytest.mark.parametrize(
    "header", [path for path in HEADERS if path.stem != "penstock"], ids=lambda header: header.name
)
def test_every_word_of_a_header_is_on_its_page(header: Path, book: Path) -> None:
    """Comments are compared by their words in order; one above #if is about the header itself."""
    page = (book / "reference" / "c" / f"{header.stem}.html").read_text()
    shown = words(html.unescape(re.sub(r"<[^>]*>", "", page)))
    for comment in re.findall(r"/\*(?:(?!\*/).)*\*/(?!\n#if)", header.read_text(), flags=re.DOTALL):
        assert words(comment).removeprefix(f"penstock {header.stem} h ").lower() in shown.lower()


@pytest.fixture
def c_reference() -> ModuleType:
    """The program that makes pages of headers."""
    spec = importlib.util.spec_from_file_location("c_reference", CHECKOUT / "docs" / "c_reference.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_a_declaration_that_is_not_understood_is_an_error(c_reference: ModuleType) -> None:
    with pytest.raises(ValueError, match="does not"):
        c_reference.page("/* penstock/new.h: new. */\nextern int ps_numbers[3];\n", "new")
