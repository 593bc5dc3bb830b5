/** The share of the lesser effect that the greater one covers already. */
export const OVERLAP = 0.3;
