"""Networks as ONNX, which most runtimes read.

The model is made from the weights as served; the same network gives the same bytes.  Its outputs
are the probabilities of `Network.probabilities`, to float32 rounding.
"""

import json
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from nn.dataset import NOT_A_DIGIT
from nn.export import ExportError
from nn.layers import (
    Array,
    BatchNorm,
    Conv,
    Dense,
    Dropout,
    Flatten,
    Layer,
    MaxPool,
    Params,
    ReLU,
    Sigmoid,
    Standardize,
    Tanh,
)
from nn.losses import CrossEntropy, Loss
from nn.measure.rejection import AMBIGUITY_WEIGHT
from nn.network import INPUT_SHAPE, Network

# Fixed, so that a newer onnx package writes no file that an older runtime refuses.  The newest
# operator here is Relu of version 14; these are read by every onnxruntime since 1.12 (2022).
OPSET, IR_VERSION = 17, 8

INPUT, OUTPUT, BATCH = "images", "probabilities", "n"

HOW_TO_USE = (
    f"{INPUT} (n, 28, 28, 1) float32: ink 1 on paper 0, prepared as MNIST's digits are. "
    f"{OUTPUT} (n, classes): rows that sum to 1. Of eleven classes the last is no digit. "
    "Where the metadata has thresholds, a drawing's score is the probability of that class, plus "
    f"{AMBIGUITY_WEIGHT} times those of all digits but the likeliest. Above the threshold "
    '"doubtful" it may be no digit; above "refused" it is taken for none.'
)


@dataclass
class Graph:
    """An ONNX graph under construction, as plain data; a node is named after its result."""

    nodes: list[tuple[str, list[str], str, dict[str, Any]]] = field(default_factory=list)
    constants: dict[str, Array] = field(default_factory=dict)

    def constant(self, name: str, value: Array | float | list[int]) -> str:
        """Add a constant, a list as int64 and all else as float32; returns its name."""
        kind = np.int64 if isinstance(value, list) else np.float32
        self.constants[name] = np.array(value, kind, order="C")
        return name

    def add(self, operator: str, name: str, inputs: list[str], **attributes: Any) -> str:
        """Add an operator's node; returns the name of its result."""
        self.nodes.append((operator, inputs, name, attributes))
        return name


def to_onnx(network: Network) -> bytes:
    """The file of an ONNX model from images (n, 28, 28, 1) to probabilities (n, classes).

    Its metadata has the title, the names of the classes and the thresholds.  Raises ExportError for
    a network with layers that are not served, and when the onnx package is missing.
    """
    try:
        from onnx import TensorProto, helper, numpy_helper  # not installed where the app is served
    except ImportError:
        raise ExportError("ONNX files need `pip install -r requirements-dev.txt`") from None
    graph = graph_of(network)
    classes = class_count(network)
    onnx_graph = helper.make_graph(
        [
            helper.make_node(operator, inputs, [name], name, **attributes)
            for operator, inputs, name, attributes in graph.nodes
        ],
        "network",
        [helper.make_tensor_value_info(INPUT, TensorProto.FLOAT, [BATCH, *INPUT_SHAPE])],
        [helper.make_tensor_value_info(OUTPUT, TensorProto.FLOAT, [BATCH, classes])],
        [numpy_helper.from_array(value, name) for name, value in graph.constants.items()],
    )
    model = helper.make_model(
        onnx_graph,
        opset_imports=[helper.make_opsetid("", OPSET)],
        ir_version=IR_VERSION,
        producer_name="python -m nn export",
        doc_string=HOW_TO_USE,
    )
    helper.set_model_props(model, metadata(network, classes))
    return model.SerializeToString()


