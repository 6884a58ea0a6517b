"""Telephone numbers in one form, whoever wrote them: read by a library that knows every country's plan.

The catalogue and the customer card read numbers by this one rule. It loads nothing but the library, for the
service reads a number while a caller waits.
"""

from __future__ import annotations

import phonenumbers

HOME = "GB"
READ_BY = f"phonenumbers {phonenumbers.__version__}, whole numbers"  # the plans, and the rule of e164()
_LINES = (phonenumbers.PhoneNumberType.FIXED_LINE, phonenumbers.PhoneNumberType.MOBILE)


def e164(written: str) -> str | None:
    """Return a number in international form, None for what is none: an extension, a word, two numbers.

    One without a country code is taken for British. A number has to be as long as its country's landlines or
    mobiles are; whether it was ever given out is not asked: numbers are given out faster than libraries learn
    of it. A shorter one counts only where the plan has it, such as 0800 1111. One that lacks its area code is
    nobody's: every town has a 960 123.
    """
    try:
        number = phonenumbers.parse(written, HOME)
    except phonenumbers.NumberParseException:
        return None
    if not (number.national_number and (_is_whole(number) or phonenumbers.is_valid_number(number))):
        return None
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def _is_whole(number: phonenumbers.PhoneNumber) -> bool:
    # The library's is_possible_number also lets pass what can be dialled within a town only.
    return phonenumbers.ValidationResult.IS_POSSIBLE in {
        phonenumbers.is_possible_number_for_type_with_reason(number, line) for line in _LINES
    }
