import path from 'node:path';
import { reportOf, StudioError } from '../core/errors';
import { sha256 } from '../core/hash';
import { Random } from '../core/random';
import { image8FromRaster } from '../core/raster';
import { recipeSchema, type Operation, type Recipe, type RegionShape } from '../core/recipe';
import type { BinaryMask } from '../core/mask';
import { WORKING_SIDE } from '../core/size';
import { encodeGreyPng, encodeRgbPng } from '../datasets/codec';
import { categoryName, mvtecAdEntries, type ExportPair } from '../datasets/mvtec-ad';
import { randomDonor } from '../synthesis/donor';
import { suitsGenerator } from '../synthesis/fit';
import { drawRequest, type Drawable, type RegionKind } from '../synthesis/draw';
import { DEFAULT_SHARE, recipeFor, requestOf } from '../synthesis/recipes';
import { PreparedSource } from '../synthesis/source';
import { finishMask, synthesize } from '../synthesis/synthesize';
import type { SynthesisRequest } from '../synthesis/types';
import { PARTS_GRID } from '../synthesis/parts/find';
import { partRegion } from '../synthesis/parts/region';
import type { Part } from '../synthesis/parts/refine';
import { openSam, partsOf, type NodeSam } from './sam';
import { listImages, readBytes, readPhotograph, writeBytes, type Photograph } from './files';
import { openStages, type NodeStages } from './stages';

export interface SynthOptions {
  readonly images: string;
  readonly out: string;
  readonly count: number;
  readonly seed: number;
  readonly operations: readonly Operation[];
  readonly renderer: 'auto' | 'generator' | 'direct';
  readonly regions: RegionKind;
}

/** Draws again this often when a draw changes nothing (a region without edges, a donor alike). */
const ATTEMPTS = 8;
/** Prepared images held: sources and donors repeat in small folders. */
const PREPARED = 24;

/** `synth --images`: random anomalies in MVTec AD layout. The same seed gives the same bytes. */
export async function synthCommand(options: SynthOptions, warn: (line: string) => void): Promise<void> {
  const names = await listImages(options.images);
  const node = await openStages({ generator: options.renderer !== 'direct' });
  if (options.renderer === 'generator' && !node.stages.generator) {
    throw new StudioError('missing-weights', 'cli', 'No generator is installed; use --renderer direct.');
  }
  const sam = options.regions === 'arbitrary' ? null : await openSam();
  const shelf = new Shelf(options.images, names, node, warn, sam);
  const category = categoryName(path.basename(path.resolve(options.images)));
  const entries = mvtecAdEntries(category, pairs(options, shelf, warn), [], {
    models: [...node.models, ...(sam ? [sam] : [])].map(({ ref, licence }) => ({ ...ref, licence })),
    createdAt: null,
    sha256,
  });
  for await (const { path: name, bytes } of entries) await writeBytes(path.join(options.out, name), bytes);
}

async function* pairs(options: SynthOptions, shelf: Shelf, warn: (line: string) => void): AsyncGenerator<ExportPair> {
  const root = new Random(options.seed);
  for (let i = 0; i < options.count; i++) {
    const pair = await drawPair(root.fork(`pair ${i}`), options, shelf);
    if (pair) yield pair;
    else warn(`pair ${i}: ${ATTEMPTS} draws changed nothing in the picture; left out.`);
  }
}

async function drawPair(random: Random, options: SynthOptions, shelf: Shelf): Promise<ExportPair | null> {
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const chance = random.fork(`attempt ${attempt}`);
    const target = await shelf.draw(chance.fork('image'));
    const { width, height } = target.source.raster;
    const { operations, regions, renderer } = options;
    const picture: Drawable = {
      width,
      height,
      renderer: async () => (renderer === 'auto' ? shelf.rendererOf(target) : renderer),
      foreground: () => shelf.foreground(target),
      part: (random) => shelf.part(target, random),
    };
    const drawn = await drawRequest(chance, picture, { operations, regions, share: DEFAULT_SHARE });
    if (!drawn) continue;
    const { request, shapes, feather } = drawn;
    const donor = request.operation === 'remove' ? null : await shelf.draw(chance.fork('donor'), target.photograph.id);
    const recipe = recipeFor(request, shelf.node.stages, {
      seed: chance.seed,
      source: target.photograph.ref,
      donor: donor?.photograph.ref ?? null,
      shapes,
      feather,
    });
    const made = await render(request, target.source, donor?.source ?? null);
    if (made.area > 0) {
      return { recipe, name: target.photograph.ref.name, image: made.image, mask: made.mask };
    }
  }
  return null;
}

