import { StudioError } from '../core/errors';
import { sha256 } from '../core/hash';
import type { ModelRef } from '../core/recipe';
import {
  parseCard,
  SHIPPED,
  type AnyCard,
  type CardFile,
  type EdgeCard,
  type GeneratorCard,
  type ModelCard,
} from './cards';
import { recogniseOfficial } from './official';
import { floatInitializers, parseOnnx, readFloats } from './onnx-file/onnx';
import type { OnnxModel } from './onnx-file/schema';
import { onnxFromPth } from './pidinet/load';
import { EDGE_OUTPUTS } from './pidinet/pidinet';

/** Where files of `public/models` come from: fetched in the browser, read from disk in Node. */
export interface WeightSource {
  /** The bytes of `public/models/<file>`, or null if there is no such file. @throws when it cannot be had. */
  read(file: string): Promise<Uint8Array<ArrayBuffer> | null>;
}

/** A network file, checked: against its card, or, one that the person brought, for what it holds. */
export interface LoadedModel<Card extends ModelCard = ModelCard> {
  readonly ref: ModelRef;
  /** What to call it in sentences: its file name. */
  readonly name: string;
  readonly licence: string;
  readonly title: string;
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Null for weights that the person brought. */
  readonly card: Card | null;
}

/** The shipped edge detector. @throws StudioError `missing-weights`, `altered-weights`, `bad-weights`. */
export async function loadShippedEdges(source: WeightSource): Promise<LoadedModel<EdgeCard>> {
  const model = await loadShipped(source, SHIPPED.edges);
  if (!model || model.card?.task !== 'edges') {
    throw new StudioError(
      'missing-weights',
      'model',
      `The edge detector (models/${SHIPPED.edges}) is missing. Install the studio again.`,
    );
  }
  return model as LoadedModel<EdgeCard>;
}

/** The shipped generator, or null where none is shipped. @throws StudioError `altered-weights`, `bad-weights`. */
export async function loadShippedGenerator(source: WeightSource): Promise<LoadedModel<GeneratorCard> | null> {
  const model = await loadShipped(source, SHIPPED.generator);
  return model?.card?.task === 'edge-to-image' ? (model as LoadedModel<GeneratorCard>) : null;
}

/** A card, without its weights; null where there is none. @throws StudioError `bad-weights` if it is none. */
export async function readShippedCard(source: WeightSource, cardFile: string): Promise<AnyCard | null> {
  const text = await source.read(cardFile);
  return text && parseCard(new TextDecoder().decode(text), `models/${cardFile}`);
}

/** A network of one file by its card; null where the card is missing. @throws as {@link readVouched}, `bad-weights`. */
export async function loadShipped(source: WeightSource, cardFile: string): Promise<LoadedModel | null> {
  const card = await readShippedCard(source, cardFile);
  // Segmentation is two files (models/sam/load.ts); a card of it in another's place is the wrong card.
  if (!card || card.task === 'segmentation') return null;
  const bytes = await readVouched(source, card);
  const ref = { id: card.id, sha256: card.sha256 };
  return { ref, name: card.file, licence: card.licence, title: card.title, bytes, card };
}

/** The bytes of a shipped file, held against its card. @throws StudioError `missing-weights`, `altered-weights`. */
export async function readVouched(source: WeightSource, { file, sha256: wanted }: CardFile) {
  const bytes = await source.read(file);
  if (!bytes) {
    const message = `The weights models/${file} are missing. Install the studio again.`;
    throw new StudioError('missing-weights', 'model', message, { file });
  }
  const hash = await sha256(bytes);
  if (hash !== wanted) {
    throw new StudioError(
      'altered-weights',
      'model',
      `models/${file} is not the file its card describes (SHA-256 ${hash.slice(0, 12)}… instead of ${wanted.slice(0, 12)}…). Install the studio again.`,
      { file },
    );
  }
  return bytes;
}

/**
 * Edge-detector weights that the person brings: an ONNX file of PiDiNet's form, or a PiDiNet `.pth`, whose values go
 * into the graph of its variant. What a file is, its content says, not its name. An official one is recognised by hash.
 * @throws StudioError `bad-weights` or `altered-weights`, naming the file and what to do.
 */
export async function loadOwnEdges(
  bytes: Uint8Array<ArrayBuffer>,
  file: string,
  source: WeightSource,
): Promise<LoadedModel<EdgeCard>> {
  // The hash of the file as given: that is what a manifest can be checked against.
  const hash = await sha256(bytes);
  const official = recogniseOfficial(file, hash);
  const identity = {
    ref: { id: official?.id ?? file, sha256: hash },
    name: file,
    licence: official?.licence ?? 'as its owner states',
    title: official?.title ?? file,
    card: null,
  };
  switch (formatOf(bytes)) {
    case 'pth':
      return { ...identity, bytes: (await onnxFromPth(bytes, file, (name) => template(source, name))).model };
    case 'other':
      checkEdgeNetwork(parseOwnOnnx(bytes, file), file);
      return { ...identity, bytes };
  }
}

/** By the first bytes: a zip or a bare pickle is a checkpoint. */
function formatOf(bytes: Uint8Array): 'pth' | 'other' {
  return (bytes[0] === 0x50 && bytes[1] === 0x4b) || bytes[0] === 0x80 ? 'pth' : 'other';
}

/** An ONNX file that the person brings. @throws StudioError `bad-weights` naming the file: a web page, no network. */
export function parseOwnOnnx(bytes: Uint8Array, file: string): OnnxModel {
  if (/^\uFEFF?\s*</.test(new TextDecoder().decode(bytes.subarray(0, 64)))) {
    const message = `${file} is a web page, not weights. Download the file itself (on GitHub: “Download raw file”).`;
    throw new StudioError('bad-weights', 'model', message, { file });
  }
  return parseOnnx(bytes, file);
}

/** @throws StudioError `bad-weights` if weights lie in files beside this one. */
export function refuseExternalWeights(model: OnnxModel, file: string): void {
  if (!model.graph.initializer.some(({ externalData }) => externalData?.length)) return;
  const message = `${file} keeps its weights in another file. Choose an export of one file.`;
  throw new StudioError('bad-weights', 'model', message, { file });
}

async function template(source: WeightSource, file: string): Promise<Uint8Array<ArrayBuffer>> {
  const graph = await source.read(file);
  if (!graph) {
    const message = `models/${file} is missing. Install the studio again.`;
    throw new StudioError('missing-weights', 'model', message, { file });
  }
  return graph;
}

/** @throws StudioError `bad-weights` unless the network has PiDiNet's input and outputs, and all its weights. */
function checkEdgeNetwork(model: OnnxModel, file: string): void {
  const { input, output } = model.graph;
  const missing = EDGE_OUTPUTS.find((name) => !output.some((value) => value.name === name));
  if (missing || !input.some(({ name }) => name === 'image')) {
    const problem = missing ? `it has no output ${missing}` : 'it does not take an input called image';
    const message = `${file} is a network, but no PiDiNet: ${problem}. Choose a PiDiNet file (.onnx or .pth).`;
    throw new StudioError('bad-weights', 'model', message, { file });
  }
  for (const tensor of floatInitializers(model).values()) readFloats(tensor, file);
}
