"""Sentence embeddings: unit vectors of texts that do not depend on the batch."""

import os

# By default, ONNX Runtime 1.29 and later report every opened model to the vendor. This variable is
# read on import of ONNX Runtime, so it is set before any module of this package is imported.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"
