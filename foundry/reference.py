"""What PyTorch computed for given inputs, written so that check.mjs can compare an ONNX file's outputs with it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Dict, List, Mapping

import numpy as np
from torch import Tensor

TYPES = {"float32": np.float32, "int64": np.int64}


def write_cases(folder: Path, cases: Mapping[str, Mapping[str, Tensor]]) -> None:
    """For each case its tensors, inputs and outputs alike under their names in the ONNX file: `<case>.<name>` raw, and
    cases.json with types and dims. KeyError if a tensor is neither float32 nor int64."""
    folder.mkdir(parents=True, exist_ok=True)
    index: List[Dict[str, object]] = []
    for case, tensors in cases.items():
        entries = {}
        for name, tensor in tensors.items():
            array = tensor.detach().contiguous().numpy()
            array.astype(TYPES[str(array.dtype)]).tofile(str(folder / f"{case}.{name}"))
            entries[name] = {"type": str(array.dtype), "dims": list(array.shape)}
        index.append({"name": case, "tensors": entries})
    (folder / "cases.json").write_text(json.dumps(index, indent=1) + "\n")
