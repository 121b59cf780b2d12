"""What the ABI check makes of a change: red for what breaks programs in use, green for what only adds.

Each test alters a copy of the sources as a developer would and runs scripts/abi on it, beside the committed record.
"""

import shutil
import subprocess
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).resolve().parents[2]


class SourceCopy:
    """A copy of the sources that the check compiles, to be altered."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        for part in ("capi", "core"):
            shutil.copytree(CHECKOUT / part, folder / part, ignore=shutil.ignore_patterns("*.o"))

    def replace(self, files: str, old: str, new: str) -> None:
        """Replaces a text that stands exactly once in all the files that match a pattern."""
        holders = [path for path in self.folder.glob(files) if old in path.read_text()]
        assert len(holders) == 1, f"{old!r} stands in {holders} of {files}"
        text = holders[0].read_text()
        assert text.count(old) == 1, f"{old!r} stands {text.count(old)} times in {holders[0]}"
        holders[0].write_text(text.replace(old, new))

    def rename(self, old: str, new: str) -> None:
        """Renames something wherever it stands in capi."""
        for path in (self.folder / "capi").glob("**/*.*"):
            path.write_text(path.read_text().replace(old, new))

    def add_field(self, struct: str, before: str, declaration: str) -> None:
        """Puts a field into a struct of the headers, before the text given."""
        for header in (self.folder / "capi/include/penstock").glob("*.h"):
            head, start, rest = header.read_text().partition(f"typedef struct {struct} {{")
            if not start:
                continue
            body, end, tail = rest.partition(f"}} {struct};")
            fields = (body + end).replace(before, declaration + before)
            assert fields.count(declaration) == 1, f"{before!r} does not stand once in {struct}"
            header.write_text(head + start + fields + tail)
            return
        raise AssertionError(f"no header has a struct {struct}")

    def append_option(self) -> None:
        """Lets ps_wrap_options grow by a field at its end, as its library side asks."""
        self.add_field("ps_wrap_options", "} ps_wrap_options;", "  uint64_t appended;\n")
        last = "PS_FIELD_END(ps_wrap_options, read_only)"
        self.replace("capi/src/*", last, f"{last}, PS_FIELD_END(ps_wrap_options, appended)")


@pytest.fixture
def source(tmp_path: Path) -> SourceCopy:
    return SourceCopy(tmp_path / "source")


def check(source: SourceCopy) -> subprocess.CompletedProcess[str]:
    command = [str(CHECKOUT / "scripts/abi"), "--check", "--source", str(source.folder)]
    return subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)


def assert_green(source: SourceCopy) -> None:
    outcome = check(source)
    assert outcome.returncode == 0, outcome.stdout


def assert_red(source: SourceCopy, *reasons: str) -> None:
    """The check fails, and libabigail's report has each of the reasons: a copy that does not compile is no proof."""
    outcome = check(source)
    assert outcome.returncode != 0, outcome.stdout
    for reason in (*reasons, "changed by more than additions"):
        assert reason in outcome.stdout, outcome.stdout


def test_an_unaltered_copy_is_green(source: SourceCopy) -> None:
    assert_green(source)


def test_a_function_added_is_green(source: SourceCopy) -> None:
    declaration = "PS_API uint32_t ps_abi_version(void)"
    source.replace("capi/include/penstock/base.h", f"{declaration};", f"{declaration};\nPS_API int32_t ps_added(void);")
    definition = "uint32_t ps_abi_version(void) {"
    source.replace("capi/src/base.cc", definition, f"int32_t ps_added(void) {{ return 1; }}\n\n{definition}")
    assert_green(source)


def test_a_field_appended_to_an_options_struct_is_green(source: SourceCopy) -> None:
    source.append_option()
    assert_green(source)


def test_an_enumerator_appended_is_green(source: SourceCopy) -> None:
    source.replace("capi/include/penstock/base.h", "PS_INTERNAL = 13", "PS_INTERNAL = 13, PS_ADDED = 14")
    assert_green(source)


def test_a_function_removed_is_red(source: SourceCopy) -> None:
    source.replace("capi/include/penstock/base.h", "PS_API const char *ps_version(void);", "")
    source.replace("capi/src/base.cc", "const char *ps_version(void) {", "[[maybe_unused]] static const char *gone() {")
    assert_red(source, "1 Removed", "ps_version")


def test_a_function_with_another_parameter_type_is_red(source: SourceCopy) -> None:
    for files in ("capi/include/penstock/base.h", "capi/src/base.cc"):
        old = "ps_set_device(ps_device_type device_type, int32_t device_id)"
        source.replace(files, old, old.replace("int32_t", "int64_t"))
    assert_red(source, "ps_set_device", "parameter 2")


def test_a_field_put_into_the_middle_of_an_options_struct_is_red(source: SourceCopy) -> None:
    source.add_field("ps_wrap_options", "  int32_t read_only;", "  int32_t inserted;\n")
    assert_red(source, "ps_wrap_options", "inserted")


def test_two_fields_of_one_type_exchanged_is_red(source: SourceCopy) -> None:
    header = "capi/include/penstock/tensor.h"
    source.replace(header, "  int32_t precision; ", "  int32_t exchanged; ")
    source.replace(header, "  int32_t edge_items; ", "  int32_t precision; ")
    source.replace(header, "  int32_t exchanged; ", "  int32_t edge_items; ")
    assert_red(source, "ps_format_options")


def test_a_field_in_the_middle_beside_one_at_the_end_is_red(source: SourceCopy) -> None:
    source.append_option()
    source.add_field("ps_wrap_options", "  int32_t read_only;", "  int32_t inserted;\n  int32_t inserted_too;\n")
    assert_red(source, "ps_wrap_options", "inserted")


def test_a_field_that_changes_its_type_beside_one_at_the_end_is_red(source: SourceCopy) -> None:
    source.append_option()
    source.replace("capi/include/penstock/tensor.h", "  int32_t read_only;", "  float read_only;")
    assert_red(source, "ps_wrap_options", "read_only")


def test_an_enum_value_moved_is_red(source: SourceCopy) -> None:
    for files, first, second in (
        ("capi/include/penstock/base.h", "PS_CANCELLED = {},", "PS_TIMED_OUT = {},"),
        ("core/base/error.h", "cancelled = {},", "timed_out = {},"),
    ):
        source.replace(files, first.format(10), first.format(11))
        source.replace(files, second.format(11), second.format(10))
    assert_red(source, "PS_CANCELLED", "from value '10' to '11'")


def test_an_enumerator_removed_is_red(source: SourceCopy) -> None:
    source.rename("PS_EQUAL_VALUE", "PS_EQUAL_ANYHOW")
    assert_red(source, "PS_EQUAL_VALUE")
