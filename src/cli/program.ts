import { Command, CommanderError, InvalidArgumentError, Option } from 'commander';
import { COLOUR_SCALES } from '../core/colour-scales';
import { reportOf } from '../core/errors';
import { edgeOutputSchema, operationSchema, type Operation } from '../core/recipe';
import type { Box } from '../core/mask';
import type { PromptPoint } from '../models/sam/segmenter';
import type { RegionKind } from '../synthesis/draw';
import { detectCommand, MAP_WRITERS, type DetectOptions } from './detect';
import { edgesCommand } from './edges';
import { evaluateCommand, type EvaluateOptions } from './evaluate';
import { jndCommand, type JndOptions } from './jnd';
import { regionsCommand, type RegionsOptions } from './regions';
import { recipeCommand, synthCommand } from './synth';
import {
  trainDetectorCommand,
  trainGeneratorCommand,
  type TrainDetectorOptions,
  type TrainGeneratorOptions,
} from './train';

/** Where lines go; without line ends. */
export interface CliOutput {
  /** Help, and results that are text. */
  out(line: string): void;
  /** What was passed over, and what ended the run: one line each. */
  err(line: string): void;
}

function wholeNumber(least: number) {
  return (text: string): number => {
    const value = Number(text);
    if (!Number.isSafeInteger(value) || value < least) {
      throw new InvalidArgumentError(`It takes a whole number from ${least}.`);
    }
    return value;
  };
}

function positiveNumber(text: string): number {
  const value = Number(text);
  if (!(value > 0) || !Number.isFinite(value)) throw new InvalidArgumentError('It takes a number above 0.');
  return value;
}

function operations(text: string): Operation[] {
  const parsed = text.split(',').map((name) => operationSchema.safeParse(name.trim()));
  if (parsed.some(({ success }) => !success)) {
    throw new InvalidArgumentError('It takes remove, replace and merge, separated by commas.');
  }
  return parsed.map(({ data }) => data!);
}

/** Adds one point to those before it. */
function points(text: string, before: readonly PromptPoint[] = []): PromptPoint[] {
  const [x, y, label = 1, ...rest] = numbers(text);
  if (rest.length > 0 || x === undefined || y === undefined || (label !== 0 && label !== 1)) {
    throw new InvalidArgumentError('It takes x,y in pixels, or x,y,0 for what is not to be in it.');
  }
  return [...before, { x, y, label }];
}

function box(text: string): Box {
  const [x0, y0, x1, y1, ...rest] = numbers(text);
  if (rest.length > 0 || y1 === undefined || !(x1 > x0 && y1 > y0)) {
    throw new InvalidArgumentError('It takes x0,y0,x1,y1 in pixels, the upper left corner and the lower right.');
  }
  return { x: x0, y: y0, width: x1 - x0, height: y1 - y0 };
}

/** Numbers separated by commas; none at all if one of them is none. */
function numbers(text: string): number[] {
  const values = text.split(',').map((part) => (part.trim() === '' ? NaN : Number(part)));
  return values.every(Number.isFinite) ? values : [];
}

