"""Writes the C source of penstock._cffi: every declaration of the public headers, taken from the headers themselves."""

import re
import sys
from pathlib import Path

import cffi

CALLBACKS = """
extern "Python" int32_t penstock_on_progress(void *user, uint64_t done, uint64_t total);
extern "Python" ps_status penstock_on_backward(ps_tensor **input_gradients, ps_tensor *const *output_gradients,
                                               void *user);
extern "Python" void penstock_on_released(void *user);
extern "Python" ps_status penstock_on_layer_shape(int64_t *output_shape, int32_t *output_ndim,
                                                  const int64_t *input_shape, int32_t input_ndim,
                                                  ps_dtype input_dtype, void *user);
extern "Python" ps_status penstock_on_layer_forward(ps_tensor *output, const ps_tensor *input,
                                                    ps_tensor *const *parameters, int32_t is_training, uint64_t seed,
                                                    void *user);
extern "Python" ps_status penstock_on_layer_backward(ps_tensor *input_gradient, ps_tensor *const *parameter_gradients,
                                                     const ps_tensor *output_gradient, const ps_tensor *input,
                                                     const ps_tensor *output, ps_tensor *const *parameters,
                                                     uint64_t seed, void *user);
extern "Python" ps_status penstock_on_layer_wanted(ps_layer **out, const char *type, const char *config,
                                                   ps_dtype dtype, void *user);
"""


def headers_in_order(include: Path, first: str = "penstock/penstock.h") -> list[Path]:
    """A header after all that it includes, each once."""
    order: list[Path] = []
    for name in re.findall(r"#include <(penstock/\w+\.h)>", (include / first).read_text()):
        order += [path for path in headers_in_order(include, name) if path not in order]
    return [*order, include / first]


def declarations(header: str) -> str:
    """The part of a header that cffi understands: no comments, no directives but plain integer constants."""
    text = re.sub(r"/\*.*?\*/", "", header, flags=re.DOTALL)
    text = re.sub(r"\\\n", " ", text)
    text = re.sub(r'#ifdef __cplusplus\n(extern "C" \{|\})\n#endif', "", text)
    constants = re.findall(r"^#define (PS_\w+) (?:-?\d+u?|INT64_MIN)$", text, flags=re.MULTILINE)
    text = re.sub(r"^\s*#.*$", "", text, flags=re.MULTILINE)
    text = text.replace("PS_API ", "").replace("PS_ENUM_BASE ", "").replace("PS_DLPACK_STRUCTS", "")
    return text + "".join(f"#define {name} ...\n" for name in constants)


def main(include: Path, out: Path) -> None:
    """Reads the headers in a folder, and writes the module's source."""
    builder = cffi.FFI()
    for header in headers_in_order(include):
        builder.cdef(declarations(header.read_text()))
    builder.cdef(CALLBACKS)
    builder.set_source("penstock._cffi", "#include <penstock/penstock.h>")
    out.parent.mkdir(parents=True, exist_ok=True)
    builder.emit_c_code(str(out))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
