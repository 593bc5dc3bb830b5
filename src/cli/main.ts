import { Command, InvalidArgumentError, Option } from 'commander';
import { reportOf } from '../core/errors';
import { edgeOutputSchema, operationSchema, type Operation } from '../core/recipe';
import { edgesCommand } from './edges';
import { recipeCommand, synthCommand } from './synth';

const warn = (line: string) => process.stderr.write(`${line}\n`);

function wholeNumber(least: number) {
  return (text: string): number => {
    const value = Number(text);
    if (!Number.isSafeInteger(value) || value < least) {
      throw new InvalidArgumentError(`It takes a whole number from ${least}.`);
    }
    return value;
  };
}

function operations(text: string): Operation[] {
  const parsed = text.split(',').map((name) => operationSchema.safeParse(name.trim()));
  if (parsed.some(({ success }) => !success)) {
    throw new InvalidArgumentError('It takes remove, replace and merge, separated by commas.');
  }
  return parsed.map(({ data }) => data!);
}

const program = new Command('studio')
  .description('LogicAL Studio on the command line: the same code as the app.')
  .configureOutput({ outputError: (text, write) => write(text.replace(/^error: /, '')) })
  .showHelpAfterError(false);

program
  .command('edges')
  .description("write PiDiNet's edge strength of an image as 8-bit grey, round(255·P)")
  .argument('<image>')
  .requiredOption('--out <png>', 'file to write')
  .addOption(new Option('--output <map>', 'which map').choices(edgeOutputSchema.options).default('fused'))
  .option('--weights <file>', 'an ONNX file or an official PiDiNet .pth')
  .action(edgesCommand);

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
  .action(
    (options: {
      images: string;
      out: string;
      recipe?: string;
      count: number;
      seed: number;
      ops: Operation[];
      renderer: 'auto' | 'generator' | 'direct';
    }) =>
      options.recipe === undefined
        ? synthCommand({ ...options, operations: options.ops }, warn)
        : recipeCommand(options.recipe, options.images, options.out, warn),
  );

try {
  await program.parseAsync();
} catch (error) {
  const { message, code } = reportOf(error, 'cli');
  warn(message.split('\n', 1)[0]);
  if (code === 'internal' && process.env.DEBUG) console.error(error);
  process.exitCode = 1;
}
