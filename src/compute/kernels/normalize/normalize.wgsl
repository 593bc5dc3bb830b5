// Values over their maximum; a border counts as 0. The maximum is found by passes that each take the maximum of blocks.
struct Params {
  width: u32,
  height: u32,
  border: u32,
}

const BLOCK = 16u;

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> source: array<f32>;

fn inside(x: u32, y: u32) -> bool {
  let b = params.border;
  return x >= b && y >= b && x + b < params.width && y + b < params.height;
}

// 16×16 values → one. The grid of blocks is ⌈width/16⌉ wide.
@group(0) @binding(2) var<storage, read_write> maxima: array<f32>;

@compute @workgroup_size(16, 16)
fn blocks(@builtin(global_invocation_id) id: vec3u) {
  let across = (params.width + BLOCK - 1u) / BLOCK;
  if (id.x >= across || id.y * BLOCK >= params.height) {
    return;
  }
  var largest = 0.0;
  for (var y = id.y * BLOCK; y < min((id.y + 1u) * BLOCK, params.height); y++) {
    for (var x = id.x * BLOCK; x < min((id.x + 1u) * BLOCK, params.width); x++) {
      if (inside(x, y)) {
        largest = max(largest, source[y * params.width + x]);
      }
    }
  }
  maxima[id.y * across + id.x] = largest;
}

@group(0) @binding(2) var<storage, read> maximum: array<f32>;
@group(0) @binding(3) var<storage, read_write> normalized: array<f32>;

@compute @workgroup_size(16, 16)
fn divide(@builtin(global_invocation_id) id: vec3u) {
  if (id.x >= params.width || id.y >= params.height) {
    return;
  }
  let i = id.y * params.width + id.x;
  var value = 0.0;
  if (inside(id.x, id.y) && maximum[0] > 0.0) {
    value = source[i] / maximum[0];
  }
  normalized[i] = value;
}
