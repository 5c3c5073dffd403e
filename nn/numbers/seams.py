"""The network that judges where digits that touch may be cut apart; it reads no digits itself."""

from nn.layers import Dense, Dropout, Flatten, MaxPool
from nn.losses import CrossEntropy
from nn.optimizers import Adam, OneCycle
from nn.zoo import Recipe, conv_block

SEAMS = Recipe(
    name="seams",
    title="Judge of cuts between digits that touch",
    layers=(
        *conv_block(12),
        MaxPool(),
        *conv_block(32),
        *conv_block(32),
        MaxPool(),
        *conv_block(64, "valid"),
        Flatten(),
        Dropout(0.3),
        Dense(2, gain=1.0),
    ),
    loss=CrossEntropy(),
    optimizer=Adam(),
    schedule=OneCycle(3e-3),
    batch_size=128,
    epochs=8,
    ema_decay=0.998,
    shards=2,
    data=("seams",),
    fractions=(0.5,),
)
