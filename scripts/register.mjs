// Lets Node run the studio's own TypeScript: tsx for the syntax, and a loader for `?raw` (shader text), as Vite has it.
import { register } from 'node:module';
import { register as registerTsx } from 'tsx/esm/api';

registerTsx();
register('./raw-loader.mjs', import.meta.url);
