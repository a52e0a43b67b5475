"""Sentence embeddings: a text becomes a unit vector, whatever other texts it comes with."""

import os

# From 1.29 on ONNX Runtime tells its maker of every model that is opened, by default. It reads this
# when it is imported, so it stands where nothing of the package can come before it.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"