function createProgram({ out, err }: CliOutput): Command {
  const program = new Command('studio')
    .description('LogicAL Studio on the command line: the same code as the app.')
    .configureOutput({
      writeOut: (text) => out(text.trimEnd()),
      writeErr: (text) => err(text.trimEnd()),
      // Suggestions come on a line of their own; scripts that read errors line by line want one.
      outputError: (text, write) =>
        write(
          text
            .replace(/^error: /, '')
            .trimEnd()
            .replaceAll('\n', ' '),
        ),
    })
    .showHelpAfterError(false)
    .exitOverride();

  program
    .command('edges')
    .description("write PiDiNet's edge strength of an image as 8-bit grey, round(255·P)")
    .argument('<image>')
    .requiredOption('--out <png>', 'file to write')
    .addOption(new Option('--output <map>', 'which map').choices(edgeOutputSchema.options).default('fused'))
    .option('--weights <file>', 'an ONNX file or an official PiDiNet .pth')
    .action(edgesCommand);

  program
    .command('jnd')
    .description('write the just noticeable differences of images as 8-bit grey, round(255·JND / its maximum)')
    .requiredOption('--images <folder>', 'the photographs')
    .requiredOption('--out <folder>', 'where to write')
    .action((options: JndOptions) => jndCommand(options, err));

  program
    .command('regions')
    .description('segment an image: what points and a box ask for, or all its parts; one PNG per region, regions.json')
    .argument('<image>')
    .requiredOption('--out <folder>', 'where to write')
    .option('--points <x,y...>', 'pixels inside the region; x,y,0 for pixels outside it', points)
    .option('--box <x0,y0,x1,y1>', 'a box around the region', box)
    .option('--everything', 'all parts; so it is when nothing is pointed at')
    .option('--grid <n>', 'points a side that everything asks at', wholeNumber(1), 16)
    .option('--encoder <file>', "the encoder of another SAM's ONNX export")
    .option('--decoder <file>', 'its decoder')
    .action((image: string, options: RegionsOptions) => regionsCommand(image, options, err));

  program
    .command('synth')
    .description('make random anomalies in MVTec AD layout, or remake one from its recipe')
    .requiredOption('--images <folder>', 'the photographs (for --recipe: the folder that holds its source and donor)')
    .requiredOption('--out <folder>', 'where to write')
    .option('--recipe <file>', 'remake this result instead')
    .option('--count <n>', 'how many', wholeNumber(1), 1)
    .option('--seed <s>', 'same seed, same bytes', wholeNumber(0), 0)
    .option('--ops <list>', 'operations to draw from', operations, operationSchema.options.slice())
    .addOption(
      new Option('--renderer <name>', 'auto: the generator where it knows the picture')
        .choices(['auto', 'generator', 'direct'])
        .default('auto'),
    )
    .addOption(
      new Option('--regions <kind>', 'semantic: parts of the picture; arbitrary: random shapes; mixed: half and half')
        .choices(['semantic', 'arbitrary', 'mixed'])
        .default('arbitrary'),
    )
    .action(
      (options: {
        images: string;
        out: string;
        recipe?: string;
        count: number;
        seed: number;
        ops: Operation[];
        renderer: 'auto' | 'generator' | 'direct';
        regions: RegionKind;
      }) =>
        options.recipe === undefined
          ? synthCommand({ ...options, operations: options.ops }, err)
          : recipeCommand(options.recipe, options.images, options.out, err),
    );

  program
    .command('detect')
    .description('look for anomalies: an anomaly map and a heat map for each image, and scores.json')
    .argument('<image...>')
    .option('--model <file>', "a detector's .onnx file; the shipped one if left out")
    .requiredOption('--out <folder>', 'where to write')
    .addOption(new Option('--format <name>', 'of the maps, float32').choices(Object.keys(MAP_WRITERS)).default('tiff'))
    .addOption(new Option('--scale <name>', 'colours of the heat maps').choices(COLOUR_SCALES).default('inferno'))
    .action((images: string[], options: DetectOptions) => detectCommand(images, options, err));

  program
    .command('evaluate')
    .description('measure anomaly maps against ground truth: AUROC, AP, AUPRO and, for MVTec LOCO, AU-sPRO')
    .requiredOption('--dataset <folder>', 'MVTec AD, MVTec LOCO, MVTec AD 2 or VisA')
    .requiredOption('--object <name>', 'folder of the object in it')
    .option('--maps <folder>', '<object>/test/<kind>/<id>.tiff or .npy, of the images’ sizes')
    .option('--model [file]', 'make the maps with this detector (.onnx), or with the shipped one')
    .option('--json', 'print JSON instead of a table')
    .action((options: EvaluateOptions) => evaluateCommand(options, out, err));

  const train = program
    .command('train')
    .description('adapt a network to photographs of the normal product; the result is an ordinary ONNX file');
  const common = (command: Command) =>
    command
      .requiredOption('--images <folder>', 'the photographs: of one size, from one camera')
      .requiredOption('--out <file>', 'the .onnx file to write')
      .option('--init <file>', 'the .onnx file to start from; the shipped one if left out')
      .option('--steps <n>', 'how many; chosen by the number of photographs if left out', wholeNumber(1))
      .option('--size <px>', 'side of the squares that are trained on', wholeNumber(1))
      .option('--seed <s>', 'same seed, same run', wholeNumber(0))
      .option('--batch <n>', 'pictures in a step', wholeNumber(1))
      .option('--rate <r>', 'peak of the learning rate', positiveNumber)
      .option('--checkpoint <file>', 'where the run is stored, and taken up again; beside --out if left out')
      .addOption(
        new Option('--device <name>', 'auto: a GPU if there is one; gpu: also one in software')
          .choices(['auto', 'gpu', 'cpu'])
          .default('auto'),
      );
  common(train.command('generator'))
    .description('paint pictures from edges: pix2pixHD and, with a single photograph, DeepSIM')
    .addOption(new Option('--layers <which>', 'what is trained').choices(['all', 'decoder']))
    .addOption(new Option('--mirror', 'mirror half of the pictures; not where there is writing').preset(0.5))
    .action((options: TrainGeneratorOptions) => trainGeneratorCommand(options, { out, err }));
  common(train.command('detector'))
    .description('find anomalies, on such as are synthesised from the photographs')
    .addOption(new Option('--layers <which>', 'what is trained').choices(['all', 'localization']))
    .option('--generator <file>', 'the generator that makes the anomalies; the shipped one if left out')
    .addOption(
      new Option('--regions <kind>', 'semantic: parts of the picture; arbitrary: random shapes; mixed: by turns')
        .choices(['semantic', 'arbitrary', 'mixed'])
        .default('mixed'),
    )
    .action((options: TrainDetectorOptions) => trainDetectorCommand(options, { out, err }));
  return program;
}

/**
 * Runs one command.
 * @param args what follows the program's name.
 * @returns the exit code: 0, or 1 after an error, of which `output.err` got one line.
 */
export async function runCli(args: readonly string[], output: CliOutput): Promise<number> {
  try {
    await createProgram(output).parseAsync(args, { from: 'user' });
    return 0;
  } catch (error) {
    // Commander has said it already.
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 1;
    const { message, code } = reportOf(error, 'cli');
    output.err(message.split('\n', 1)[0]);
    if (code === 'internal' && process.env.DEBUG) console.error(error);
    return 1;
  }
}
