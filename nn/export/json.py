"""Networks as JSON, which any language reads: made from the weights as served, and read back."""

import json
from collections.abc import Mapping
from typing import Any

import numpy as np

from nn.export import ExportError
from nn.layers import LAYERS, Array
from nn.losses import LOSSES, Loss
from nn.network import FORMAT, Network, check_shapes
from nn.serialization import WeightsError, from_record, to_record


def to_json(network: Network) -> dict[str, Any]:
    """The network as a record for `json.dumps`: layers, loss, params and about.

    `params` has an object for each layer, its arrays as {"shape", "dtype", "data": nested lists}.
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
    """The network of a record that `to_json` made.  Raises WeightsError for any other record."""
    try:
        if record["format"] != FORMAT:
            raise ValueError(f"its format is not {FORMAT}")
        layers = from_record(record["layers"], LAYERS)
        loss = from_record(record["loss"], LOSSES)
        params = [
            {key: array_from_json(array) for key, array in arrays.items()}
            for arrays in record["params"]
        ]
        if not isinstance(loss, Loss):
            raise ValueError("its loss is not a loss")
        if not isinstance(record["about"], dict):
            raise ValueError("its about is not an object")
        network = Network(layers, params, loss, record["about"])
        check_shapes(network)
    except (KeyError, ValueError, TypeError, AttributeError, ArithmeticError) as error:
        raise WeightsError(
            f"the JSON is not a network of this library ({error}): make it with to_json"
        ) from None
    return network


def array_to_json(array: Array) -> dict[str, Any]:
    return {"shape": list(array.shape), "dtype": str(array.dtype), "data": array.tolist()}


def array_from_json(record: Mapping[str, Any]) -> Array:
    """Raises KeyError, TypeError or ValueError for a record that is no float32 array."""
    if record["dtype"] != "float32":
        raise ValueError(f"an array has dtype {record['dtype']}, not float32")
    array = np.array(record["data"], np.float32)
    if list(array.shape) != record["shape"]:
        raise ValueError(f"an array has shape {list(array.shape)}, not {record['shape']}")
    return array


def to_json_file(network: Network) -> bytes:
    """The file of `to_json`.  Raises ExportError for infinite numbers and NaN, which JSON lacks."""
    try:
        return json.dumps(to_json(network), allow_nan=False).encode()
    except ValueError:
        raise ExportError(
            "a weight or figure is infinite or NaN, which JSON cannot hold: train the network again"
        ) from None
