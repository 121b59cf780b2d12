"""Makes the C reference from the public headers, so that there is one text: each page of reference/c is its header's.

A page reference/c/NAME.rst is read as the content of capi/include/penstock/NAME.h: the comments become text, and every
declaration an entry that others can link to.  A declaration that is not understood is an error, never left out.
"""

import re
from collections.abc import Callable, Iterator
from pathlib import Path

from sphinx.application import Sphinx

HEADERS = Path(__file__).resolve().parents[1] / "capi" / "include" / "penstock"
PAGES = "reference/c/"

BLOCK = re.compile(
    r"""(?P<rule>/\*\ -+\ \*/\n/\*\ (?P<title>.*?)\ *\*/\n)
      | (?P<comment>/\*.*?\*/)\n
      | (?P<define>\#define\ (?:[^\n]*\\\n)*[^\n]*\n)
      | (?P<directive>\#[^\n]*\n)
      | (?P<linkage>extern\ "C"\ \{\n|\}\n)
      | (?P<definition>typedef\ (?:enum|struct)\ \w+\ (?:PS_ENUM_BASE\ )?\{.*?\}\ \w+;\n)
      | (?P<declaration>[^\n#/][^;{]*;\n)
      | (?P<nothing>\n)""",
    re.DOTALL | re.VERBOSE,
)
FIELDS = {"uint32_t struct_size": ["the size of this struct in bytes, as the caller's header has it"]}
INTERNAL = {"PS_API", "PS_ENUM_BASE"}  # how headers are written, nothing that a program uses


def page(header: str, name: str) -> str:
    """A header as reStructuredText."""
    lines: list[str] = []
    comment = ""
    first = True
    for block in blocks(header):
        if block["comment"] and first:
            lines += [*title(f"penstock/{name}.h", "="), *head(block["comment"]), ""]
            first = False
        elif block["title"]:
            lines += title(block["title"], "-")
        elif block["comment"]:
            comment = block["comment"]
            continue
        else:
            lines += entry(block, comment)
        comment = "" if not block["nothing"] else comment
    return "\n".join(lines) + "\n"


def blocks(header: str) -> Iterator[re.Match[str]]:
    """A header cut into comments and declarations, none left out."""
    position = 0
    while position < len(header):
        block = BLOCK.match(header, position)
        if block is None:
            raise ValueError(f"docs/c_reference.py does not understand {header[position : position + 80]!r}")
        yield block
        position = block.end()


def entry(block: re.Match[str], comment: str) -> list[str]:
    """What one block of a header adds to its page."""
    if block["define"]:
        name = re.match(r"#define (\w+)", block["define"])
        assert name is not None
        return [] if name[1] in INTERNAL or name[1].endswith("_H") else macro(block["define"], comment)
    if block["definition"]:
        return enumeration(block["definition"], comment) or structure(block["definition"], comment)
    if block["declaration"]:
        return declaration(one_line(block["declaration"]), comment)
    return []


# ---- Entries ----


def directive(name: str, signature: str, content: list[str]) -> list[str]:
    """One entry of Sphinx's C domain."""
    return [f".. c:{name}:: {signature}", "", *("   " + line if line else "" for line in content), ""]


def declaration(text: str, comment: str) -> list[str]:
    """A function, an opaque struct, or the type of a callback."""
    content = prose(comment)
    if text.startswith("PS_API "):
        return directive("function", text.removeprefix("PS_API ").removesuffix(";"), content)
    if opaque := re.fullmatch(r"typedef struct (\w+) \1;|struct (\w+);", text):
        content = content or (["A struct of DLPack's own header."] if opaque[2] else ["An opaque handle."])
        return directive("struct", opaque[1] or opaque[2], content)
    if text.startswith("typedef ") and "(*" in text:
        return directive("type", text.removeprefix("typedef ").removesuffix(";"), content)
    raise ValueError(f"docs/c_reference.py does not know what {text!r} declares")


def macro(text: str, comment: str) -> list[str]:
    """A constant, or the initialiser of a struct, which stands beside its init function."""
    name, value = text.removeprefix("#define ").replace("\\\n", " ").strip().split(None, 1)
    content = prose(comment) or [f"The defaults, as ``{one_line(value)}``."]
    if not value.startswith("{"):
        content = [f"``{value.split('/*')[0].strip()}``", "", *content] if comment else [f"``{value.strip()}``"]
    return directive("macro", name, content)


def enumeration(text: str, comment: str) -> list[str]:
    """An enum with its values; nothing where text defines a struct."""
    found = re.match(r"typedef enum (\w+) PS_ENUM_BASE \{(.*)\}", text, re.DOTALL)
    if found is None:
        return []
    content = prose(comment)
    for name, value, said in re.findall(r"(\w+) = (-?\d+),?[ ]*(/\*.*?\*/)?", found[2], re.DOTALL):
        content += ["", *directive("enumerator", f"{name} = {value}", prose(said))]
    return directive("enum", found[1], content)


def structure(text: str, comment: str) -> list[str]:
    """A struct with its fields."""
    found = re.match(r"typedef struct (\w+) \{(.*)\}", text, re.DOTALL)
    assert found is not None
    content = prose(comment)
    for field, said in re.findall(r"^\s*(\w[^;/]*);[ ]*(/\*.*?\*/)?", found[2], re.DOTALL | re.MULTILINE):
        words = one_line(field)
        content += ["", *directive("member", words, prose(said) or FIELDS.get(words, []))]
    return directive("struct", found[1], content)


