"""The same bits again: inputs packed with their digest, results with theirs."""

from __future__ import annotations

import hashlib
import io
import json
import math
import zipfile
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from jiangcheng.modules.source_tracing.rules.refusals import Refusal

Arrays = Mapping[str, NDArray[Any]]
META = "meta.json"
KINDS = frozenset("bifu")


def canonical(value: object) -> bytes:
    """Return plain data as bytes, equal for equal data: sorted keys, shortest exact floats."""
    return json.dumps(
        value, sort_keys=True, ensure_ascii=False, separators=(",", ":"), allow_nan=False
    ).encode()


def plain(value: Any) -> Any:
    """Return numbers, arrays and containers as plain data; NaN and infinities become None."""
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, np.ndarray | list | tuple):
        return [plain(item) for item in value]
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


def result_digest(result: Mapping[str, Any]) -> str:
    """Return the SHA-256 of a result."""
    return hashlib.sha256(canonical(plain(result))).hexdigest()


def digest(arrays: Arrays, meta: Mapping[str, Any]) -> str:
    """Return the SHA-256 of inputs: names, types, shapes and bytes of the arrays, and what describes them."""
    running = hashlib.sha256(canonical(plain(meta)))
    for name in sorted(arrays):
        array = _portable(arrays[name])
        running.update(f"{name}:{array.dtype.str}:{array.shape}".encode())
        running.update(array.tobytes())
    return running.hexdigest()


def pack(arrays: Arrays, meta: Mapping[str, Any]) -> bytes:
    """Return inputs as one compressed NPZ file; the description lies in it as JSON."""
    written = io.BytesIO()
    columns: dict[str, Any] = {name: _portable(arrays[name]) for name in sorted(arrays)}
    np.savez_compressed(written, **columns)
    with zipfile.ZipFile(written, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(zipfile.ZipInfo(META), canonical(plain(meta)))
    return written.getvalue()


def unpack(content: bytes, expected: str) -> tuple[dict[str, NDArray[Any]], dict[str, Any]]:
    """Return arrays and description of packed inputs.

    Raises
    ------
    Refusal
        ``inputs_altered`` if they are not those of the digest.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            meta = json.loads(archive.read(META))
            names = [name.removesuffix(".npy") for name in archive.namelist() if name != META]
        with np.load(io.BytesIO(content), allow_pickle=False) as kept:
            arrays = {name: kept[name] for name in names}
    except (OSError, ValueError, KeyError, zipfile.BadZipFile) as error:
        raise Refusal("inputs_altered") from error
    if digest(arrays, meta) != expected:
        raise Refusal("inputs_altered")
    return arrays, meta


def _portable(array: NDArray[Any]) -> NDArray[Any]:
    """Return an array in little-endian rows, whatever the machine."""
    found = np.asarray(array)
    if found.dtype.kind not in KINDS:
        raise TypeError(f"{found.dtype} is not kept in inputs")
    return np.ascontiguousarray(found, dtype=found.dtype.newbyteorder("<"))
