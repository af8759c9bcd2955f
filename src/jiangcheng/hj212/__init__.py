"""How instruments speak: HJ 212 in the editions of 2005, 2017 and 2025, as bytes in and messages out.

The book opens no socket, reads no clock and knows no factor: `Framer` cuts a stream into frames, `decode` reads a
frame without losing a character, `encode` writes it back, `Connection` keeps a whole line. For many frames at once
there are `columns`, and the compiled `jiangcheng.hj212.bulk`, which is imported only by those who need it.
"""

from jiangcheng.hj212.areas import AREA_FIELDS, FIELD_OF
from jiangcheng.hj212.codec import decode, encode, frame, header
from jiangcheng.hj212.columnar import ERRORS, LEFT, NO_TIME, Columns, columns
from jiangcheng.hj212.commands import COMMANDS, DATA_UPLOADS, Command
from jiangcheng.hj212.connection import Connection, Exchange, Idle, Limits, Resend, Unanswered
from jiangcheng.hj212.crc import crc16
from jiangcheng.hj212.dialects import DialectLedger, Standing
from jiangcheng.hj212.errors import FAULTS, Fault, FrameError, LocalProtocolError, RemoteProtocolError
from jiangcheng.hj212.exchange import OUTCOMES, Outcome
from jiangcheng.hj212.flags import DATA_FLAGS, DataFlag
from jiangcheng.hj212.framing import MAX_FRAME, Framer
from jiangcheng.hj212.leniency import Finding, Grade, findings, grade
from jiangcheng.hj212.messages import (
    FIELDS,
    NEED_DATA,
    Deviation,
    ErrorEvent,
    Frame,
    Header,
    Item,
    Message,
    NeedData,
    number,
)
from jiangcheng.hj212.parts import Assembly, Reassembler
from jiangcheng.hj212.replies import (
    EXE_RTN,
    QN_RTN,
    compose,
    factor,
    item,
    reply_data,
    reply_notice,
    reply_request,
    reply_result,
)
from jiangcheng.hj212.requests import USES, Site, number_of, report, reports, request, stamp
from jiangcheng.hj212.responder import Answer, Responder, Todo
from jiangcheng.hj212.sm4 import KeyRing, Keys, decrypt_area, encrypt_area
from jiangcheng.hj212.states import State, Trigger

__all__ = [
    "AREA_FIELDS",
    "COMMANDS",
    "DATA_FLAGS",
    "DATA_UPLOADS",
    "ERRORS",
    "EXE_RTN",
    "FAULTS",
    "FIELDS",
    "FIELD_OF",
    "LEFT",
    "MAX_FRAME",
    "NEED_DATA",
    "NO_TIME",
    "OUTCOMES",
    "QN_RTN",
    "USES",
    "Answer",
    "Assembly",
    "Columns",
    "Command",
    "Connection",
    "DataFlag",
    "Deviation",
    "DialectLedger",
    "ErrorEvent",
    "Exchange",
    "Fault",
    "Finding",
    "Frame",
    "FrameError",
    "Framer",
    "Grade",
    "Header",
    "Idle",
    "Item",
    "KeyRing",
    "Keys",
    "Limits",
    "LocalProtocolError",
    "Message",
    "NeedData",
    "Outcome",
    "Reassembler",
    "RemoteProtocolError",
    "Resend",
    "Responder",
    "Site",
    "Standing",
    "State",
    "Todo",
    "Trigger",
    "Unanswered",
    "columns",
    "compose",
    "crc16",
    "decode",
    "decrypt_area",
    "encode",
    "encrypt_area",
    "factor",
    "findings",
    "frame",
    "grade",
    "header",
    "item",
    "number",
    "number_of",
    "reply_data",
    "reply_notice",
    "reply_request",
    "reply_result",
    "report",
    "reports",
    "request",
    "stamp",
]
