"""Networks as ONNX model files, without a package for ONNX: what a layer is called there, and how the file is laid out.

Files are of operator set 17; penstock.Model is what people write them by.
"""

from penstock.onnx_export.file import Node, Outline, write_onnx
from penstock.onnx_export.layers import export_layers

__all__ = ["Node", "Outline", "export_layers", "write_onnx"]
