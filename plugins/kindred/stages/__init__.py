"""The stages of a run, one module a DAG task, in the order of the flow.

``prepare``, ``extract``, ``validate``, ``fit_encoder``, ``encode``, ``embeddings``, ``graph``,
``cluster``, ``lookalikes``, ``gate``, ``publish``, ``clean_up``.
"""
