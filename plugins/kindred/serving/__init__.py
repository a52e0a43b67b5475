"""The embeddings that BI queries, and their index: plan, build, measurement, nightly check."""
