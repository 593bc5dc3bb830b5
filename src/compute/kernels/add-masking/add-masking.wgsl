// a + b − overlap · min(a, b): what two effects hide together, less what both hide.
struct Params {
  width: u32,
  height: u32,
  overlap: f32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> first: array<f32>;
@group(0) @binding(2) var<storage, read> second: array<f32>;
@group(0) @binding(3) var<storage, read_write> together: array<f32>;

@compute @workgroup_size(16, 16)
fn main(@builtin(global_invocation_id) id: vec3u) {
  if (id.x >= params.width || id.y >= params.height) {
    return;
  }
  let i = id.y * params.width + id.x;
  together[i] = first[i] + second[i] - params.overlap * min(first[i], second[i]);
}
