"""The shape of what is answered: status, body, headers."""

from typing import Any

Answer = tuple[int, Any, dict[str, str]]


def fault_body(message: str, *errors: tuple[str, str, str]) -> dict[str, Any]:
    return {
        "message": message,
        "errors": [{"resource": resource, "field": field, "code": code} for resource, field, code in errors],
    }
