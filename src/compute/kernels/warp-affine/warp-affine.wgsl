// out(p) = source(inverse · p), bilinear. Needs sampling.wgsl before it.
struct Params {
  width: u32,
  height: u32,
  sourceWidth: u32,
  sourceHeight: u32,
  channels: u32,
  reflects: u32,
  // Sample coordinates of the source for output pixel (0, 0), and their change per pixel along x and y.
  originX: f32,
  originY: f32,
  alongXx: f32,
  alongXy: f32,
  alongYx: f32,
  alongYy: f32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> source: array<f32>;
@group(0) @binding(2) var<storage, read_write> warped: array<f32>;

@compute @workgroup_size(16, 16)
fn main(@builtin(global_invocation_id) id: vec3u) {
  if (id.x >= params.width || id.y >= params.height) {
    return;
  }
  let x = f32(id.x);
  let y = f32(id.y);
  let reflects = params.reflects == 1u;
  let h = taps(params.alongXx * x + params.alongYx * y + params.originX, i32(params.sourceWidth), reflects);
  let v = taps(params.alongXy * x + params.alongYy * y + params.originY, i32(params.sourceHeight), reflects);
  for (var c = 0u; c < params.channels; c++) {
    let top = (c * params.sourceHeight + v.low) * params.sourceWidth;
    let bottom = (c * params.sourceHeight + v.high) * params.sourceWidth;
    warped[(c * params.height + id.y) * params.width + id.x] =
      v.lowWeight * (h.lowWeight * source[top + h.low] + h.highWeight * source[top + h.high]) +
      v.highWeight * (h.lowWeight * source[bottom + h.low] + h.highWeight * source[bottom + h.high]);
  }
}