/** `synth --recipe`: remakes one result as `<name>.png` and `<name>_mask.png`. */
export async function recipeCommand(
  file: string,
  images: string,
  out: string,
  warn: (line: string) => void,
): Promise<void> {
  const bytes = await readBytes(file);
  let recipe: Recipe;
  let request: SynthesisRequest;
  try {
    recipe = recipeSchema.parse(JSON.parse(new TextDecoder().decode(bytes)));
    request = requestOf(recipe);
  } catch (cause) {
    const problem = cause instanceof StudioError ? 'holds a damaged mask' : 'is not a recipe this version reads';
    const message = `${file} ${problem}. Use a recipe as it was written.`;
    throw new StudioError('bad-recipe', 'cli', message, { file, cause });
  }
  const node = await openStages({ generator: recipe.renderer.kind === 'generator' });
  checkModels(recipe, node, file);
  const shelf = new Shelf(images, await listImages(images), node, warn);
  const source = await shelf.find(recipe.source);
  const donor = recipe.donor ? await shelf.find(recipe.donor.image) : null;
  const { width, height } = source.source.raster;
  if (width !== recipe.size.width || height !== recipe.size.height) {
    const message = `${file} works at ${recipe.size.width}×${recipe.size.height}, and ${recipe.source.name} is worked on at ${width}×${height}. Use a recipe as it was written.`;
    throw new StudioError('bad-recipe', 'cli', message, { file });
  }
  const made = await render(request, source.source, donor?.source ?? null);
  const stem = path.join(out, path.basename(file).replace(/\.json$/i, ''));
  await writeBytes(`${stem}.png`, made.image);
  await writeBytes(`${stem}_mask.png`, made.mask);
}

function checkModels(recipe: Recipe, node: NodeStages, file: string): void {
  const used = [recipe.edges.model, ...(recipe.renderer.kind === 'generator' ? [recipe.renderer.model] : [])];
  for (const { id, sha256: hash } of used) {
    if (!node.models.some(({ ref }) => ref.sha256 === hash)) {
      const message = `${file} was made with other weights (${id}, SHA-256 ${hash.slice(0, 12)}…) than are installed. Install those to remake it.`;
      throw new StudioError('missing-weights', 'cli', message, { file });
    }
  }
}

async function render(request: SynthesisRequest, source: PreparedSource, donor: PreparedSource | null) {
  const { backend } = source.stages;
  const synthesis = await synthesize(source, donor, request);
  try {
    const result = await backend.download(synthesis.result);
    const mask = finishMask(await backend.download(synthesis.changed), request);
    return {
      image: encodeRgbPng(image8FromRaster(result)),
      mask: encodeGreyPng(
        Uint8Array.from(mask.data, (inside) => inside * 255),
        mask.width,
        mask.height,
      ),
      area: mask.data.reduce((sum, inside) => sum + inside, 0),
    };
  } finally {
    synthesis.dispose();
  }
}

interface Held {
  readonly photograph: Photograph;
  readonly source: PreparedSource;
  /** Its parts, once they were asked for. */
  parts?: readonly Part[];
  /** Where the product is, once that was asked for. */
  foreground?: BinaryMask;
}

/** The images of a folder, read when needed; bad ones are reported once and passed over. */
class Shelf {
  readonly #held = new Map<string, Held>();
  /** The name under which each picture was met first, by hash. */
  readonly #first = new Map<string, string>();
  #names: string[];

