// Bilinear taps of a warp; the kernel that follows declares `source` and the shape of it.

struct Taps {
  low: u32,
  high: u32,
  lowWeight: f32,
  highWeight: f32,
}

// d c b a | a b c d | d c b a
fn mirrored(i: i32, n: i32) -> u32 {
  let period = 2 * n;
  let m = ((i % period) + period) % period;
  return u32(select(period - 1 - m, m, m < n));
}

// The two taps along one axis of `n` samples at `position`, counted in samples (the centre of sample i is i).
fn taps(position: f32, n: i32, reflects: bool) -> Taps {
  // Keeps the conversion to whole numbers defined; both borders have long repeated by then.
  let p = clamp(position, -1.0e6, 1.0e6);
  let low = i32(floor(p));
  let high = low + 1;
  let t = p - floor(p);
  if (reflects) {
    return Taps(mirrored(low, n), mirrored(high, n), 1.0 - t, t);
  }
  let lowInside = low >= 0 && low < n;
  let highInside = high >= 0 && high < n;
  return Taps(
    u32(select(0, low, lowInside)),
    u32(select(0, high, highInside)),
    select(0.0, 1.0 - t, lowInside),
    select(0.0, t, highInside),
  );
}
