"""What Model.fit() calls while it trains.

>>> import penstock as ps
>>> model = ps.Model([ps.layers.Dense(1, 1)])
>>> model.compile("sgd", "mse")
>>> class Shout(ps.callbacks.Callback):
...     def on_epoch_end(self, epoch, logs):
...         print(f"epoch {epoch} is over!")
>>> _ = model.fit([[1.0]], [[2.0]], epochs=2, callbacks=[Shout()], verbose=0)
epoch 0 is over!
epoch 1 is over!
"""

from penstock.callbacks.callback import Callback, LambdaCallback
from penstock.callbacks.history import History
from penstock.callbacks.rates import LearningRateScheduler, ReduceLROnPlateau
from penstock.callbacks.saving import CSVLogger, ModelCheckpoint
from penstock.callbacks.stopping import EarlyStopping, TerminateOnNaN
from penstock.callbacks.tensorboard import TensorBoard

__all__ = [
    "CSVLogger",
    "Callback",
    "EarlyStopping",
    "History",
    "LambdaCallback",
    "LearningRateScheduler",
    "ModelCheckpoint",
    "ReduceLROnPlateau",
    "TensorBoard",
    "TerminateOnNaN",
]
