/**
 * The house, from the ground up. A folder may import from those its row names, and from itself.
 * Stages (synthesis, evaluation, training) never import each other.
 */
const house = {
  core: [],
  compute: ['core'],
  models: ['core', 'compute'],
  synthesis: ['core', 'compute', 'models'],
  evaluation: ['core', 'compute', 'models'],
  training: ['core', 'compute', 'models'],
  datasets: ['core', 'compute', 'models', 'synthesis', 'evaluation', 'training'],
  project: ['core', 'compute', 'models', 'synthesis', 'evaluation', 'training', 'datasets'],
  worker: ['core', 'compute', 'models', 'synthesis', 'evaluation', 'training', 'datasets', 'project'],
  cli: ['core', 'compute', 'models', 'synthesis', 'evaluation', 'training', 'datasets', 'project'],
  ui: ['core', 'compute', 'models', 'synthesis', 'evaluation', 'training', 'datasets', 'project', 'worker'],
};

module.exports = {
  forbidden: [
    { name: 'no-cycles', severity: 'error', from: {}, to: { circular: true } },
    {
      name: 'no-unresolved',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true, pathNot: '\\?(raw|url|worker)' },
    },
    {
      name: 'no-dead-modules',
      severity: 'error',
      from: { orphan: true, pathNot: ['\\.d\\.ts$', '\\.test\\.ts$', '\\.wgsl$'] },
      to: {},
    },
    ...Object.entries(house).map(([folder, allowed]) => ({
      name: `${folder}-imports-only-from-below`,
      severity: 'error',
      from: { path: `^src/${folder}/`, pathNot: '\\.test\\.ts$' },
      to: { path: '^src/', pathNot: `^src/(${[folder, ...allowed].join('|')})/` },
    })),
    {
      name: 'react-only-in-ui',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/ui/' },
      to: { path: 'node_modules/(react|react-dom|react-konva|konva|@mantine)/' },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'require', 'node', 'default'] },
  },
};
