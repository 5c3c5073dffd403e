"""A neural network library written from scratch in NumPy, small enough to read in one sitting.

Read it in this order: layers, losses, optimizers, network, zoo, training.  Then data and augment
(what it learns from), preprocess and strokes (how a drawing becomes what it was trained on).
"""
