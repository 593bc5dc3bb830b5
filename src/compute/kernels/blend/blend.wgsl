// under + mask·(over − under); exactly `under` at mask 0 and exactly `over` at mask 1. The mask has one channel.
struct Params {
  width: u32,
  height: u32,
  channels: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> under: array<u32>;
@group(0) @binding(2) var<storage, read> over: array<u32>;
@group(0) @binding(3) var<storage, read> mask: array<f32>;
@group(0) @binding(4) var<storage, read_write> blended: array<u32>;

@compute @workgroup_size(16, 16)
fn main(@builtin(global_invocation_id) id: vec3u) {
  if (id.x >= params.width || id.y >= params.height) {
    return;
  }
  let plane = params.width * params.height;
  let pixel = id.y * params.width + id.x;
  let m = mask[pixel];
  for (var c = 0u; c < params.channels; c++) {
    let i = c * plane + pixel;
    // Values travel as bits where nothing is computed: a float may be flushed or requieted on its way.
    if (m == 0.0) {
      blended[i] = under[i];
    } else if (m == 1.0) {
      blended[i] = over[i];
    } else {
      let u = bitcast<f32>(under[i]);
      blended[i] = bitcast<u32>(u + m * (bitcast<f32>(over[i]) - u));
    }
  }
}
