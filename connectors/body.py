"""A webhook's body, read as the JSON object that it has to be. Pure."""

from __future__ import annotations

import json
from typing import Any, NoReturn

from connectors.errors import Malformed


def json_object(body: bytes) -> dict[str, Any]:
    """Raises `Malformed`. Stricter than Python: NaN and Infinity are no JSON, see
    https://www.rfc-editor.org/rfc/rfc8259#section-6.
    """
    try:
        content = json.loads(body.decode("utf-8"), parse_constant=_refuse)
    except UnicodeDecodeError as error:
        raise Malformed(f"the body is not UTF-8 (byte {error.start})") from None
    except ValueError as error:
        raise Malformed(f"the body is not JSON: {error}") from None
    except RecursionError:
        raise Malformed("the body is nested too deeply") from None
    if not isinstance(content, dict):
        raise Malformed("the body is not a JSON object")
    return content


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is no number")
