"""How Model.fit() works: batches, the loop over them, where it is, and what is shown of it."""
