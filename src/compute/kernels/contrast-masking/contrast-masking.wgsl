// The difference that edges and textures hide. Needs windows.wgsl before it.
struct Params {
  width: u32,
  height: u32,
  // Of the first twelve taps of the 5×5 window, in reading order, the weights of the four gradients; those of the last
  // twelve are the same, turned about the centre and negated.
  taps: array<vec4f, 12>,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> source: array<f32>;
@group(0) @binding(2) var<storage, read_write> visibility: array<f32>;

@compute @workgroup_size(16, 16)
fn main(@builtin(global_invocation_id) id: vec3u) {
  if (id.x >= params.width || id.y >= params.height) {
    return;
  }
  let x = i32(id.x);
  let y = i32(id.y);
  var gradients = vec4f();
  for (var tap = 0; tap < 12; tap++) {
    let dx = tap % 5 - 2;
    let dy = tap / 5 - 2;
    gradients += params.taps[tap] * (valueAt(x + dx, y + dy) - valueAt(x - dx, y - dy));
  }
  let sizes = abs(gradients);
  let gradient = max(max(sizes.x, sizes.y), max(sizes.z, sizes.w)) / 16.0;
  let masked = 80.0 * (log2(1.0 + gradient / 80.0) / 2.0);
  let background = backgroundLuminance(x, y);
  visibility[id.y * params.width + id.x] = abs(masked * (0.0001 * background + 0.115) + 0.5 - 0.01 * background);
}
