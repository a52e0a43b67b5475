"""Open the model that a spec names: a directory, else a model of sentence-transformers."""

from pathlib import Path

from kindred.encoding.sentence_models.model import SentenceModel

DEFAULT_MAX_TOKENS = 256


def load_model(model: str, max_tokens: int = DEFAULT_MAX_TOKENS) -> SentenceModel:
    """Open a model: a directory with ``model.onnx`` and ``tokenizer.json``, else by name.

    Raises
    ------
    SentenceModelError
        The model cannot be used; the message says what is missing and what to do.
    """
    directory = Path(model).expanduser()
    # Imported here because every task imports this module, and few run a model.
    if directory.is_dir():
        from kindred.encoding.sentence_models.onnx_model import OnnxModel

        return OnnxModel(directory, max_tokens)
    from kindred.encoding.sentence_models.named_model import NamedModel

    return NamedModel(model, max_tokens)


def weights_megabytes(model: str) -> float:
    """Size in MB of the weights of a model in a directory; 0 for a model by name."""
    files = Path(model).expanduser().glob("model.onnx*")
    return sum(file.stat().st_size for file in files) / 2**20
