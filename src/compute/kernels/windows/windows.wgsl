// Windows on one channel with zeros outside; the kernel that follows declares `source` and params.width, params.height.

fn valueAt(x: i32, y: i32) -> f32 {
  if (x < 0 || y < 0 || x >= i32(params.width) || y >= i32(params.height)) {
    return 0.0;
  }
  return source[u32(y) * params.width + u32(x)];
}

// Mean of the 5×5 neighbourhood, inner ring 2, outer ring 1, centre 0, rounded down.
fn backgroundLuminance(x: i32, y: i32) -> f32 {
  var sum = 0.0;
  for (var dy = -2; dy <= 2; dy++) {
    for (var dx = -2; dx <= 2; dx++) {
      let inner = max(abs(dx), abs(dy)) < 2;
      sum += select(1.0, 2.0, inner) * valueAt(x + dx, y + dy);
    }
  }
  return floor((sum - 2.0 * valueAt(x, y)) / 32.0);
}

// Variance of the 7×7 neighbourhood, about its centre: E[x²] − E[x]² alone would lose its digits.
fn localVariance(x: i32, y: i32) -> f32 {
  let origin = valueAt(x, y);
  var sum = 0.0;
  var squares = 0.0;
  for (var dy = -3; dy <= 3; dy++) {
    for (var dx = -3; dx <= 3; dx++) {
      let value = valueAt(x + dx, y + dy) - origin;
      sum += value;
      squares += value * value;
    }
  }
  let mean = sum / 49.0;
  return max(0.0, squares / 49.0 - mean * mean);
}