def graph_of(network: Network) -> Graph:
    """The graph from images to probabilities.

    ONNX defines Conv and MaxPool on channels-first images alone: images are transposed before the
    first of them and back before Flatten, so that the features keep the order of the weights.
    """
    graph, y, channels_first = Graph(), INPUT, False
    for i, (layer, params) in enumerate(zip(network.layers, network.params, strict=True)):
        if isinstance(layer, Conv | MaxPool) and not channels_first:
            y = graph.add("Transpose", f"{i}/channels-first", [y], perm=[0, 3, 1, 2])
            channels_first = True
        if isinstance(layer, Flatten) and channels_first:
            y = graph.add("Transpose", f"{i}/channels-last", [y], perm=[0, 2, 3, 1])
            channels_first = False
        y = add_layer(graph, f"{i}", layer, params, y)
    add_probabilities(graph, network.loss, y)
    return graph


def add_layer(graph: Graph, name: str, layer: Layer, params: Params, x: str) -> str:
    """Add a layer applied to x; returns the name of its output.  Params keep their names.

    Raises ExportError for a layer that is not served.
    """
    match layer:
        case Dense():
            W, b = (graph.constant(f"{name}/{key}", params[key]) for key in ("W", "b"))
            return graph.add("Gemm", f"{name}/y", [x, W, b])
        case Conv():
            W = graph.constant(f"{name}/W", params["W"].transpose(3, 2, 0, 1))  # filters c i j
            b = graph.constant(f"{name}/b", params["b"])
            margin = layer.size // 2 if layer.padding == "same" else 0
            sizes = {"kernel_shape": [layer.size] * 2, "pads": [margin] * 4}
            return graph.add("Conv", f"{name}/y", [x, W, b], **sizes)
        case MaxPool():
            sizes = {"kernel_shape": [layer.size] * 2, "strides": [layer.size] * 2}
            return graph.add("MaxPool", f"{name}/y", [x], **sizes)
        case Flatten():
            return graph.add("Flatten", f"{name}/y", [x], axis=1)
        case Standardize():
            mean = graph.constant(f"{name}/mean", layer.mean)
            std = graph.constant(f"{name}/std", layer.std)
            centred = graph.add("Sub", f"{name}/centred", [x, mean])
            return graph.add("Div", f"{name}/y", [centred, std])
        case ReLU():
            return graph.add("Relu", f"{name}/y", [x])
        case Sigmoid() | Tanh():
            return graph.add(type(layer).__name__, f"{name}/y", [x])
        case Dropout():
            return x  # it drops units in training alone
        case BatchNorm():
            raise ExportError(
                "a BatchNorm cannot be exported: fold it into the layer before with Network.folded"
            )
        case _:
            raise ExportError(f"{type(layer).__name__} has no ONNX form: add it to add_layer")


def add_probabilities(graph: Graph, loss: Loss, outputs: str) -> None:
    """Add the steps of the loss's `probabilities`."""
    if isinstance(loss, CrossEntropy):
        graph.add("Softmax", OUTPUT, [outputs], axis=1)
        return
    tiny = graph.constant("tiny", float(np.finfo(np.float32).tiny))
    positive = graph.add("Max", "positive", [outputs, tiny])
    total = graph.add("ReduceSum", "total", [positive, graph.constant("axes", [1])], keepdims=1)
    graph.add("Div", OUTPUT, [positive, total])


def class_count(network: Network) -> int:
    """The number of classes.  Raises ExportError when outputs are not (n, classes)."""
    _, *shape = network.outputs(np.zeros((1, *INPUT_SHAPE), np.float32)).shape
    if len(shape) != 1:
        raise ExportError(f"outputs have shape {tuple(shape)} instead of (classes,): add a Flatten")
    return int(shape[0])


def metadata(network: Network, classes: int) -> dict[str, str]:
    """Name, title, classes and thresholds, as far as known; all but texts as JSON."""
    recipe = network.about.get("recipe")
    known = {key: recipe.get(key) for key in ("name", "title")} if isinstance(recipe, dict) else {}
    known["classes"] = class_names(classes)
    known["thresholds"] = network.about.get("thresholds")
    return {
        key: value if isinstance(value, str) else json.dumps(value)
        for key, value in known.items()
        if value is not None
    }


def class_names(classes: int) -> list[str]:
    return ["not a digit" if i == NOT_A_DIGIT else str(i) for i in range(classes)]
