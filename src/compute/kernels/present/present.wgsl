// Draws a planar raster over the whole target; where sizes differ, the nearest sample. Colours are premultiplied.
struct Params {
  width: u32,
  height: u32,
  channels: u32,
  entries: u32, // colours in the map, 0 for none
  low: f32,
  high: f32,
  targetWidth: u32,
  targetHeight: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> source: array<f32>;
@group(0) @binding(2) var<storage, read> colours: array<u32>;

// One triangle that covers the target.
@vertex
fn cover(@builtin(vertex_index) i: u32) -> @builtin(position) vec4f {
  return vec4f(f32(i & 1u) * 4.0 - 1.0, f32(i >> 1u) * 4.0 - 1.0, 0.0, 1.0);
}

fn share(i: u32) -> f32 {
  return clamp((source[i] - params.low) / (params.high - params.low), 0.0, 1.0);
}

@fragment
fn paint(@builtin(position) position: vec4f) -> @location(0) vec4f {
  let at = vec2u(position.xy) * vec2u(params.width, params.height) / vec2u(params.targetWidth, params.targetHeight);
  let i = at.y * params.width + at.x;
  if (params.entries > 0u) {
    let entry = u32(floor(share(i) * f32(params.entries - 1u) + 0.5));
    let colour = unpack4x8unorm(colours[entry]);
    return vec4f(colour.rgb * colour.a, colour.a);
  }
  let plane = select(0u, params.width * params.height, params.channels == 3u);
  let colour = vec3f(share(i), share(i + plane), share(i + 2u * plane));
  // round(255·v), halves up, as everywhere; what the target does with halves is its own affair.
  return vec4f(floor(colour * 255.0 + 0.5) / 255.0, 1.0);
}
