// One axis of a resize with a triangle filter whose support grows with the reduction. Half-pixel centres.
struct Params {
  width: u32, // of the output of this pass
  height: u32,
  channels: u32,
  samples: i32, // along the axis, before
  wanted: i32, // along the axis, after
  axis: u32, // 0 along x, 1 along y
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> source: array<f32>;
@group(0) @binding(2) var<storage, read_write> resized: array<f32>;

fn floorDivide(a: i32, b: i32) -> i32 {
  let q = a / b;
  return select(q, q - 1, a % b != 0 && a < 0);
}

@compute @workgroup_size(16, 16)
fn main(@builtin(global_invocation_id) id: vec3u) {
  if (id.x >= params.width || id.y >= params.height) {
    return;
  }
  // Positions along the axis in units of 1 / (2 · wanted) sample are whole numbers: nothing is rounded before the weight.
  let unit = 2 * params.wanted;
  let position = i32(select(id.x, id.y, params.axis == 1u));
  let centre = (2 * position + 1) * params.samples - params.wanted;
  let radius = max(unit, 2 * params.samples);
  let firstTap = max(0, -floorDivide(radius - centre, unit));
  let lastTap = min(params.samples - 1, floorDivide(centre + radius, unit));
  for (var c = 0u; c < params.channels; c++) {
    var sum = 0.0;
    var total = 0.0;
    for (var s = firstTap; s <= lastTap; s++) {
      let weight = max(0.0, 1.0 - f32(abs(s * unit - centre)) / f32(radius));
      var at = (c * params.height + id.y) * u32(params.samples) + u32(s);
      if (params.axis == 1u) {
        at = (c * u32(params.samples) + u32(s)) * params.width + id.x;
      }
      sum += weight * source[at];
      total += weight;
    }
    resized[(c * params.height + id.y) * params.width + id.x] = sum / total;
  }
}
