// LogicAL Eq. 1 in edge strength P. One channel, [0, 1].
struct Params {
  width: u32,
  height: u32,
  operation: u32, // 0 remove, 1 replace, 2 merge
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> strength: array<f32>;
@group(0) @binding(2) var<storage, read> donor: array<f32>;
@group(0) @binding(3) var<storage, read> mask: array<f32>;
@group(0) @binding(4) var<storage, read_write> edited: array<f32>;

@compute @workgroup_size(16, 16)
fn main(@builtin(global_invocation_id) id: vec3u) {
  if (id.x >= params.width || id.y >= params.height) {
    return;
  }
  let i = id.y * params.width + id.x;
  let p = strength[i];
  let m = mask[i];
  var inside = 0.0;
  if (params.operation == 1u) {
    inside = donor[i];
  } else if (params.operation == 2u) {
    inside = min(1.0, donor[i] + p);
  }
  edited[i] = m * inside + (1.0 - m) * p;
}
