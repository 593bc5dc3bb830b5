// out(p) = source(spline(p)), bilinear. Needs sampling.wgsl before it.
struct Params {
  width: u32,
  height: u32,
  sourceWidth: u32,
  sourceHeight: u32,
  channels: u32,
  reflects: u32,
  // Displacement in shares of the size: affine part (1, x, y), then per control point x, y and the weights for dx, dy.
  affineX: vec4f,
  affineY: vec4f,
  points: array<vec4f, 9>,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> source: array<f32>;
@group(0) @binding(2) var<storage, read_write> warped: array<f32>;

@compute @workgroup_size(16, 16)
fn main(@builtin(global_invocation_id) id: vec3u) {
  if (id.x >= params.width || id.y >= params.height) {
    return;
  }
  let size = vec2f(f32(params.width), f32(params.height));
  let position = (vec2f(id.xy) + 0.5) / size;
  let terms = vec3f(1.0, position);
  var displacement = vec2f(dot(params.affineX.xyz, terms), dot(params.affineY.xyz, terms));
  for (var i = 0u; i < 9u; i++) {
    let point = params.points[i];
    let away = position - point.xy;
    let squared = dot(away, away);
    if (squared > 0.0) {
      displacement += point.zw * (0.5 * squared * log(squared));
    }
  }
  let reflects = params.reflects == 1u;
  let at = vec2f(id.xy) + displacement * size;
  let h = taps(at.x, i32(params.sourceWidth), reflects);
  let v = taps(at.y, i32(params.sourceHeight), reflects);
  for (var c = 0u; c < params.channels; c++) {
    let top = (c * params.sourceHeight + v.low) * params.sourceWidth;
    let bottom = (c * params.sourceHeight + v.high) * params.sourceWidth;
    warped[(c * params.height + id.y) * params.width + id.x] =
      v.lowWeight * (h.lowWeight * source[top + h.low] + h.highWeight * source[top + h.high]) +
      v.highWeight * (h.lowWeight * source[bottom + h.low] + h.highWeight * source[bottom + h.high]);
  }
}
