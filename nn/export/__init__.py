"""Networks written for other programs: as ONNX and as JSON."""


class ExportError(ValueError):
    """The network cannot be written in this format; the message says what to do."""
