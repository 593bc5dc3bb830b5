// Canny's edges: gradients from derivatives of a Gaussian, thinning, and hysteresis by union–find, so that an edge of
// any length is followed in one pass.
struct Params {
  width: u32,
  height: u32,
  low: f32, // shares of the largest gradient
  high: f32,
  // Taps at distance 0 … 6 from the middle; the derivative's change sign there.
  smoothing: array<vec4f, 2>,
  derivative: array<vec4f, 2>,
}

const RADIUS = 6;
const SLACK = 1e-4; // gradients that differ by a smaller share are equal

@group(0) @binding(0) var<uniform> params: Params;

fn clamped(i: i32, n: u32) -> u32 {
  return u32(clamp(i, 0, i32(n) - 1));
}

fn smoothingAt(k: i32) -> f32 {
  let distance = abs(k);
  return params.smoothing[distance / 4][distance % 4];
}

fn derivativeAt(k: i32) -> f32 {
  let distance = abs(k);
  return f32(sign(k)) * params.derivative[distance / 4][distance % 4];
}

// Along rows: planes of the smoothed picture and of its derivative.
@group(0) @binding(1) var<storage, read> source: array<f32>;
@group(0) @binding(2) var<storage, read_write> rowTerms: array<f32>;

@compute @workgroup_size(16, 16)
fn rows(@builtin(global_invocation_id) id: vec3u) {
  if (id.x >= params.width || id.y >= params.height) {
    return;
  }
  let line = id.y * params.width;
  let i = line + id.x;
  // About the centre: a flat stretch has no gradient at all, in any precision.
  let origin = source[i];
  var sum = 0.0;
  var slope = 0.0;
  for (var k = -RADIUS; k <= RADIUS; k++) {
    let value = source[line + clamped(i32(id.x) + k, params.width)] - origin;
    sum += smoothingAt(k) * value;
    slope += derivativeAt(k) * value;
  }
  rowTerms[i] = sum + origin;
  rowTerms[i + params.width * params.height] = slope;
}

// Along columns: planes of the gradient's magnitude and of its two parts.
@group(0) @binding(1) var<storage, read> terms: array<f32>;
@group(0) @binding(2) var<storage, read_write> gradient: array<f32>;

@compute @workgroup_size(16, 16)
fn columns(@builtin(global_invocation_id) id: vec3u) {
  if (id.x >= params.width || id.y >= params.height) {
    return;
  }
  let plane = params.width * params.height;
  let i = id.y * params.width + id.x;
  let origin = terms[i];
  var g = vec2f();
  for (var k = -RADIUS; k <= RADIUS; k++) {
    let at = clamped(i32(id.y) + k, params.height) * params.width + id.x;
    g += vec2f(smoothingAt(k) * terms[at + plane], derivativeAt(k) * (terms[at] - origin));
  }
  gradient[i] = sqrt(dot(g, g));
  gradient[i + plane] = g.x;
  gradient[i + 2u * plane] = g.y;
}

// Ridges: 0 none, 1 above the low threshold, 2 above the high one.
@group(0) @binding(1) var<storage, read> slopes: array<f32>;
@group(0) @binding(2) var<storage, read> largest: array<f32>;
@group(0) @binding(3) var<storage, read_write> ridges: array<f32>;

fn magnitudeAt(x: i32, y: i32) -> f32 {
  if (x < 0 || y < 0 || x >= i32(params.width) || y >= i32(params.height)) {
    return 0.0;
  }
  return slopes[u32(y) * params.width + u32(x)];
}

// The magnitude one step along the gradient, interpolated between a direct and a diagonal neighbour.
fn beside(at: vec2i, step: vec2i, across: bool, t: f32) -> f32 {
  let near = select(magnitudeAt(at.x, at.y + step.y), magnitudeAt(at.x + step.x, at.y), across);
  return near + t * (magnitudeAt(at.x + step.x, at.y + step.y) - near);
}

