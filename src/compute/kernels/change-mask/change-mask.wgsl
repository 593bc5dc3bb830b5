// 1 where 1 − ssim > threshold and within > 0, else 0. One channel.
struct Params {
  width: u32,
  height: u32,
  threshold: f32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> ssim: array<f32>;
@group(0) @binding(2) var<storage, read> within: array<f32>;
@group(0) @binding(3) var<storage, read_write> changed: array<f32>;

@compute @workgroup_size(16, 16)
fn main(@builtin(global_invocation_id) id: vec3u) {
  if (id.x >= params.width || id.y >= params.height) {
    return;
  }
  let i = id.y * params.width + id.x;
  changed[i] = select(0.0, 1.0, 1.0 - ssim[i] > params.threshold && within[i] > 0.0);
}
