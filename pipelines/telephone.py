"""Telephone numbers in one form, whoever wrote them: read by a library that knows every country's plan.

The catalogue and the customer card read numbers by this one rule. It loads nothing but the library, for the
service reads a number while a caller waits.
"""

from __future__ import annotations

import phonenumbers

HOME = "GB"
READ_BY = f"phonenumbers {phonenumbers.__version__}"


def e164(written: str) -> str | None:
    """Return a number in international form, None for what is none: an extension, a word, two numbers.

    One without a country code is taken for British. A number has to fit its country's plan in length; whether
    it was ever given out is not asked: numbers are given out faster than libraries learn of it.
    """
    try:
        number = phonenumbers.parse(written, HOME)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_possible_number(number) or not number.national_number:
        return None
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
