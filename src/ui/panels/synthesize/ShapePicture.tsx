import { memo } from 'react';
import { StudioError } from '../../../core/errors';
import { augmentationAffine } from '../../../core/geometry';
import { unpackedMask } from '../../../core/mask-shape';
import { IDENTITY_AUGMENTATION, type EncodedMask, type RegionShape } from '../../../core/recipe';
import { newContext } from '../../canvas/compose';
import { frameOf } from '../../canvas/shapes';
import type { Size } from '../../canvas/viewport';
import classes from './region.module.css';

/** A stroke's picture follows so many of its points. */
const MOST_POINTS = 48;
/** Longer side of a mask's picture, px. */
const MASK_SIDE = 64;

/** A shape as it lies in the picture, small: brought near, so that a small one is seen as well. */
export const ShapePicture = memo(function ShapePicture({ shape, size }: { shape: RegionShape; size: Size }) {
  // A damaged mask has no picture; the preview says what is wrong with it.
  const damaged = shape.kind === 'mask' && !isReadable(shape.mask);
  return (
    <svg
      className={classes.picture}
      viewBox={damaged ? undefined : viewBox(shape, size)}
      data-combine={shape.combine}
      data-hidden={shape.hidden || undefined}
      aria-hidden
    >
      {!damaged && <Drawing shape={shape} size={size} />}
    </svg>
  );
});

function Drawing({ shape, size }: { shape: RegionShape; size: Size }) {
  switch (shape.kind) {
    case 'rectangle':
    case 'ellipse': {
      const frame = frameOf(shape);
      if (!frame) return null;
      const { x, y, width, height, rotation } = frame;
      const cx = x + width / 2;
      const cy = y + height / 2;
      const turn = `rotate(${(rotation * 180) / Math.PI} ${cx} ${cy})`;
      return shape.kind === 'rectangle' ? (
        <rect x={x} y={y} width={width} height={height} transform={turn} />
      ) : (
        <ellipse cx={cx} cy={cy} rx={width / 2} ry={height / 2} transform={turn} />
      );
    }
    case 'polygon':
      return <path d={`M${shape.points.join(' ')}Z`} />;
    case 'brush':
      return <path data-line d={lineOf(shape.points)} strokeWidth={2 * shape.radius} />;
    case 'blob': {
      // The outline follows a noise field; its picture is of the kind, not of this one.
      const { x, y, width, height } = shape;
      return <path transform={`translate(${x} ${y}) scale(${width / 20} ${height / 20})`} d={BLOB} />;
    }
    case 'mask': {
      const { mask, placement } = shape;
      const map = augmentationAffine(placement ?? IDENTITY_AUGMENTATION, mask, size);
      const [a, b, c, d, e, f] = map;
      return (
        <image
          href={pictureOf(mask)}
          width={mask.width}
          height={mask.height}
          preserveAspectRatio="none"
          transform={`matrix(${a} ${d} ${b} ${e} ${c} ${f})`}
        />
      );
    }
  }
}

function isReadable(mask: EncodedMask): boolean {
  try {
    unpackedMask(mask);
    return true;
  } catch (error) {
    if (error instanceof StudioError) return false;
    throw error;
  }
}

const BLOB = 'M4 10C3 6 7 3 10 4s7 1 6 6 1 6-4 6-7-1-8-6Z';

/** The shape's frame with air around it; the whole picture for what has none. */
function viewBox(shape: RegionShape, size: Size): string {
  const frame = frameOf(shape, size);
  if (!frame) return `0 0 ${size.width} ${size.height}`;
  const { x, y, width, height, rotation } = frame;
  const reach = rotation === 0 ? Math.max(width, height) : Math.hypot(width, height);
  const side = Math.max(1, 1.25 * reach);
  return [x + width / 2 - side / 2, y + height / 2 - side / 2, side, side].join(' ');
}

function lineOf(points: readonly number[]): string {
  const count = points.length / 2;
  const step = Math.max(1, Math.ceil(count / MOST_POINTS));
  let path = `M${points[0]} ${points[1]}`;
  for (let i = step; i < count; i += step) path += `L${points[2 * i]} ${points[2 * i + 1]}`;
  // The end belongs to it; a lone dab is a line of no length.
  return `${path}L${points[2 * count - 2]} ${points[2 * count - 1]}`;
}

/** The colour of shapes in their pictures (region.module.css). */
const INK = [64, 199, 181];

const maskPictures = new WeakMap<EncodedMask, string>();

/** The mask as a picture that is as transparent as the mask is faint, made once. */
function pictureOf(mask: EncodedMask): string {
  const known = maskPictures.get(mask);
  if (known !== undefined) return known;
  const { width, height, data } = unpackedMask(mask);
  const scale = Math.min(1, MASK_SIDE / Math.max(width, height));
  const full = newContext();
  full.canvas.width = width;
  full.canvas.height = height;
  const pixels = full.createImageData(width, height);
  for (let i = 0; i < data.length; i++) {
    pixels.data.set(INK, 4 * i);
    pixels.data[4 * i + 3] = data[i] * 255;
  }
  full.putImageData(pixels, 0, 0);
  const small = newContext();
  small.canvas.width = Math.max(1, Math.round(width * scale));
  small.canvas.height = Math.max(1, Math.round(height * scale));
  small.imageSmoothingQuality = 'high';
  small.drawImage(full.canvas, 0, 0, small.canvas.width, small.canvas.height);
  const url = small.canvas.toDataURL();
  maskPictures.set(mask, url);
  return url;
}
