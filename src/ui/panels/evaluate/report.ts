import { byError } from '../../../evaluation/error-order';
import { verdictOf } from '../../../evaluation/threshold';
import type { ColourScale } from '../../../core/colour-scales';
import type { EvaluatedImage } from '../../../project/evaluation';
import { evaluationReport } from '../../../project/evaluation-report';
import type { EvaluatedPictures } from '../../evaluated-pictures';
import { drawOverlay, type Overlay } from './overlay';
import type { Run } from './use-run';

/** Images that a report shows at most, and how large each half is, px. */
const SHOWN = 24;
const SIDE = 320;

/** The evaluation as an HTML document with its worst images in it. */
export async function reportOf(
  { record, details }: Pick<Run, 'record' | 'details'>,
  pictures: EvaluatedPictures,
  range: Overlay['range'],
  scale: ColourScale,
): Promise<string> {
  const { images } = details;
  const order = byError(images, record.threshold).map((i) => images[i]);
  const wrong = order.filter((image) => /miss|alarm/.test(verdictOf(image, record.threshold)));
  // Without errors, the closest calls.
  const worst = (wrong.length > 0 ? wrong : order).slice(0, SHOWN);
  const shown: { image: EvaluatedImage; picture: string }[] = [];
  for (const image of worst) {
    const picture = await pictureOf(image, record.pixelThreshold, pictures, range, scale);
    if (picture !== null) shown.push({ image, picture });
  }
  return evaluationReport(record, details, { shown, now: new Date() });
}

/** Photograph with ground truth, and beside it with the heat map, as a `data:` address; null where nothing is kept. */
async function pictureOf(
  image: EvaluatedImage,
  pixelThreshold: number | null,
  pictures: EvaluatedPictures,
  range: Overlay['range'],
  scale: ColourScale,
): Promise<string | null> {
  if (!image.photo) return null;
  const fit = SIDE / Math.max(image.width, image.height);
  const [width, height] = [Math.round(image.width * fit), Math.round(image.height * fit)];
  let photo: ImageBitmap;
  try {
    const response = await fetch(await pictures.photos.urlOf(image.photo));
    photo = await createImageBitmap(await response.blob());
  } catch {
    return null;
  }
  const nothing = () => null;
  const [map, truth] = await Promise.all([pictures.map(image).catch(nothing), pictures.truth(image).catch(nothing)]);
  const canvas = new OffscreenCanvas(2 * width, height);
  const context = canvas.getContext('2d');
  const half = new OffscreenCanvas(width, height);
  const halves: Overlay[] = [
    { map: null, range, scale, heat: 0, truth, pixelThreshold: null },
    { map, range, scale, heat: 0.75, truth: null, pixelThreshold },
  ];
  halves.forEach((overlay, i) => {
    context?.drawImage(photo, i * width, 0, width, height);
    drawOverlay(half, overlay, 1);
    context?.drawImage(half, i * width, 0);
  });
  photo.close();
  const blob = await canvas.convertToBlob({ type: 'image/jpeg', quality: 0.85 });
  return dataUrl(blob);
}

function dataUrl(blob: Blob): Promise<string> {
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onload = () => resolve(String(reader.result));
    reader.onerror = () => reject(reader.error ?? new Error('A picture could not be written.'));
    reader.readAsDataURL(blob);
  });
}
