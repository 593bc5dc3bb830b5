// Orderly content: an autoregression over pixels whose 7×7 patches look alike. Needs windows.wgsl before it. Three
// passes: the picture with its mirror image around it, how sharply each pixel tells patches apart, the prediction. Sums
// of squared differences of whole levels are exact: below 2^24.
struct Params {
  width: u32,
  height: u32,
  reach: u32, // search radius and patch radius
  radius: i32,
  leastSigma: f32,
  tie: f32,
}

@group(0) @binding(0) var<uniform> params: Params;

@group(0) @binding(1) var<storage, read> source: array<f32>;
@group(0) @binding(2) var<storage, read_write> surrounded: array<f32>;

fn mirrored(i: i32, n: u32) -> u32 {
  let period = 2 * i32(n);
  let m = ((i % period) + period) % period;
  return u32(select(period - 1 - m, m, m < i32(n)));
}

@compute @workgroup_size(16, 16)
fn surround(@builtin(global_invocation_id) id: vec3u) {
  let line = params.width + 2u * params.reach;
  if (id.x >= line || id.y >= params.height + 2u * params.reach) {
    return;
  }
  let x = mirrored(i32(id.x) - i32(params.reach), params.width);
  let y = mirrored(i32(id.y) - i32(params.reach), params.height);
  surrounded[id.y * line + id.x] = source[y * params.width + x];
}

// 1 / (49·σ²): a sum of squared differences times this is the exponent.
@group(0) @binding(2) var<storage, read> adaptation: array<f32>;
@group(0) @binding(3) var<storage, read_write> sharpened: array<f32>;

@compute @workgroup_size(16, 16)
fn sharpen(@builtin(global_invocation_id) id: vec3u) {
  if (id.x >= params.width || id.y >= params.height) {
    return;
  }
  let i = id.y * params.width + id.x;
  let sigma = max(adaptation[i], params.leastSigma);
  let deviation = sqrt(localVariance(i32(id.x), i32(id.y)));
  let variance = select(sigma * sigma, sigma * sigma * sigma / deviation, deviation > sigma);
  sharpened[i] = 1.0 / (49.0 * variance);
}

@group(0) @binding(1) var<storage, read> picture: array<f32>;
@group(0) @binding(2) var<storage, read> sharpness: array<f32>;
@group(0) @binding(3) var<storage, read_write> predicted: array<f32>;

// Sum of squared differences of the patches about `centre` and about `centre + shift`.
fn unlikeness(centre: i32, shift: i32, line: i32) -> f32 {
  var sum = 0.0;
  for (var row = -3; row <= 3; row++) {
    for (var i = centre + row * line - 3; i <= centre + row * line + 3; i++) {
      let difference = picture[i] - picture[i + shift];
      sum += difference * difference;
    }
  }
  return sum;
}

@compute @workgroup_size(16, 16)
fn predict(@builtin(global_invocation_id) id: vec3u) {
  if (id.x >= params.width || id.y >= params.height) {
    return;
  }
  let i = id.y * params.width + id.x;
  let line = i32(params.width + 2u * params.reach);
  let centre = i32(id.y + params.reach) * line + i32(id.x + params.reach);
  let sharp = sharpness[i];
  var weighted = 0.0;
  var weights = 0.0;
  // Weights are kept over the largest so far, so that none underflows however unlike all are.
  var least = 3.0e38;
  for (var v = -params.radius; v <= params.radius; v++) {
    for (var u = -params.radius; u <= params.radius; u++) {
      let shift = v * line + u;
      let exponent = unlikeness(centre, shift, line) * sharp;
      if (shift == 0) {
        continue;
      }
      let weight = exp(-max(0.0, exponent - least));
      let faded = exp(min(0.0, exponent - least));
      weighted = weighted * faded + weight * picture[centre + shift];
      weights = weights * faded + weight;
      least = min(least, exponent);
    }
  }
  predicted[i] = floor((weighted + picture[centre]) / (weights + 1.0) + 0.5 + params.tie);
}
