"""How iCasework's wire is spelled: paths, parameters, and every guess about its answers, in one place.

Each constant says where it was read. SEED is the vendor's own text, DOC its documentation, CODE a public
client that runs against a live server; a GUESS was seen nowhere: when a council's server does otherwise, this
is the file to mend. How cells are spelled stands in sources/dialect.py.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

# Operations are lower-case path words under the base URL (SEED, DOC, CODE).
TOKEN = "token"  # noqa: S105 - a path, not a token
GETREPORT = "getreport"
GETCASEDETAILS = "getcasedetails"
CREATECASE = "createcase"
ADDCASENOTES = "addcasenotes"
UPDATEEXTERNALID = "updateexternalid"
UPDATECUSTOMER = "updatecustomer"
UPDATECASE = "updatecase"

# The account in UAT, as a query parameter even of a POST (CODE, three clients).
ACCOUNT_PARAMETER = "db"

# A window is two local civil times without a zone, both included, such as 2026-11-22T00:00:00.000 and
# 2026-11-22T23:59:59.999 (SEED for the form, CODE for the absence of a zone). That the server reads them as
# UK wall-clock time is a GUESS.
WINDOW_FROM = "FromTime"
WINDOW_UNTIL = "UntilTime"

# SEED writes "set to true", DOC writes "yes".
YES = "true"

# CSVFields is a list whose separator nobody states: GUESS. That columns come in the order asked is a GUESS
# too, which every answer's header proves or refutes.
FIELD_SEPARATOR = ","

# The footer is "a rowcount at the bottom" (SEED) whose wording was never seen: GUESS of the forms `N`,
# `Rows,N`, `rowcount,N`, `"Total","N"`. It counts neither the header nor itself (GUESS).
FOOTER = re.compile(
    rb"""(?ix) \s*
    (?: ("?) (?: rows? | row [ _-]? count | count | total (?: [ _-]? rows )? | records? ) :? \1 \s* , \s* )?
    ("?) (?P<rows> [0-9]{1,12} ) \2 \s*"""
)

# A refused token was never seen on an API call. GUESS: 401, or 400 whose error text begins so (CODE/live for
# the text `invalid_grant` on the token call itself).
STALE_TOKEN_INFO = "invalid_"  # noqa: S105 - words of an error, not a token

# Error headers (CODE/live): a number, prefix x 1000 + n, and words.
ERROR_CODE = "X-Application-Error-Code"
ERROR_INFO = "X-Application-Error-Info"
# The token call's answer to a wrong key, secret or stamp (CODE/live).
BAD_GRANT = "invalid_grant"

# Seconds of a token's hour that are not used, so that it cannot end on the way (ours).
TOKEN_MARGIN_SECONDS = 60

# Key and Signature, the older way in: MD5 in hex of one parameter's value, the request date and the secret
# (DOC, with a worked example for updateexternalid). The first of these parameters that is sent counts;
# nothing for createcase is DOC and CODE, ExternalId for getcasedetails CODE, the others GUESSES by analogy.
SIGNED_PARAMETER: Mapping[str, tuple[str, ...]] = {
    CREATECASE: (),
    ADDCASENOTES: ("CaseId", "ExternalId"),
    UPDATEEXTERNALID: ("CaseId", "ExternalId"),
    UPDATECUSTOMER: ("Id",),
    UPDATECASE: ("CaseId", "ExternalId"),
    GETCASEDETAILS: ("CaseId", "ExternalId"),
    GETREPORT: ("ReportId",),
}
REQUEST_DATE = "RequestDate"

# The element that a writing call's good answer is: createcase's is CODE/live, updatecase's DOC, the others
# are GUESSES by their pattern.
WRITTEN: Mapping[str, frozenset[str]] = {
    CREATECASE: frozenset({"createcaseresponse"}),
    ADDCASENOTES: frozenset({"addcasenotesresponse"}),
    UPDATEEXTERNALID: frozenset({"updateexternalidresponse"}),
    UPDATECUSTOMER: frozenset({"updatecustomerresponse"}),
    UPDATECASE: frozenset({"updatecaseattributeresponse", "updatecaseresponse"}),
}
WRITTEN_CASE = "caseid"

# Columns by which a look-up is read: CODE/live.
CASE_ID = "CaseDetails.CaseId"
EXTERNAL_ID = "CaseDetails.ExternalId"

# The kind of a note for which none is said: a note must have one (SEED), what it may be is a council's own
# setting there (GUESS: the word).
NOTE_TYPE = "Note"

# getcasedetails of an unknown case: 400 with this header and without error headers (CODE/live).
UNKNOWN_CASE = ("Content-Disposition", "output.xml")

# Last three digits of an error number that speak of the call, not of what it holds: a wrong method, or an
# operation that this host does not have (DOC).
NOT_THIS_CALL = frozenset({"000", "001"})
# ... and those that say that something is missing or that the case cannot be identified (DOC).
UNIDENTIFIED = "002"
