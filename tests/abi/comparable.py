"""Makes a new ABI description comparable with the record: what options structs may have grown by is taken out.

    comparable.py RECORD NEW OUT

A struct that begins with struct_size may grow at its end: the library takes the shorter one of an older header.  So
OUT is NEW with each such struct cut back to the fields that RECORD has, where the first field beyond them starts at or
after the recorded size.  abidiff then shows every other change, in those structs too; a suppression file could say
nearly this, but forgives whatever else changed in a struct that grew.

What abidiff forgives by itself is refused here: recorded fields under other names, or in another order.
"""

import sys
from xml.etree import ElementTree

Element = ElementTree.Element


def structs(description: Element) -> dict[str, Element]:
    found = (struct for struct in description.iter("class-decl") if struct.find("data-member") is not None)
    return {struct.get("name", ""): struct for struct in found}


def field_names(struct: Element) -> list[str]:
    return [field.get("name", "") for field in struct.findall("data-member/var-decl")]


def require_recorded_fields(name: str, struct: Element, recorded: Element) -> None:
    was, now = field_names(recorded), field_names(struct)
    if now[: len(was)] != was:
        sys.exit(f"struct {name} begins with the fields {', '.join(was)} in the record; now it has {', '.join(now)}")


def cut_to_recorded_fields(struct: Element, recorded: Element) -> None:
    appended = struct.findall("data-member")[len(field_names(recorded)) :]
    recorded_size = int(recorded.get("size-in-bits", 0))
    if not appended or int(appended[0].get("layout-offset-in-bits", 0)) < recorded_size:
        return
    for field in appended:
        struct.remove(field)
    struct.set("size-in-bits", str(recorded_size))


def main(record: str, new: str, out: str) -> None:
    recorded_structs = structs(ElementTree.parse(record).getroot())
    description = ElementTree.parse(new)
    for name, struct in structs(description.getroot()).items():
        if (recorded := recorded_structs.get(name)) is None:
            continue
        require_recorded_fields(name, struct, recorded)
        if field_names(struct)[0] == "struct_size":
            cut_to_recorded_fields(struct, recorded)
    description.write(out)


if __name__ == "__main__":
    main(*sys.argv[1:])
