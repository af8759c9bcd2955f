"""What can be wrong with what we hear, as data, and the two exceptions of this book."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, NamedTuple


class Fault(NamedTuple):
    """One kind of deviation from the standard.

    `refused` says what strict reading does. A fault is refused where a reader would have to guess what was
    meant; where the form is wrong and the meaning certain, it is only reported, in both modes.
    """

    code: str
    refused: bool
    zh: str
    en: str


_ROWS: Final = (
    # The frame.
    Fault("garbage", True, "不属于任何数据包的字节", "bytes outside any frame"),
    Fault("length_not_digits", True, "数据段长度不是四位数字", "the length field is not four digits"),
    Fault("length_mismatch", True, "数据段长度与声明不符", "the data segment is not as long as declared"),
    Fault("oversize", True, "数据包超过允许的最大长度", "the frame is longer than allowed"),
    Fault("crc_missing", True, "缺少 CRC 校验码", "the check is missing"),
    Fault("crc_mismatch", True, "CRC 校验错误", "the check does not fit the data segment"),
    Fault("crc_dialect", True, "CRC 采用了非标准算法", "the check is that of another algorithm"),
    Fault("crc_lowercase", False, "CRC 校验码为小写", "the check is in lower case"),
    Fault("tail_missing", True, "缺少包尾 CR LF", "the frame does not end with CR LF"),
    Fault("truncated", True, "数据包不完整", "the frame breaks off"),
    Fault("encrypted", True, "数据区已加密，无法解读", "the data area is encrypted"),
    Fault(
        "key_wrong",
        True,
        "数据区已加密，现有密钥均不能解密",
        "no known key decrypts the data area",
    ),
    Fault(
        "cipher_printed", True, "密文以 {0x..} 文本发送", "the cipher is sent as text instead of raw bytes"
    ),
    Fault("segment_long", False, "数据段超过 1024 字节", "the data segment is longer than 1,024 bytes"),
    # The data segment.
    Fault("encoding_unknown", True, "文字编码无法识别", "the text is neither UTF-8 nor GBK"),
    Fault("encoding_gbk", False, "文字编码为 GBK", "the text is GBK, not UTF-8"),
    Fault("field_syntax", True, "数据段字段格式错误", "a field of the data segment is malformed"),
    Fault("header_separator", True, "数据段字段之间的分隔符错误", "header fields are not separated by ';'"),
    Fault("header_missing", True, "缺少必需的数据段字段", "a mandatory header field is missing"),
    Fault("header_unknown", False, "标准未规定的数据段字段", "a header field the standard does not know"),
    Fault("header_repeated", True, "数据段字段重复", "a header field occurs twice"),
    Fault("cp_missing", True, "缺少数据区 CP", "there is no data area"),
    Fault("cp_unclosed", True, "数据区未以 && 包围", "the data area is not enclosed in '&&'"),
    Fault("blanks", False, "字段中有多余空格", "blanks around a field"),
    Fault("qn_form", False, "QN 不是 17 位数字", "QN is not 17 digits"),
    Fault("st_form", False, "ST 不是两个字符", "ST is not two characters"),
    Fault("cn_form", True, "CN 不是四位数字", "CN is not four digits"),
    Fault("cn_unknown", False, "标准未规定的命令编码", "a command the standard does not know"),
    Fault("pw_form", False, "PW 为空或超过六个字符", "PW is empty or longer than six characters"),
    Fault("mn_form", False, "MN 的长度或字符不符合本版标准", "MN does not have the form of this edition"),
    Fault("flag_form", True, "Flag 不是 0 至 255 的整数", "Flag is not a whole number from 0 to 255"),
    Fault("version_unknown", False, "Flag 中的标准版本号未知", "Flag names an unknown edition"),
    Fault("parts_form", True, "PNUM 或 PNO 无效", "PNUM or PNO is invalid"),
    Fault(
        "parts_many",
        False,
        "PNUM 或 PNO 超过本版标准的位数",
        "PNUM or PNO is too large for this edition",
    ),
    Fault("parts_missing", False, "Flag 标明分包但缺少包号", "Flag announces parts, PNUM or PNO is missing"),
    Fault("parts_unannounced", False, "有包号但 Flag 未标明分包", "PNUM and PNO without the bit of Flag"),
    Fault("rf_form", False, "RF 不等于 1", "RF is present and not 1"),
    # The data area.
    Fault("separator_missing", True, "数据区字段之间缺少分隔符", "a separator between two items is missing"),
    Fault("item_empty", False, "数据区有空字段", "an item is empty"),
    Fault("item_without_value", False, "数据区字段没有等号", "an item has no '='"),
    Fault("item_without_factor", False, "字段缺少因子编码", "a factor's field without its factor"),
    Fault("field_repeated", False, "同一因子的字段重复", "the same field of a factor occurs twice"),
    Fault("value_form", False, "数值无法识别", "a value is not a number"),
    Fault(
        "field_form",
        False,
        "字段的值不符合标准规定的格式",
        "a field does not have the standard's form",
    ),
    Fault("data_time_form", True, "DataTime 不是 14 位日期时间", "DataTime is not a 14-digit date and time"),
    Fault("data_time_missing", False, "上传数据缺少 DataTime", "an upload of data without DataTime"),
)

FAULTS: Final[dict[str, Fault]] = {row.code: row for row in _ROWS}
"""Every code that an error or a deviation of this package can carry, with its words in Chinese and English."""


@dataclass(frozen=True, slots=True)
class FrameError:
    """A stretch of the stream that gave no usable message.

    Attributes
    ----------
    code : str
        Key of `FAULTS`.
    message : str
        The fault in English with its particulars; for a screen take `FAULTS[code]`.
    offset : int
        Position of the stretch in the stream [bytes].
    raw : bytes
        The stretch as it came, cut to the framer's `max_frame`.
    length : int
        How many bytes of the stream the stretch covers [bytes].
    crc_dialect : str
        Name of the foreign check that fits, or an empty string.
    where : str
        Name of the field at fault, empty where it is the frame as a whole.
    """

    code: str
    message: str
    offset: int
    raw: bytes
    length: int = 0
    crc_dialect: str = ""
    where: str = ""


class RemoteProtocolError(Exception):
    """The other side sent something that cannot be taken.

    Attributes
    ----------
    error : FrameError
        What was wrong and where; its raw bytes are kept.
    """

    def __init__(self, error: FrameError) -> None:
        super().__init__(f"{error.code}: {error.message} (at {error.offset})")
        self.error = error

    @property
    def code(self) -> str:
        """Key of `FAULTS`."""
        return self.error.code

    @property
    def offset(self) -> int:
        """Position in the stream or in the segment [bytes]."""
        return self.error.offset


class LocalProtocolError(Exception):
    """We were asked to send, or to do, something that the standard does not allow."""
