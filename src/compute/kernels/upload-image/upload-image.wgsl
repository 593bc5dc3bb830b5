// 8-bit RGBA pixels → planar RGB in [0, 1], alpha over white.
struct Params {
  width: u32,
  height: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> pixels: array<u32>;
@group(0) @binding(2) var<storage, read_write> planes: array<f32>;

@compute @workgroup_size(16, 16)
fn main(@builtin(global_invocation_id) id: vec3u) {
  if (id.x >= params.width || id.y >= params.height) {
    return;
  }
  let i = id.y * params.width + id.x;
  let plane = params.width * params.height;
  let pixel = unpack4x8unorm(pixels[i]);
  let colour = pixel.rgb * pixel.a + (1.0 - pixel.a);
  planes[i] = colour.r;
  planes[i + plane] = colour.g;
  planes[i + 2u * plane] = colour.b;
}