  constructor(
    private readonly folder: string,
    names: readonly string[],
    readonly node: NodeStages,
    private readonly warn: (line: string) => void,
    private readonly sam: NodeSam | null = null,
  ) {
    this.#names = [...names];
  }

  /** A random image, other than the one with this hash. @throws StudioError `no-images` when none is left. */
  async draw(random: Random, not?: string): Promise<Held> {
    for (;;) {
      const name = randomDonor(
        random,
        (not !== undefined && this.#first.get(not)) || '',
        this.#names.map((id) => ({ id })),
      )?.id;
      if (name === undefined) {
        const message =
          not === undefined
            ? `${this.folder} holds no image that can be used; the lines above say why.`
            : `${this.folder} holds only one usable image; replace and merge need another as the donor. Add images, or use --ops remove.`;
        throw new StudioError('no-images', 'cli', message, { file: this.folder });
      }
      try {
        const held = await this.#take(name);
        const twin = this.#first.get(held.photograph.id) ?? name;
        this.#first.set(held.photograph.id, twin);
        if (twin === name) return held;
        this.#pass(name, `${name} is the same picture as ${twin}, so it was left out. Remove the copy if you like.`);
      } catch (error) {
        if (!(error instanceof StudioError)) throw error;
        this.#pass(name, reportOf(error, 'cli').message);
      }
    }
  }

  /** The image a recipe names: by its name if the hash agrees, else by its hash. */
  async find(ref: Photograph['ref']): Promise<Held> {
    const likely = this.#names.filter((name) => path.posix.basename(name) === path.posix.basename(ref.name));
    for (const name of [...likely, ...this.#names.filter((other) => !likely.includes(other))]) {
      let bytes;
      try {
        bytes = await readBytes(path.join(this.folder, name));
      } catch (error) {
        // It may not be the one that is wanted.
        this.#pass(name, reportOf(error, 'cli').message);
        continue;
      }
      if ((await sha256(bytes)) === ref.sha256) return this.#take(name);
    }
    const message = `${ref.name} (SHA-256 ${ref.sha256.slice(0, 12)}…) is not in ${this.folder}. Name the folder that holds it.`;
    throw new StudioError('file-vanished', 'cli', message, { file: ref.name });
  }

  /** The generator where it remakes the picture as well as those it was trained on. */
  async rendererOf({ source }: Held): Promise<'generator' | 'direct'> {
    const { generator } = this.node;
    return generator && (await suitsGenerator(source, generator.limits)) ? 'generator' : 'direct';
  }

  /** A random part of the image as a region; null if it has none. */
  async part(held: Held, random: Random): Promise<RegionShape[] | null> {
    if (!this.sam) throw new RangeError('Semantic regions need a segmentation network.');
    held.parts ??= await partsOf(this.sam, held.source.raster, PARTS_GRID);
    if (held.parts.length === 0) return null;
    return partRegion(random.pick(held.parts).mask, 'part');
  }

  /** Where the image's product is: arbitrary regions fall there, not on the plain ground around it. */
  async foreground(held: Held): Promise<BinaryMask> {
    held.foreground ??= (await held.source.foreground()).above();
    return held.foreground;
  }

  /** Says why a file is left out, and leaves it out from now on. */
  #pass(name: string, reason: string): void {
    this.warn(reason);
    this.#names = this.#names.filter((other) => other !== name);
    this.#held.get(name)?.source.dispose();
    this.#held.delete(name);
  }

  async #take(name: string): Promise<Held> {
    let held = this.#held.get(name);
    if (!held) {
      const photograph = await readPhotograph(path.join(this.folder, name), name, WORKING_SIDE);
      held = { photograph, source: new PreparedSource(photograph.raster, this.node.stages) };
    }
    this.#held.delete(name);
    this.#held.set(name, held);
    for (const [oldest, old] of this.#held) {
      if (this.#held.size <= PREPARED) break;
      old.source.dispose();
      this.#held.delete(oldest);
    }
    return held;
  }
}
