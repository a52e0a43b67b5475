"""Which model a spec means: a directory, else a name that sentence-transformers knows."""

from pathlib import Path

from kindred.encoding.sentence_models.model import SentenceModel

DEFAULT_MAX_TOKENS = 256


def load_model(model: str, max_tokens: int = DEFAULT_MAX_TOKENS) -> SentenceModel:
    """Open a model: a directory with ``model.onnx`` and ``tokenizer.json``, else a name.

    Raises
    ------
    SentenceModelError
        naming the model, what it lacks and what to do.
    """
    directory = Path(model).expanduser()
    # Here and not above: every task imports all stages, few of them run a model.
    if directory.is_dir():
        from kindred.encoding.sentence_models.onnx_model import OnnxModel

        return OnnxModel(directory, max_tokens)
    from kindred.encoding.sentence_models.named_model import NamedModel

    return NamedModel(model, max_tokens)


def weights_megabytes(model: str) -> float:
    """Size of the weights of a model in a directory; 0 of one that is named."""
    files = Path(model).expanduser().glob("model.onnx*")
    return sum(file.stat().st_size for file in files) / 2**20
