"""The formats a network can be exported to, by name."""

from collections.abc import Callable

from nn.export.json import to_json_file
from nn.export.onnx import to_onnx
from nn.network import Network

FORMATS: dict[str, Callable[[Network], bytes]] = {"onnx": to_onnx, "json": to_json_file}
