// source · scale + offset, clamped to [low, high]. Channels lie below each other: `height` counts all their lines.
struct Params {
  width: u32,
  height: u32,
  scale: f32,
  offset: f32,
  low: f32,
  high: f32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> source: array<f32>;
@group(0) @binding(2) var<storage, read_write> mapped: array<f32>;

@compute @workgroup_size(16, 16)
fn main(@builtin(global_invocation_id) id: vec3u) {
  if (id.x >= params.width || id.y >= params.height) {
    return;
  }
  let i = id.y * params.width + id.x;
  mapped[i] = min(params.high, max(params.low, source[i] * params.scale + params.offset));
}
