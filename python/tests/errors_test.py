"""Errors of the engine as exceptions."""

import pytest

from simile import errors


def test_every_name_is_an_error_with_a_code_of_its_own():
    classes = [getattr(errors, name) for name in errors.__all__]
    assert all(issubclass(each, errors.Error) for each in classes)
    assert len({each.code for each in classes}) == len(classes)


@pytest.mark.parametrize(
    ("code", "builtin"),
    [(3, ValueError), (5, KeyError), (6, ValueError), (7, PermissionError), (11, ValueError)],
)
def test_codes_are_builtin_exceptions_where_one_fits(code, builtin):
    error = errors.make(code, "the id 7 is taken")
    assert isinstance(error, builtin)
    assert str(error) == "the id 7 is taken"


def test_an_unknown_code_is_still_an_error():
    assert type(errors.make(99, "?")) is errors.Error
