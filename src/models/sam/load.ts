import { StudioError } from '../../core/errors';
import { sha256 } from '../../core/hash';
import type { ModelRef } from '../../core/recipe';
import { SHIPPED, type SegmentationCard } from '../cards';
import { officialOf, type WeightFile } from '../official';
import { metadata, parseOnnx } from '../onnx-file/onnx';
import type { OnnxModel } from '../onnx-file/schema';
import { signatureOf } from '../onnx-file/signature';
import { readShippedCard, readVouched, refuseExternalWeights, type WeightSource } from '../weights';
import { pairSide, recogniseSam, type SamDecoder, type SamEncoder } from './family';

/** The two files of a SAM, checked. */
export interface SamModel {
  /** Of the encoder: it decides what the decoder sees. */
  readonly ref: ModelRef;
  readonly title: string;
  readonly licence: string;
  readonly encoder: WeightFile;
  readonly decoder: WeightFile;
  /** SHA-256 of the decoder; the encoder's is that of {@link ref}. */
  readonly decoderHash: string;
  /** Whether the decoder knows the labels 2 and 3 of a box's corners, as its file says. */
  readonly boxLabels: boolean;
  /** Null for files that the person brought. */
  readonly card: SegmentationCard | null;
}

/** What is shipped, without its weights; null where none is. @throws StudioError `bad-weights`. */
export async function readShippedSamCard(source: WeightSource): Promise<SegmentationCard | null> {
  const card = await readShippedCard(source, SHIPPED.segmentation);
  if (!card) return null;
  if (card.task !== 'segmentation') {
    const file = `models/${SHIPPED.segmentation}`;
    const message = `${file} is not the card of a segmentation network. Install the studio again.`;
    throw new StudioError('bad-weights', 'model', message, { file });
  }
  return card;
}

/** @throws StudioError `missing-weights`, also where none is shipped; `altered-weights`, `bad-weights`. */
export async function loadShippedSam(source: WeightSource): Promise<SamModel> {
  const card = await readShippedSamCard(source);
  if (!card) {
    const message =
      'No segmentation network is installed. Draw the region by hand, or bring the two .onnx files of a SAM.';
    throw new StudioError('missing-weights', 'model', message, { file: SHIPPED.segmentation });
  }
  const [encoder, decoder] = await Promise.all(
    [card.encoder, card.decoder].map(async (entry) => ({ name: entry.file, bytes: await readVouched(source, entry) })),
  );
  const { id, title, licence } = card;
  const boxLabels = knowsBoxLabels(parseOnnx(decoder.bytes, decoder.name));
  const ref = { id, sha256: card.encoder.sha256 };
  return { ref, title, licence, encoder, decoder, decoderHash: card.decoder.sha256, boxLabels, card };
}

/**
 * The two files of a SAM that the person brings, in any order.
 * @throws StudioError `bad-weights` naming the file and what to do: one missing, no network, no SAM, not of one export.
 */
export async function loadOwnSam(files: readonly WeightFile[]): Promise<SamModel> {
  let encoder: { file: WeightFile; form: SamEncoder } | null = null;
  let decoder: { file: WeightFile; form: SamDecoder; model: OnnxModel } | null = null;
  for (const file of files) {
    const model = parseOnnx(file.bytes, file.name);
    refuseExternalWeights(model, file.name);
    const form = recogniseSam(signatureOf(model), file.name);
    const other = form.role === 'encoder' ? encoder : decoder;
    if (other) {
      const message =
        `${other.file.name} and ${file.name} are both the ${form.role} of a SAM. ` +
        `Choose one of them, together with the ${form.role === 'encoder' ? 'decoder' : 'encoder'}.`;
      throw new StudioError('bad-weights', 'model', message, { file: file.name });
    }
    if (form.role === 'encoder') encoder = { file, form };
    else decoder = { file, form, model };
  }
  if (!encoder || !decoder) {
    const [have, lack] = encoder ? ['encoder', 'decoder'] : ['decoder', 'encoder'];
    const file = (encoder ?? decoder)?.file.name;
    const message = file
      ? `${file} is the ${have} of a SAM, which works together with its ${lack}. Choose both files at once.`
      : 'A SAM is two files. Choose its encoder and its decoder at once.';
    throw new StudioError('bad-weights', 'model', message, { file });
  }
  pairSide(encoder.form, decoder.form, { encoder: encoder.file.name, decoder: decoder.file.name });
  const [hash, decoderHash] = await Promise.all([sha256(encoder.file.bytes), sha256(decoder.file.bytes)]);
  const official = officialOf(hash, 'segmentation');
  return {
    ref: { id: official?.id ?? encoder.file.name, sha256: hash },
    title: official?.title ?? encoder.file.name,
    licence: official?.licence ?? 'as its owner states',
    encoder: encoder.file,
    decoder: decoder.file,
    decoderHash,
    boxLabels: knowsBoxLabels(decoder.model),
    card: null,
  };
}

/** The transformers.js export has no way to say it, so ours says it in the file's metadata. */
function knowsBoxLabels(decoder: OnnxModel): boolean {
  const labels = metadata(decoder, 'sam.box_labels')?.match(/\d+/g);
  return labels?.join() === '2,3';
}
