// Local SSIM (Wang et al. 2004), 11×11 Gaussian window, averaged over channels: a pass along rows and one along columns
// for each channel. E[x²] − E[x]² loses its digits in float32 where texture is faint, so second moments are central
// throughout: about a sample of the row in the first pass, and joined by the law of total variance in the second.
struct Params {
  width: u32,
  height: u32,
  channel: u32,
  channels: u32,
  // Weights of the window at distance 0 … 5 from its middle.
  near: vec4f,
  far: vec4f,
}

const RADIUS = 5;
const C1 = 1e-4; // (0.01 · range)²
const C2 = 9e-4; // (0.03 · range)²

@group(0) @binding(0) var<uniform> params: Params;

fn weight(offset: i32) -> f32 {
  let distance = abs(offset);
  return select(params.far[distance - 4], params.near[distance], distance < 4);
}

fn mirrored(i: i32, n: u32) -> u32 {
  let period = 2 * i32(n);
  let m = ((i % period) + period) % period;
  return u32(select(period - 1 - m, m, m < i32(n)));
}

// Along rows: planes of mean a, mean b, the sum of both variances, covariance.
@group(0) @binding(1) var<storage, read> first: array<f32>;
@group(0) @binding(2) var<storage, read> second: array<f32>;
@group(0) @binding(3) var<storage, read_write> rowMoments: array<f32>;

@compute @workgroup_size(16, 16)
fn rows(@builtin(global_invocation_id) id: vec3u) {
  if (id.x >= params.width || id.y >= params.height) {
    return;
  }
  let plane = params.width * params.height;
  let line = params.channel * plane + id.y * params.width;
  let originA = first[line + id.x];
  let originB = second[line + id.x];
  var means = vec2f();
  var squares = 0.0;
  var product = 0.0;
  for (var offset = -RADIUS; offset <= RADIUS; offset++) {
    let at = line + mirrored(i32(id.x) + offset, params.width);
    let value = vec2f(first[at] - originA, second[at] - originB);
    let w = weight(offset);
    means += w * value;
    squares += w * dot(value, value);
    product += w * value.x * value.y;
  }
  let i = id.y * params.width + id.x;
  rowMoments[i] = means.x + originA;
  rowMoments[i + plane] = means.y + originB;
  rowMoments[i + 2u * plane] = squares - dot(means, means);
  rowMoments[i + 3u * plane] = product - means.x * means.y;
}

// Along columns: the moments of the whole window, and from them this channel's share of the result.
@group(0) @binding(1) var<storage, read> moments: array<f32>;
@group(0) @binding(2) var<storage, read_write> similarity: array<f32>;

@compute @workgroup_size(16, 16)
fn columns(@builtin(global_invocation_id) id: vec3u) {
  if (id.x >= params.width || id.y >= params.height) {
    return;
  }
  let plane = params.width * params.height;
  let i = id.y * params.width + id.x;
  let origin = vec2f(moments[i], moments[i + plane]);
  var means = vec2f();
  var variances = 0.0;
  var covariance = 0.0;
  for (var offset = -RADIUS; offset <= RADIUS; offset++) {
    let at = mirrored(i32(id.y) + offset, params.height) * params.width + id.x;
    let w = weight(offset);
    let mean = vec2f(moments[at], moments[at + plane]) - origin;
    means += w * mean;
    variances += w * (moments[at + 2u * plane] + dot(mean, mean));
    covariance += w * (moments[at + 3u * plane] + mean.x * mean.y);
  }
  variances -= dot(means, means);
  covariance -= means.x * means.y;
  means += origin;
  let luminance = (2.0 * means.x * means.y + C1) / (dot(means, means) + C1);
  let structure = (2.0 * covariance + C2) / (variances + C2);
  var total = luminance * structure / f32(params.channels);
  if (params.channel > 0u) {
    total += similarity[i];
  }
  similarity[i] = total;
}
