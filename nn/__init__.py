"""A neural network library written from scratch in NumPy, small enough to read in one sitting.

Read the modules in this order: layers, losses, optimizers, network, zoo, training; then gradcheck,
augment, inference, and the helpers dataset and serialization.  The sub-packages are ink (drawings
and their preprocessing), data (data sets), measure (evaluation), tune (hyperparameter search),
export (ONNX, JSON), plots and cli (the commands).
"""
