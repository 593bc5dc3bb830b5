/**
 * Colour scales for anomaly maps. Inferno and viridis are perceptually uniform (van der Walt & Smith, matplotlib, CC0):
 * equal differences of the map look equal, in grey too. Turbo (Mikhailov, Google, Apache-2.0) is not, and shows more
 * detail.
 */
export const COLOUR_SCALES = ['inferno', 'viridis', 'turbo'] as const;
export type ColourScale = (typeof COLOUR_SCALES)[number];

/** Every fifteenth of a scale's 256 colours; what lies between is interpolated, within 6 of 255 of the original. */
const ANCHORS: Readonly<Record<ColourScale, string>> = {
  inferno:
    '000004 0a0722 1e0c45 380962 510e6c 69166e 801f6c 982766 b0315b c63d4d d94d3d e9612b f47918 fa9407 fcb014 f8cd37 f2ea69 fcffa4',
  viridis:
    '440154 481769 472a7a 433d84 3d4e8a 355e8d 2e6d8e 297b8e 23898e 1f978b 21a585 2eb37c 46c06f 65cb5e 89d548 b0dd2f d8e219 fde725',
  turbo:
    '30123b 3f3e9c 4666dd 458cfd 2fb2f4 1ad4d0 22ebaa 52fa7a 8bff4b b7f735 dbe236 f5c53a fea130 f9751d e84b0c ce2d04 a91601 7a0403',
};
const ENTRIES = 256;
const STEP = 15;

/** Below this value of a heat map the picture under it shows through; at 0 nothing covers it. */
export const HEAT_FADE = 0.3;

const cache = new Map<ColourScale, Uint8ClampedArray<ArrayBuffer>>();

/**
 * The colours of a heat map that lies on a picture, from the value 0 to 1: 256 RGBA, not premultiplied. Opacity grows
 * linearly up to {@link HEAT_FADE}. The same array for the same scale.
 */
export function heatColours(scale: ColourScale): Uint8ClampedArray<ArrayBuffer> {
  let colours = cache.get(scale);
  if (!colours) {
    colours = new Uint8ClampedArray(4 * ENTRIES);
    for (let i = 0; i < ENTRIES; i++) {
      colours.set(colourAt(scale, i / (ENTRIES - 1)), 4 * i);
      colours[4 * i + 3] = Math.min(1, i / (ENTRIES - 1) / HEAT_FADE) * 255;
    }
    cache.set(scale, colours);
  }
  return colours;
}

/** The colour of a value in [0, 1]: red, green and blue in [0, 255]. */
export function colourAt(scale: ColourScale, value: number): [red: number, green: number, blue: number] {
  const anchors = ANCHORS[scale].split(' ').map((text) => Number.parseInt(text, 16));
  const place = (Math.min(1, Math.max(0, value)) * (ENTRIES - 1)) / STEP;
  const from = Math.min(anchors.length - 2, Math.floor(place));
  const channel = (shift: number) => {
    const [a, b] = [anchors[from], anchors[from + 1]].map((colour) => (colour >> shift) & 255);
    return Math.round(a + (place - from) * (b - a));
  };
  return [channel(16), channel(8), channel(0)];
}
