"""Every form in which the portals and the gateway before them are known to answer an error."""

from __future__ import annotations

import json
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Form:
    """One error answer."""

    status: int
    body: str
    content_type: str = "application/json"
    seconds: float = 0.0
    """Before it is answered."""
    hang_up: bool = False
    """Close the connection without an answer."""


def _header(message: str, code: str) -> dict[str, str]:
    return {"errMsg": "SERVICE ERROR", "returnAuthMsg": message, "returnReasonCode": code}


def _gateway(message: str, code: str, status: int = 200) -> Form:
    tags = "".join(f"<{name}>{value}</{name}>" for name, value in _header(message, code).items())
    return Form(status, f"<OpenAPI_ServiceResponse><cmmMsgHeader>{tags}</cmmMsgHeader></OpenAPI_ServiceResponse>\n", "application/xml")


def _gateway_json(message: str, code: str, status: int) -> Form:
    return Form(status, json.dumps({"OpenAPI_ServiceResponse": {"cmmMsgHeader": _header(message, code)}}))


def _words(value: object, status: int = 200) -> Form:
    return Form(status, json.dumps(value, ensure_ascii=False))


NOT_REGISTERED = "SERVICE_KEY_IS_NOT_REGISTERED_ERROR"
TOO_MANY = "LIMITED_NUMBER_OF_SERVICE_REQUESTS_EXCEEDS_ERROR"

FORMS = {
    "key": _gateway(NOT_REGISTERED, "30"),
    "key_json": _gateway_json(NOT_REGISTERED, "30", 403),
    "key_text": _gateway(NOT_REGISTERED, NOT_REGISTERED),
    "key_null": _gateway("SERVICE_ACCESS_DENIED_ERROR", "20"),
    "expired": _gateway("DEADLINE_HAS_EXPIRED_ERROR", "31"),
    "address": _gateway("UNREGISTERED_IP_ERROR", "32"),
    "unsigned": _gateway("UNSIGNED_CALL_ERROR", "33"),
    "bizinfo_key": _words({"reqErr": "존재하지 않는 인증키 입니다."}),
    "odcloud_key": _words({"code": -4, "msg": "등록되지 않은 인증키 입니다."}),
    "odcloud_key_400": _words({"code": -4, "msg": "등록되지 않은 인증키 입니다."}, 400),
    "odcloud_key_401": _words({"code": -401, "msg": "유효하지 않은 인증키 입니다."}, 401),
    "odcloud_service": _words({"code": -3, "msg": "등록되지 않은 서비스 입니다."}, 400),
    "quota": _gateway(TOO_MANY, "22", 429),
    "quota_200": _gateway(TOO_MANY, "22"),
    "rate": _gateway("LIMITED_NUMBER_OF_SERVICE_REQUESTS_PER_SECOND_EXCEEDS_ERROR", "23", 429),
    "application": _gateway("APPLICATION_ERROR", "01"),
    "timeout": _gateway("SERVICETIMEOUT_ERROR", "05"),
    "http": _gateway("HTTP_ERROR", "04", 500),
    "no_data": _gateway("NODATA_ERROR", "03"),
    "unknown": _gateway("UNKNOWN_ERROR", "99"),
    "provider": _words({"response": {"header": {"resultCode": "10", "resultMsg": "INVALID_REQUEST_PARAMETER_ERROR"}}}),
    "provider_xml": Form(200, "<response><header><resultCode>99</resultCode><resultMsg>UNKNOWN_ERROR</resultMsg></header></response>", "application/xml"),
    "parameter": _gateway("INVALID_REQUEST_PARAMETER_ERROR", "10"),
    "youthcenter_key": _words({"resultCode": 401, "resultMessage": "인증키가 유효하지 않습니다.", "result": None}),
    "server_error": Form(500, "Internal Server Error", "text/plain"),
    "maintenance": Form(200, "<!DOCTYPE html><html><body>시스템 점검 중입니다.</body></html>", "text/html"),
    "blocked": Form(403, "<html><body>Access Denied</body></html>", "text/html"),
    "too_many": Form(429, "", "text/plain"),
    "cut_short": Form(200, '{"page":1,"perPage":10,"totalCount":3,"data":[{"서비스ID":"0000'),
    "missing_list": _words({}),
    "missing_list_xml": Form(200, "<response><header><resultCode>00</resultCode></header><body/></response>", "application/xml"),
    "cut_short_xml": Form(200, '<?xml version="1.0" encoding="UTF-8"?><wantedList><totalCount>3</totalCount><servList><servNm>소상', "application/xml"),
    "empty_body": Form(200, ""),
    "hang_up": Form(200, "", hang_up=True),
}
"""Kind → answer."""
