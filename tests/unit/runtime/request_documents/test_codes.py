"""Every code of a rejected request is explained."""

import pytest

from vmie_runtime.diagnosis import Category, own_failure
from vmie_runtime.diagnosis.catalogue import BY_CODE
from vmie_runtime.request_documents.problems import Code


@pytest.mark.parametrize("code", Code)
def test_a_code_has_its_row(code):
    assert code in BY_CODE
    diagnosis = own_failure(code, "Something is wrong.")
    assert diagnosis.category in (Category.REQUEST, Category.LICENCE)
    assert not diagnosis.retryable
