"""All errors Kindred raises on purpose.

A message says what is wrong, where, what was found, what is allowed, and what to do next.
"""

from collections.abc import Mapping


class KindredError(Exception):
    """Base of all errors raised on purpose; its text is meant for a person."""


class SpecError(KindredError):
    """A feature spec cannot be used: the message names file, key and column."""


class SettingsError(KindredError):
    """A setting or run parameter is outside what is allowed."""


class PreflightError(KindredError):
    """Source or warehouse is not ready; nothing has been changed, except what is hidden."""


class UnreachableError(PreflightError):
    """A database cannot be reached; this may pass by itself."""


class WindowError(KindredError):
    """The requested data window cannot be used."""


class ScheduleWindowError(WindowError):
    """A range of dates that the schedule of the space does not have."""


class DataError(KindredError):
    """The data cannot be turned into a snapshot."""


class NothingPublishedError(DataError):
    """A space has no snapshot that readers could see, of whatever date."""


class CustomerValueError(DataError):
    """A ``DataError`` whose text names customers or values: it stays in the log and warehouse."""


class ValueRangeError(SettingsError, CustomerValueError):
    """A setting does not suit a customer's value, which the text names."""


class SourceValueError(PreflightError, CustomerValueError):
    """A source cannot be read because of a value, which the text may quote."""


class InferenceError(DataError):
    """No spec can be proposed for a table; ``part`` names the argument or part at fault."""

    def __init__(self, part: str, reason: str) -> None:
        super().__init__(f"{part}: {reason}")
        self.part = part
        self.reason = reason


class EncoderMissingError(KindredError):
    """No fitted encoder may be used for this snapshot."""


class SentenceModelError(KindredError):
    """A sentence model cannot be used; the message names the model and the reason."""


class ArtefactError(KindredError):
    """An artefact is missing, damaged or not accessible; the message names the task to clear."""


class LostArtefactError(ArtefactError):
    """An artefact is missing or damaged: nobody will ever read it, whatever is mended."""


class StoreUnreachableError(ArtefactError, UnreachableError):
    """The object store of the artefacts does not answer; this may pass by itself."""


class ScratchFullError(StoreUnreachableError):
    """The scratch folder has no room for a copy of an artefact; this may pass by itself."""


class LockTimeoutError(KindredError):
    """Another run held a resource for longer than the limit."""


class SupersededError(KindredError):
    """A later run builds the same snapshot, so this run has nothing left to do."""


class GateError(KindredError):
    """A quality gate stopped the run before publish; the last snapshot still serves."""


class AudienceFileError(SpecError):
    """An audience file that is wrong; ``public``: the same for those who read ``bi.audiences``."""

    def __init__(self, text: str, public: str = "the file is wrong; see the log") -> None:
        super().__init__(text)
        self.public = public


class AudienceError(KindredError):
    """An audience cannot be made; ``status`` is one of ``audiences.status.Status``.

    ``reason`` is a sentence for those who read ``bi.audiences``: it quotes no id and no value.
    ``seeds``: columns of that view with what was counted before.
    """

    def __init__(self, status: str, reason: str, seeds: Mapping[str, int] | None = None) -> None:
        super().__init__(f"{status}: {reason}")
        self.status = status
        self.reason = reason
        self.seeds = dict(seeds or {})


class AudienceUnreachableError(AudienceError, UnreachableError):
    """The source of an audience cannot be reached or has ended the session; this may pass.

    If it does not, its text is what readers of ``bi.audiences`` see.
    """

    def __str__(self) -> str:
        return self.reason
