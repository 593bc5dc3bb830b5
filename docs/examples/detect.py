"""Runs a detector on a photograph, as LogicAL Studio does: python3 docs/examples/detect.py detector.onnx photo.jpg

Everything that has to be known is in the file's metadata. Needs: pip install onnxruntime numpy pillow
"""

import json
import sys

import numpy as np
import onnxruntime
from PIL import Image, ImageOps

session = onnxruntime.InferenceSession(sys.argv[1], providers=["CPUExecutionProvider"])
meta = session.get_modelmeta().custom_metadata_map
size = int(meta["detector.size"])
rule, scoring, threshold = (json.loads(meta[f"detector.{key}"]) for key in ("input", "score", "threshold"))

# RGB in [0, 1], transparency over white; resized bilinearly with antialiasing, as Pillow does it with floats.
photo = ImageOps.exif_transpose(Image.open(sys.argv[2])).convert("RGBA")
*colours, alpha = (np.asarray(band, np.float32) / 255 for band in photo.split())
planes = [Image.fromarray(1 + alpha * (colour - 1)) for colour in colours]
image = np.stack([np.asarray(plane.resize((size, size), Image.Resampling.BILINEAR)) for plane in planes])
mean, std = (np.array(rule[key], np.float32).reshape(3, 1, 1) for key in ("mean", "std"))
anomaly_map = session.run(["anomaly_map"], {"image": ((image - mean) / std)[None]})[0][0, 0]

# The score: the maximum of the map after a mean filter with zeros outside. (For a heat map, resize the map bilinearly.)
smooth = scoring["smooth"]
windows = np.lib.stride_tricks.sliding_window_view(np.pad(anomaly_map, smooth // 2), (smooth, smooth))
score = float(windows.mean((-2, -1)).max())
print(json.dumps({"score": score, "anomalous": score > threshold["image"]}))
