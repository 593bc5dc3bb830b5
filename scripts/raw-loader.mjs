import { readFile } from 'node:fs/promises';

const RAW = /\?raw$/;

export function resolve(specifier, context, next) {
  if (!RAW.test(specifier)) return next(specifier, context);
  return { url: new URL(specifier, context.parentURL).href, format: 'module', shortCircuit: true };
}

export async function load(url, context, next) {
  if (!RAW.test(url)) return next(url, context);
  const text = await readFile(new URL(url.replace(RAW, '')), 'utf8');
  return { format: 'module', shortCircuit: true, source: `export default ${JSON.stringify(text)};` };
}