@compute @workgroup_size(16, 16)
fn thin(@builtin(global_invocation_id) id: vec3u) {
  if (id.x >= params.width || id.y >= params.height) {
    return;
  }
  let plane = params.width * params.height;
  let i = id.y * params.width + id.x;
  let magnitude = slopes[i];
  let g = vec2f(slopes[i + plane], slopes[i + 2u * plane]);
  let step = select(vec2i(1), vec2i(-1), g < vec2f());
  let across = abs(g.x) >= abs(g.y);
  let t = select(abs(g.x / g.y), abs(g.y / g.x), across);
  var level = 0.0;
  if (magnitude > params.low * largest[0]) {
    let at = vec2i(id.xy);
    let behind = beside(at, -step, across, t) * (1.0 + SLACK);
    let ahead = beside(at, step, across, t) * (1.0 - SLACK);
    if (magnitude > behind && magnitude >= ahead) {
      level = select(1.0, 2.0, magnitude > params.high * largest[0]);
    }
  }
  ridges[i] = level;
}

// Each pixel is at first the root of its own tree; after `unite` the root of a tree is its first pixel.
@group(0) @binding(1) var<storage, read_write> roots: array<atomic<u32>>;

@compute @workgroup_size(16, 16)
fn plant(@builtin(global_invocation_id) id: vec3u) {
  if (id.x >= params.width || id.y >= params.height) {
    return;
  }
  let i = id.y * params.width + id.x;
  atomicStore(&roots[i], i);
}

@group(0) @binding(1) var<storage, read> levels: array<f32>;
@group(0) @binding(2) var<storage, read_write> trees: array<atomic<u32>>;

fn rootOf(i: u32) -> u32 {
  var at = i;
  var above = atomicLoad(&trees[at]);
  while (above != at) {
    at = above;
    above = atomicLoad(&trees[at]);
  }
  return at;
}

fn join(first: u32, second: u32) {
  var a = rootOf(first);
  var b = rootOf(second);
  while (a != b) {
    let high = max(a, b);
    let low = min(a, b);
    // Whoever finds that another thread has hung `high` elsewhere joins what it was hung on.
    let before = atomicMin(&trees[high], low);
    if (before == high) {
      return;
    }
    a = rootOf(before);
    b = rootOf(low);
  }
}

@compute @workgroup_size(16, 16)
fn unite(@builtin(global_invocation_id) id: vec3u) {
  if (id.x >= params.width || id.y >= params.height) {
    return;
  }
  let i = id.y * params.width + id.x;
  if (levels[i] == 0.0) {
    return;
  }
  if (id.x > 0u && levels[i - 1u] > 0.0) {
    join(i, i - 1u);
  }
  if (id.y > 0u) {
    let above = i - params.width;
    if (levels[above] > 0.0) {
      join(i, above);
    }
    if (id.x > 0u && levels[above - 1u] > 0.0) {
      join(i, above - 1u);
    }
    if (id.x + 1u < params.width && levels[above + 1u] > 0.0) {
      join(i, above + 1u);
    }
  }
}

// Marks the trees that hold a strong pixel: 1 at their roots.
@group(0) @binding(1) var<storage, read> strengths: array<f32>;
@group(0) @binding(2) var<storage, read> parents: array<u32>;
@group(0) @binding(3) var<storage, read_write> marks: array<atomic<u32>>;

fn rootAmongParents(i: u32) -> u32 {
  var at = i;
  while (parents[at] != at) {
    at = parents[at];
  }
  return at;
}

@compute @workgroup_size(16, 16)
fn mark(@builtin(global_invocation_id) id: vec3u) {
  if (id.x >= params.width || id.y >= params.height) {
    return;
  }
  let i = id.y * params.width + id.x;
  if (strengths[i] == 2.0) {
    atomicStore(&marks[rootAmongParents(i)], 1u);
  }
}

@group(0) @binding(1) var<storage, read_write> cleared: array<u32>;

@compute @workgroup_size(16, 16)
fn clear(@builtin(global_invocation_id) id: vec3u) {
  if (id.x >= params.width || id.y >= params.height) {
    return;
  }
  cleared[id.y * params.width + id.x] = 0u;
}

@group(0) @binding(3) var<storage, read> marked: array<u32>;
@group(0) @binding(4) var<storage, read_write> edges: array<f32>;

@compute @workgroup_size(16, 16)
fn follow(@builtin(global_invocation_id) id: vec3u) {
  if (id.x >= params.width || id.y >= params.height) {
    return;
  }
  let i = id.y * params.width + id.x;
  edges[i] = select(0.0, 1.0, strengths[i] > 0.0 && marked[rootAmongParents(i)] == 1u);
}
