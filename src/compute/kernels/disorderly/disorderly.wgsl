// What the orderly prediction leaves of the picture, less of it on edges. Needs windows.wgsl before it.
struct Params {
  width: u32,
  height: u32,
  smoothVariance: f32,
  protection: f32,
  // Taps at distance 0 … 3 and 0 … 2 from the middle.
  residualTaps: vec4f,
  protectionTaps: vec4f,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> source: array<f32>;
@group(0) @binding(2) var<storage, read> orderly: array<f32>;
@group(0) @binding(3) var<storage, read> edges: array<f32>;
@group(0) @binding(4) var<storage, read_write> disorder: array<f32>;

@compute @workgroup_size(16, 16)
fn main(@builtin(global_invocation_id) id: vec3u) {
  if (id.x >= params.width || id.y >= params.height) {
    return;
  }
  let i = id.y * params.width + id.x;
  let at = vec2i(id.xy);
  let residual = abs(source[i] - orderly[i]);
  var mean = 0.0;
  var share = 0.0;
  for (var dy = -3; dy <= 3; dy++) {
    for (var dx = -3; dx <= 3; dx++) {
      let x = at.x + dx;
      let y = at.y + dy;
      if (x < 0 || y < 0 || x >= i32(params.width) || y >= i32(params.height)) {
        continue;
      }
      let j = u32(y) * params.width + u32(x);
      mean += params.residualTaps[abs(dx)] * params.residualTaps[abs(dy)] * abs(source[j] - orderly[j]);
      // The fourth tap is 0.
      let tap = params.protectionTaps[abs(dx)] * params.protectionTaps[abs(dy)];
      share += tap * (1.0 - params.protection * edges[j]);
    }
  }
  let even = localVariance(at.x, at.y) < params.smoothVariance;
  disorder[i] = share * select(residual, min(residual, mean), even);
}
