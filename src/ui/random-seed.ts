/** A seed that was not there before: what a person sees is always remade from a seed that is kept. */
export function randomSeed(): number {
  return crypto.getRandomValues(new Uint32Array(1))[0] >>> 12;
}
