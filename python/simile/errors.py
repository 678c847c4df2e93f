"""What Simile raises. Every error is an `Error`, and a built-in exception where one fits.

The message is one line that names the file, field or id, and says what to do about it.
"""

__all__ = [
    "AlreadyExists",
    "Cancelled",
    "DataLoss",
    "Error",
    "FailedPrecondition",
    "InternalError",
    "InvalidArgument",
    "NotFound",
    "PermissionDenied",
    "ResourceExhausted",
    "Unavailable",
    "Unimplemented",
]


class Error(Exception):
    """Any error of Simile. `code` is the canonical gRPC code, `code_name` its name."""

    code = 2
    code_name = "unknown"

    def __str__(self):
        # KeyError would show the message in quotes.
        return str(self.args[0]) if self.args else ""


class Cancelled(Error):
    """Stopped on request; what was done before is kept."""

    code = 1
    code_name = "cancelled"


class InvalidArgument(Error, ValueError):
    """The input is wrong: shape, type, range, NaN, an unknown name. Nothing was changed."""

    code = 3
    code_name = "invalid_argument"


class NotFound(Error, KeyError):
    """No such collection, model or file."""

    code = 5
    code_name = "not_found"


class AlreadyExists(Error, ValueError):
    """The name, id or key is taken."""

    code = 6
    code_name = "already_exists"


class PermissionDenied(Error, PermissionError):
    """The file system refuses."""

    code = 7
    code_name = "permission_denied"


class ResourceExhausted(Error):
    """The disk is full, or a stated limit is reached."""

    code = 8
    code_name = "resource_exhausted"


class FailedPrecondition(Error, RuntimeError):
    """The state forbids it: closed, read-only, not a database, made by another model."""

    code = 9
    code_name = "failed_precondition"


class Unimplemented(Error, NotImplementedError):
    """A newer format, or a part that is not installed."""

    code = 12
    code_name = "unimplemented"


class InternalError(Error, RuntimeError):
    """A defect of Simile; please report it."""

    code = 13
    code_name = "internal"


class Unavailable(Error):
    """In use by another process, which the message names; may work later."""

    code = 14
    code_name = "unavailable"


class DataLoss(Error):
    """Damaged bytes; the message names the file."""

    code = 15
    code_name = "data_loss"


_BY_CODE = {
    error.code: error
    for error in (
        Cancelled,
        InvalidArgument,
        NotFound,
        AlreadyExists,
        PermissionDenied,
        ResourceExhausted,
        FailedPrecondition,
        Unimplemented,
        InternalError,
        Unavailable,
        DataLoss,
    )
}
_BY_CODE[11] = InvalidArgument  # out of range: what Python calls a ValueError too


def make(code: int, message: str) -> Error:
    """The exception for an error of the engine."""
    return _BY_CODE.get(code, Error)(message)
