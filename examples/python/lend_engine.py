"""torch sees the memory of a C engine, and the memory outlives the engine: python lend_engine.py liblend_engine.so.

The engine is examples/c/lend_engine.c; docs/lend-your-engine.md says how it is built.
"""

import ctypes
import sys

import penstock  # first, so that the engine uses the libcore that is already there
import torch

engine = ctypes.CDLL(sys.argv[1])
engine.rod_open.restype = ctypes.c_void_p
engine.rod_lend.restype = ctypes.c_void_p
new_capsule = ctypes.pythonapi.PyCapsule_New
new_capsule.restype = ctypes.py_object
CAPSULE_NAME = b"dltensor_versioned"  # kept: a capsule does not copy its name


def lend(rod: ctypes.c_void_p) -> object:
    """The rod's memory as a DLPack capsule, for one consumer."""
    managed = engine.rod_lend(rod)
    return new_capsule(ctypes.c_void_p(managed), CAPSULE_NAME, None)


rod = ctypes.c_void_p(engine.rod_open(ctypes.c_int64(4)))
heat = torch.from_dlpack(lend(rod))
print("before:", heat.tolist())

engine.rod_step(rod)
print("after a step:", heat.tolist())

heat[0] = 0
engine.rod_step(rod)
print("after torch cooled the end:", heat.tolist())

engine.rod_close(rod)
print("engine closed, torch still has:", heat.tolist(), "- buffers freed:", engine.rod_buffers_freed())

del heat
print("torch let go - buffers freed:", engine.rod_buffers_freed())
print("storages held by penstock:", penstock.memory_stats().live_storages)

# It prints:
#   before: [100.0, 0.0, 0.0, 0.0]
#   after a step: [100.0, 50.0, 0.0, 0.0]
#   after torch cooled the end: [0.0, 25.0, 25.0, 0.0]
#   engine closed, torch still has: [0.0, 25.0, 25.0, 0.0] - buffers freed: 0
#   torch let go - buffers freed: 1
#   storages held by penstock: 0
