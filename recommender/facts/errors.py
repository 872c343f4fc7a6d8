"""Everything that can go wrong on purpose.

Whatever is raised from outside this tree is our bug: it is logged in full under an id, and only
the id is shown.
"""


class RecommenderError(Exception):
    """A mistake or a state that its reader can do something about. The message says what."""

    code = "INTERNAL"


class InvalidInput(RecommenderError):
    """Something a caller sent is out of bounds.

    Attributes:
        field: the name of the offending field, as the caller spells it.
    """

    code = "BAD_USER_INPUT"

    def __init__(self, field: str, problem: str) -> None:
        super().__init__(f"{field} {problem}")
        self.field = field
        self.problem = problem


class UnknownProduct(RecommenderError):
    """A product that the catalogue does not have."""

    code = "NOT_FOUND"

    def __init__(self, product_id: str) -> None:
        super().__init__(f"There is no product {product_id!r} in the catalogue.")
        self.product_id = product_id


class KeyTaken(RecommenderError):
    """An idempotency key that came before, with something else."""

    code = "BAD_USER_INPUT"


class TooManyJobs(RecommenderError):
    """More work was asked for than can sensibly wait."""

    code = "BAD_USER_INPUT"


class Unauthenticated(RecommenderError):
    """No key came with a request that needs one, or none that we know."""

    code = "UNAUTHENTICATED"


class Forbidden(RecommenderError):
    """The key that came with a request does not allow it."""

    code = "FORBIDDEN"


class TooManySubscriptions(RecommenderError):
    """Whoever subscribes has as many subscriptions as they may, or the process has."""

    code = "RATE_LIMITED"


class TooManyRequests(RecommenderError):
    """A client asked for more than its key allows.

    Attributes:
        retry_after: seconds until as much is allowed again.
    """

    code = "RATE_LIMITED"

    def __init__(self, message: str, retry_after: int) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class KeyConflict(RecommenderError):
    """A key that cannot be made beside those there are."""


class InvalidSetting(RecommenderError):
    """An environment variable with a value we cannot use."""


class NotEnoughData(RecommenderError):
    """Too few events or products to learn from."""


class LeftOut(RecommenderError):
    """A baseline that cannot be measured here. The message says why."""


class LeaseTaken(RecommenderError):
    """Another process is doing the same work."""


class ProcessDied(RecommenderError):
    """A child process that ended before its work was done."""


class CorruptModel(RecommenderError):
    """A stored model that is not what its document says."""


class NoModel(RecommenderError):
    """No model was trained, or none is in service."""

    code = "MODEL_NOT_READY"


class ServerUnavailable(RecommenderError):
    """The database cannot be started or reached."""


class RejectedRow(RecommenderError):
    """A row of an imported file that cannot be used, and where it stands."""
