"""The OpenAPI document: what ITX, or a client made by a generator, must know to ask for a card.

Only words and shapes. What is true of the answers is tested against this document.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fastapi.openapi.utils import get_openapi

from pipelines.kpi.replies import LONGEST_ID, PROBLEM
from pipelines.kpi.schema import Health, Kpi, Problem, Readiness

if TYPE_CHECKING:
    from fastapi import FastAPI

TITLE = "Customer card"
VERSION = "1"
_ABOUT = """
The card of a customer, as the contact centre's KPI panel shows it (ITX custom KPI).

Cards are rendered each night and served as they are stored. A token opens the service; send it in one of
four ways: `Authorization: Bearer`, the header `X-API-Key`, the parameter `token`, or as the last part of the
path. One way is enough; a token that is not valid, in any of them, is refused.
""".strip()

# Anything but control characters, and not only spaces.
_ID_PATTERN = r"^[^\u0000-\u001F\u007F-\u009F]*[^\u0000-\u0020\u007F-\u00A0][^\u0000-\u001F\u007F-\u009F]*$"
_CUSTOMER = {
    "name": "customerId",
    "in": "query",
    "required": True,
    "description": "Whose card: a customer number, another system's id, or a telephone number in any"
    " spelling. Once, percent-encoded; a plus sign at the beginning stands for itself.",
    "schema": {"type": "string", "minLength": 1, "maxLength": LONGEST_ID, "pattern": _ID_PATTERN},
    "example": "C-1001",
}
_TAGS = {
    "name": "If-None-Match",
    "in": "header",
    "required": False,
    "description": "The ETag of the card that the asker has.",
    "schema": {"type": "string"},
}
_TOKEN = {
    "name": "token",
    "in": "path",
    "required": True,
    "description": "A token that is valid now.",
    "schema": {"type": "string", "pattern": "^[A-Za-z0-9._~-]+$", "minLength": 16},
}
_ETAG = {"ETag": {"description": "Changes with the card.", "schema": {"type": "string"}}}
_SCHEMES = {
    "bearer": {"type": "http", "scheme": "bearer"},
    "header": {"type": "apiKey", "in": "header", "name": "X-API-Key"},
    "parameter": {"type": "apiKey", "in": "query", "name": "token"},
}


def _problem(description: str, headers: dict[str, Any] | None = None) -> dict[str, Any]:
    told: dict[str, Any] = {
        "description": description,
        "content": {PROBLEM: {"schema": {"$ref": "#/components/schemas/Problem"}}},
    }
    return told | ({"headers": headers} if headers else {})


def _text_header(description: str) -> dict[str, Any]:
    return {"description": description, "schema": {"type": "string"}}


_ANSWERS: dict[int | str, dict[str, Any]] = {
    200: {
        "model": Kpi,
        "description": "The card. A customer whom nobody knows has one too: each section says so.",
        "headers": _ETAG,
    },
    304: {"description": "The card is the one that If-None-Match names.", "headers": _ETAG},
    400: _problem("customerId is missing, empty, repeated, too long or unreadable."),
    401: _problem("No valid token.", {"WWW-Authenticate": _text_header("Bearer")}),
    405: _problem("Only GET is answered.", {"Allow": _text_header("GET")}),
    500: _problem("The service failed."),
    503: _problem("There are no cards yet, or the access could not be recorded."),
}

CARD: dict[str, Any] = {
    "operation_id": "getCard",
    "summary": "The card of a customer",
    "response_model": None,
    "responses": _ANSWERS,
    "openapi_extra": {
        "parameters": [_CUSTOMER, _TAGS],
        "security": [{name: []} for name in _SCHEMES],
    },
}
CARD_BY_PATH: dict[str, Any] = CARD | {
    "operation_id": "getCardByPathToken",
    "summary": "The card of a customer, with the token in the path",
    "openapi_extra": {"parameters": [_TOKEN, _CUSTOMER, _TAGS], "security": []},
}
HEALTH: dict[str, Any] = {
    "operation_id": "getHealth",
    "summary": "Whether the service runs",
    "responses": {405: _ANSWERS[405]},
}
READY: dict[str, Any] = {
    "operation_id": "getReadiness",
    "summary": "Whether the service has cards that are new enough",
    "response_model": None,
    "responses": {
        200: {"model": Readiness, "description": "It has."},
        405: _ANSWERS[405],
        503: _problem("It has none, or they are older than allowed."),
    },
}


def describe(api: FastAPI) -> dict[str, Any]:
    """Return the OpenAPI document of an application, with the shapes that its routes only name."""
    told = get_openapi(title=TITLE, version=VERSION, description=_ABOUT, routes=api.routes)
    parts = told.setdefault("components", {})
    for model in (Kpi, Problem, Readiness, Health):
        shape = model.model_json_schema(mode="serialization", ref_template="#/components/schemas/{model}")
        parts["schemas"] |= shape.pop("$defs", {})
        parts["schemas"][model.__name__] = shape
    parts["securitySchemes"] = _SCHEMES
    return told
