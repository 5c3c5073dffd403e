"""Networks for other programs: as ONNX, which most runtimes read, and as plain JSON.

Both are made from the weights as served, and give the same bytes for the same network.  What comes
out of the ONNX model are probabilities as `Network.probabilities` gives them, to float32 rounding.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from nn.dataset import NOT_A_DIGIT
from nn.layers import (
    LAYERS,
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
from nn.losses import LOSSES, CrossEntropy, Loss
from nn.measure.rejection import AMBIGUITY_WEIGHT
from nn.network import FORMAT, INPUT_SHAPE, Network, check_shapes
from nn.serialization import WeightsError, from_record, to_record

# Fixed, so that a newer onnx package writes no file that an older runtime refuses.  The newest
# operator here is Relu of version 14; these are read by every onnxruntime since 1.12 (2022).
OPSET, IR_VERSION = 17, 8

INPUT, OUTPUT, BATCH = "images", "probabilities", "n"

HOW_TO_USE = (
    f"{INPUT} (n, 28, 28, 1) float32: ink 1 on paper 0, prepared as MNIST's digits are. "
    f"{OUTPUT} (n, classes): rows that sum to 1. Of eleven classes the last is no digit. "
    "Where the metadata has a threshold, a drawing is taken for no digit when the probability of "
    f"that class, plus {AMBIGUITY_WEIGHT} times those of all digits but the likeliest, is above it."
)


class ExportError(ValueError):
    """A network that cannot be written in the format asked for; the message says what to do."""


# ------------------------------------------------------------------------------------------ ONNX


@dataclass
class Graph:
    """An ONNX graph while it grows, as plain data; each node is named after what it computes."""

    nodes: list[tuple[str, list[str], str, dict[str, Any]]] = field(default_factory=list)
    constants: dict[str, Array] = field(default_factory=dict)

    def constant(self, name: str, value: Array | float | list[int]) -> str:
        """The name of a constant; numbers become float32, as all of a served network is."""
        kind = np.int64 if isinstance(value, list) else np.float32
        self.constants[name] = np.array(value, kind, order="C")
        return name

    def add(self, operator: str, name: str, inputs: list[str], **attributes: Any) -> str:
        """The name of the operator's result."""
        self.nodes.append((operator, inputs, name, attributes))
        return name


def to_onnx(network: Network) -> bytes:
    """An ONNX model from images (n, 28, 28, 1) to probabilities (n, classes), as its file's bytes.

    Title, names of the classes and threshold are in its metadata.  Raises ExportError (a
    ValueError) for a network that is not as it is served, or when the onnx package is missing.
    """
    try:
        from onnx import TensorProto, helper, numpy_helper  # here, for serving has no need of it
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
    """From images to probabilities.

    ONNX has convolutions of channels-first images only: images are turned once before the first of
    them, and back before they are flattened, so that the features keep the order of the weights.
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
    """The name of what the layer makes of x; its params keep their names in the weights file.

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
            return x  # it drops in training only
        case BatchNorm():
            raise ExportError(
                "a BatchNorm cannot be exported: Network.folded melts it into the layer before it"
            )
        case _:
            raise ExportError(f"{type(layer).__name__} has no ONNX form here: add it to add_layer")


def add_probabilities(graph: Graph, loss: Loss, outputs: str) -> None:
    """The same steps as the loss's `probabilities`."""
    if isinstance(loss, CrossEntropy):
        graph.add("Softmax", OUTPUT, [outputs], axis=1)
        return
    tiny = graph.constant("tiny", float(np.finfo(np.float32).tiny))
    positive = graph.add("Max", "positive", [outputs, tiny])
    total = graph.add("ReduceSum", "total", [positive, graph.constant("axes", [1])], keepdims=1)
    graph.add("Div", OUTPUT, [positive, total])


def class_count(network: Network) -> int:
    """How many classes it tells apart.  Raises ExportError when outputs are not (n, classes)."""
    _, *shape = network.outputs(np.zeros((1, *INPUT_SHAPE), np.float32)).shape
    if len(shape) != 1:
        raise ExportError(f"an output is no row of classes but of shape {shape}: put a Flatten in")
    return int(shape[0])


def metadata(network: Network, classes: int) -> dict[str, str]:
    """Name, title, classes and threshold, what there is of them; numbers and lists as JSON."""
    recipe = network.about.get("recipe")
    known = {key: recipe.get(key) for key in ("name", "title")} if isinstance(recipe, dict) else {}
    known["classes"] = class_names(classes)
    known["threshold"] = network.about.get("threshold")
    return {
        key: value if isinstance(value, str) else json.dumps(value)
        for key, value in known.items()
        if value is not None
    }


def class_names(classes: int) -> list[str]:
    return ["not a digit" if i == NOT_A_DIGIT else str(i) for i in range(classes)]


# ------------------------------------------------------------------------------------------ JSON


def to_json(network: Network) -> dict[str, Any]:
    """The whole network as what `json.dumps` takes: layers, loss, arrays and about.

    `params` has an object for each layer, of arrays as {"shape", "dtype", "data": nested lists}.
    Every float32 is a JSON number that reads back as itself, so that this is the same network:

        from_json(json.loads(json.dumps(to_json(network))))
    """
    return {
        "format": FORMAT,
        "layers": to_record(network.layers),
        "loss": to_record(network.loss),
        "params": [
            {key: array_to_json(array) for key, array in params.items()}
            for params in network.params
        ],
        "about": network.about,
    }


def from_json(record: Mapping[str, Any]) -> Network:
    """The network that `to_json` described.  Raises WeightsError when that is not what it is."""
    try:
        if record["format"] != FORMAT:
            raise ValueError("it is of another format")
        layers = from_record(record["layers"], LAYERS)
        loss = from_record(record["loss"], LOSSES)
        params = [
            {key: array_from_json(array) for key, array in arrays.items()}
            for arrays in record["params"]
        ]
        if not isinstance(loss, Loss):
            raise ValueError("its loss is none")
        if not isinstance(record["about"], dict):
            raise ValueError("about is no object")
        network = Network(layers, params, loss, record["about"])
        check_shapes(network)
    except (KeyError, ValueError, TypeError, AttributeError, ArithmeticError) as error:
        raise WeightsError(f"that JSON is not a network of this library: {error}") from None
    return network


def array_to_json(array: Array) -> dict[str, Any]:
    return {"shape": list(array.shape), "dtype": str(array.dtype), "data": array.tolist()}


def array_from_json(record: Mapping[str, Any]) -> Array:
    """Raises KeyError, TypeError or ValueError when it is no array of float32."""
    if record["dtype"] != "float32":
        raise ValueError(f"an array is of {record['dtype']}, not float32")
    array = np.array(record["data"], np.float32)
    if list(array.shape) != record["shape"]:
        raise ValueError(f"an array has shape {list(array.shape)}, not {record['shape']}")
    return array


def to_json_file(network: Network) -> bytes:
    """The JSON as its file's bytes.  Raises ExportError for numbers that JSON has no words for."""
    try:
        return json.dumps(to_json(network), allow_nan=False).encode()
    except ValueError:
        raise ExportError(
            "a weight or figure is infinite or not a number, and JSON has no words for these"
        ) from None


FORMATS: dict[str, Callable[[Network], bytes]] = {"onnx": to_onnx, "json": to_json_file}