# ---- Comments as text ----


def title(text: str, underline: str) -> list[str]:
    """A heading."""
    return [inline(text), underline * (2 * len(text)), ""]


def head(comment: str) -> list[str]:
    """The comment at the head of a header, without the file's name, which is the page's title."""
    return prose(re.sub(r"^/\* penstock/\w+\.h: (\w)", lambda match: "/* " + match[1].upper(), comment))


def prose(comment: str) -> list[str]:
    """A comment's paragraphs."""
    text = re.sub(r"^/\* ?|[ ]*\*/$", "", comment)
    text = re.sub(r"^ *\* ?", "", text, flags=re.MULTILINE) if "\n *" in text else undent(text)
    lines: list[str] = []
    for paragraph in re.split(r"\n[ ]*\n", text.strip("\n")):
        if paragraph.strip():
            lines += [*paragraph_lines(paragraph), ""]
    return lines[:-1]


def undent(text: str) -> str:
    """A comment beside a field, whose lines are indented as far as it stands."""
    return re.sub(r"\n +", "\n", text)


def paragraph_lines(paragraph: str) -> list[str]:
    """One paragraph: statuses, parameters, something to be read as it stands, or sentences with lists among them."""
    for starts, make in KINDS:
        if re.match(starts, paragraph):
            return make(paragraph)
    lines: list[str] = []
    for item, sentences in re.findall(r"^(- .*(?:\n  .*)*)\n?|^((?:(?!- ).*(?:\n|$))+)", paragraph, re.MULTILINE):
        if item and not (lines and lines[-1].startswith("- ")):
            lines.append("")
        lines += ["- " + inline(one_line(item[2:]))] if item else ["", inline(one_line(sentences))]
    return lines[1:]


def statuses(paragraph: str) -> list[str]:
    """PS_SOME_STATUS and why, several on a line."""
    parts = re.split(rf"(?:^|\n|  )({STATUSES})  +", paragraph)[1:]
    lines: list[str] = []
    for names, reason in zip(parts[::2], parts[1::2], strict=True):
        lines.append(f"- {inline(names)}: {inline(one_line(reason))}")
    return lines


def parameters(paragraph: str) -> list[str]:
    """Names of parameters, and what holds for each."""
    lines: list[str] = []
    for names, words in re.findall(r"^(\w+(?:, \w+)*)  +(.*(?:\n[ ].*)*)", paragraph, re.MULTILINE):
        shown = ", ".join(f"``{name}``" for name in names.split(", "))
        lines.append(f"- {shown}: {inline(one_line(words))}")
    return lines


def one_line(text: str) -> str:
    """A text with its line breaks and runs of spaces made single spaces."""
    return " ".join(text.split())


def as_it_stands(paragraph: str) -> list[str]:
    """What is indented: output, or code."""
    return ["::", "", *("   " + line for line in paragraph.split("\n"))]


STATUSES = r"PS_[A-Z_]+(?:, PS_[A-Z_]+)*"
KINDS: list[tuple[str, Callable[[str], list[str]]]] = [
    (rf"{STATUSES}  ", statuses),
    (r"[a-z]\w*(?:, \w+)*  +\S", parameters),
    (r"  ", as_it_stands),
]


def inline(text: str) -> str:
    """A sentence with what reStructuredText would read as markup taken as it stands, and public names linked."""

    def escaped(word: re.Match[str]) -> str:
        if role := roles().get(word[1] or ""):
            return rf":c:{role}:`{word[1]}`\ "
        return re.sub(r"([\\*`|_<>])", r"\\\1", word[0])

    return re.sub(r"\b(PS_[A-Z0-9_]+|ps_\w+)\b(?:\(\))?|[^\w\s]|\w+", escaped, text).replace("\\  ", " ")


def roles() -> dict[str, str]:
    """Every public name, and the role that links to it."""
    if not ROLES:
        for path in HEADERS.glob("*.h"):
            text = re.sub(r"/\*.*?\*/", "", path.read_text(), flags=re.DOTALL)
            ROLES.update(dict.fromkeys(re.findall(r"\b(ps_\w+)\(", text), "func"))
            ROLES.update(dict.fromkeys(re.findall(r"\b(PS_\w+) = ", text), "enumerator"))
            ROLES.update(dict.fromkeys(re.findall(r"#define (PS_\w+)", text), "macro"))
            ROLES.update(dict.fromkeys(re.findall(r"typedef enum (\w+)", text), "enum"))
            ROLES.update(dict.fromkeys(re.findall(r"typedef struct (\w+)", text), "struct"))
            ROLES.update(dict.fromkeys(re.findall(r"\(\*(\w+)\)", text), "type"))
        for name in [*INTERNAL, *(name for name in ROLES if name.endswith("_H"))]:
            ROLES.pop(name, None)
    return ROLES


ROLES: dict[str, str] = {}


def read_header(app: Sphinx, document: str, source: list[str]) -> None:
    """Gives a page of the C reference its content."""
    if document.startswith(PAGES) and app.env.doc2path(document).suffix == ".rst":
        name = document.removeprefix(PAGES)
        header = HEADERS / f"{name}.h"
        app.env.note_dependency(str(header))
        source[0] = page(header.read_text(), name)


def setup(app: Sphinx) -> dict[str, bool]:
    """What Sphinx calls."""
    app.connect("source-read", read_header)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
