"""Sentence embeddings: a text becomes a unit vector, whatever texts it is batched with."""

import os

# By default ONNX Runtime 1.29 and later report every opened model to its maker. It reads this
# variable when it is imported, so it is set where nothing of the package can come first.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"
