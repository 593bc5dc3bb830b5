import { measured } from './evaluate';

// A process of its own, so that its peak memory is that of the evaluation.
console.log(JSON.stringify(await measured(process.argv[2], process.argv[3])));
