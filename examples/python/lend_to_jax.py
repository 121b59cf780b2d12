"""JAX computes on engine memory it borrows, and says so where it cannot."""

import jax.numpy as jnp
import penstock

observations = penstock.zeros((2, 3))
lent = jnp.from_dlpack(observations)  # no copy: a JAX array over the engine's memory
print("same memory:", lent.unsafe_buffer_pointer() == observations.data_ptr)

observations[1] = [1.0, 2.0, 3.0]  # the engine writes before JAX computes
print("sum of each row:", jnp.sum(lent, axis=1).tolist())

try:
    jnp.from_dlpack(observations[:, ::2])  # JAX arrays are compact
except RuntimeError as error:
    print("refused by JAX:", type(error).__name__)
print("after a copy:", jnp.from_dlpack(observations[:, ::2].contiguous()).tolist())

# It prints:
#   same memory: True
#   sum of each row: [0.0, 6.0]
#   refused by JAX: JaxRuntimeError
#   after a copy: [[0.0, 0.0], [1.0, 3.0]]
