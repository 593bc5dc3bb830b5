import type { TrainingRunRecord } from '../project/training';
import { matches, parseShortcut, type KeyPress } from './shortcuts';
import { LAYERS, PAGES, type LayerId, type Page, type SessionState, type ToolId, type ViewMode } from './session';
import type { Studio } from './studio';

export const GROUPS = ['Studio', 'Edit', 'Tools', 'Region', 'Make', 'View', 'Results', 'Train'] as const;
export type ActionGroup = (typeof GROUPS)[number];

/**
 * Everything that has a name, in one table: buttons, shortcuts, their overview and the command palette read it.
 */
export interface Action {
  readonly id: string;
  readonly label: string;
  readonly group: ActionGroup;
  /** See shortcuts.ts; any of them. */
  readonly keys: readonly string[];
  /** `step`: a step of the history; `view`: of no consequence for the work; `none`: cannot be undone, or need not be. */
  readonly undo: 'step' | 'view' | 'none';
  /** Where its keys count: `canvas` only while the canvas has the focus. */
  readonly scope?: 'canvas';
  /** A held key repeats it. */
  readonly repeats?: boolean;
  /** Left out of the overview, which says it in one line for all of them. */
  readonly gathered?: boolean;
  /** Left out of the palette: makes sense with a key alone. */
  readonly keyOnly?: boolean;
  /** While it cannot be done, its keys do what they do elsewhere on a page. */
  readonly yields?: boolean;
  enabled(studio: Studio): boolean;
  run(studio: Studio, shell: Shell): void | Promise<void>;
}

/** What belongs to the page around the studio. */
export interface Shell {
  chooseFolder(): void;
  chooseFiles(): void;
  openPalette(): void;
  toggleTheme(): void;
}

const always = () => true;
const state = (studio: Studio): SessionState => studio.session.getState();
const synthesizing = (studio: Studio) => state(studio).page === 'synthesize' && state(studio).opened !== null;
const withRegion = (studio: Studio) => synthesizing(studio) && (studio.draft?.shapes.length ?? 0) > 0;
const pointing = (studio: Studio) => synthesizing(studio) && state(studio).tool === 'smart';
const detecting = (studio: Studio) => synthesizing(studio) && state(studio).detection.network !== null;
const withDonor = (studio: Studio) => synthesizing(studio) && studio.draft?.operation !== 'remove';

export const PAGE_NAMES: Readonly<Record<Page, string>> = {
  dataset: 'Dataset',
  synthesize: 'Synthesize',
  train: 'Train',
  evaluate: 'Evaluate',
  export: 'Export',
};

/**
 * Whether there is nothing to do on a page without a dataset. Test sets are brought to the page Evaluate itself, and runs
 * outlast the dataset they were trained on.
 */
export function needsDataset(page: Page): boolean {
  return page === 'synthesize' || page === 'export';
}

export const LAYER_NAMES: Readonly<Record<LayerId, string>> = {
  photo: 'Photograph',
  result: 'Result',
  edges: 'Edges',
  editedEdges: 'Edited edges',
  mask: 'Changed mask',
  heat: 'Heat map',
  reconstruction: 'Reconstruction',
  foreground: 'Foreground',
  parts: 'Parts',
  region: 'Region',
};

/** In the order of the list; their keys are Shift and the digits from 1 to 0. */
export const LAYER_ORDER = [...LAYERS].reverse();

const TOOL_ACTIONS: readonly [ToolId, string, string][] = [
  ['select', 'Select and move shapes', 'v'],
  ['smart', 'Smart select', 'j'],
  ['rectangle', 'Rectangle', 'r'],
  ['ellipse', 'Ellipse', 'e'],
  ['lasso', 'Lasso', 'l'],
  ['polygon', 'Polygon', 'p'],
  ['brush', 'Brush', 'b'],
  ['eraser', 'Eraser', 'x'],
  ['wand', 'Magic wand', 'z'],
  ['donor', 'Move the donor', 'm'],
  ['pan', 'Pan', 'h'],
];

const VIEW_ACTIONS: readonly [ViewMode, string, string][] = [
  ['single', 'One picture', 'q'],
  ['wipe', 'Wipe before and after', 'w'],
  ['split', 'Side by side', 'd'],
  ['grid', 'Photograph, edges, edited edges, result', 'g'],
];

export const ACTIONS: readonly Action[] = [
  {
    id: 'demo',
    label: 'Open the demo',
    group: 'Studio',
    keys: [],
    undo: 'none',
    enabled: always,
    run: (studio) => studio.openDemo(),
  },
  {
    id: 'folder',
    label: 'Add a folder of photographs…',
    group: 'Studio',
    keys: ['mod+o'],
    undo: 'none',
    enabled: (studio) => state(studio).importing === null,
    run: (_, shell) => shell.chooseFolder(),
  },
  {
    id: 'files',
    label: 'Add single photographs…',
    group: 'Studio',
    keys: ['mod+shift+o'],
    undo: 'none',
    enabled: (studio) => state(studio).importing === null,
    run: (_, shell) => shell.chooseFiles(),
  },
  ...PAGES.map((page, i): Action => ({
    id: `page-${page}`,
    label: `Go to ${PAGE_NAMES[page]}`,
    group: 'Studio',
    keys: [`alt+${i + 1}`],
    undo: 'view',
    enabled: (studio) => !needsDataset(page) || Object.keys(studio.document.datasets).length > 0,
    run: (studio) => studio.go(page),
  })),
  {
    id: 'palette',
    label: 'Command palette',
    group: 'Studio',
    keys: ['mod+k'],
    undo: 'view',
    keyOnly: true,
    enabled: always,
    run: (_, shell) => shell.openPalette(),
  },
  {
    id: 'shortcuts',
    label: 'Keyboard shortcuts',
    group: 'Studio',
    keys: ['?'],
    undo: 'view',
    enabled: always,
    run: (studio) => studio.session.setState({ shortcutsOpen: true }),
  },
  {
    id: 'networks',
    label: 'Networks and weights',
    group: 'Studio',
    keys: [],
    undo: 'view',
    enabled: always,
    run: (studio) => {
      studio.session.setState({ networksOpen: true });
      return studio.listNetworks();
    },
  },
  {
    id: 'theme',
    label: 'Switch between light and dark',
    group: 'Studio',
    keys: ['shift+t'],
    undo: 'view',
    enabled: always,
    run: (_, shell) => shell.toggleTheme(),
  },
  {
    id: 'undo',
    label: 'Undo',
    group: 'Edit',
    keys: ['mod+z'],
    undo: 'none',
    repeats: true,
    enabled: (studio) => studio.project.getState().history.canUndo,
    run: (studio) => studio.undo(),
  },
  {
    id: 'redo',
    label: 'Redo',
    group: 'Edit',
    keys: ['mod+shift+z', 'mod+y'],
    undo: 'none',
    repeats: true,
    enabled: (studio) => studio.project.getState().history.canRedo,
    run: (studio) => studio.redo(),
  },
  ...TOOL_ACTIONS.map(([tool, label, key]): Action => ({
    id: `tool-${tool}`,
    label,
    group: 'Tools',
    keys: [key],
    undo: 'view',
    enabled: tool === 'donor' ? withDonor : synthesizing,
    run: (studio) => {
      studio.session.setState({ tool });
      studio.canvas?.focus();
    },
  })),
  {
    id: 'brush-smaller',
    label: 'Smaller brush, pickier wand',
    group: 'Tools',
    keys: ['['],
    undo: 'view',
    repeats: true,
    keyOnly: true,
    enabled: synthesizing,
    run: (studio) => {
      if (state(studio).tool === 'wand') studio.wand.widen(-2);
      else studio.setBrush({ radius: Math.max(0.5, state(studio).brush.radius / 1.2) });
    },
  },
  {
    id: 'brush-larger',
    label: 'Larger brush, more tolerant wand',
    group: 'Tools',
    keys: [']'],
    undo: 'view',
    repeats: true,
    keyOnly: true,
    enabled: synthesizing,
    run: (studio) => {
      if (state(studio).tool === 'wand') studio.wand.widen(2);
      else studio.setBrush({ radius: Math.min(256, state(studio).brush.radius * 1.2) });
    },
  },
  {
    id: 'brush-harder',
    label: 'Harder brush',
    group: 'Tools',
    keys: ['{'],
    undo: 'view',
    repeats: true,
    keyOnly: true,
    enabled: synthesizing,
    run: (studio) => studio.setBrush({ softness: Math.max(0, state(studio).brush.softness - 0.1) }),
  },
  {
    id: 'brush-softer',
    label: 'Softer brush',
    group: 'Tools',
    keys: ['}'],
    undo: 'view',
    repeats: true,
    keyOnly: true,
    enabled: synthesizing,
    run: (studio) => studio.setBrush({ softness: Math.min(1, state(studio).brush.softness + 0.1) }),
  },
  ...([1, -1] as const).map((step): Action => ({
    id: step === 1 ? 'coarser' : 'finer',
    label: `Smart select: a ${step === 1 ? 'coarser' : 'finer'} part`,
    group: 'Tools',
    keys: [step === 1 ? 'tab' : 'shift+tab'],
    undo: 'step',
    scope: 'canvas',
    yields: true,
    enabled: (studio) => pointing(studio) && studio.segmenting.canCycle,
    run: (studio) => studio.segmenting.cycle(step),
  })),
  ...(['more', 'less'] as const).map((which): Action => ({
    id: `smart-${which}`,
    label: `Smart select: ${which} of this, at the crosshair`,
    group: 'Tools',
    keys: [which === 'more' ? 'shift+enter' : 'alt+enter'],
    undo: 'step',
    scope: 'canvas',
    keyOnly: true,
    enabled: pointing,
    run: (studio) => void studio.canvas?.tool('finish', { shift: which === 'more', alt: which === 'less', mod: false }),
  })),
  {
    id: 'find-parts',
    label: 'Find parts',
    group: 'Region',
    keys: ['shift+j'],
    undo: 'none',
    enabled: (studio) => synthesizing(studio) && !state(studio).parts?.job,
    run: (studio) => studio.segmenting.findParts(),
  },
  {
    id: 'product-only',
    label: 'Parts on the product only, or anywhere',
    group: 'Region',
    keys: [],
    undo: 'view',
    enabled: synthesizing,
    run: (studio) => studio.product.setOnly(!state(studio).product.only),
  },
  {
    id: 'surprise',
    label: 'Surprise me: an arbitrary region',
    group: 'Region',
    keys: ['s'],
    undo: 'step',
    enabled: synthesizing,
    run: (studio) => studio.surprise(),
  },
  {
    id: 'centre-shape',
    label: 'Put a shape in the middle',
    group: 'Region',
    keys: ['enter'],
    undo: 'step',
    scope: 'canvas',
    enabled: synthesizing,
    run: (studio) => {
      if (!studio.canvas?.tool('finish')) studio.addCentralShape();
    },
  },
  {
    id: 'cancel',
    label: 'Cancel the shape being drawn',
    group: 'Region',
    keys: ['escape'],
    undo: 'view',
    keyOnly: true,
    enabled: synthesizing,
    run: (studio) => {
      if (!studio.canvas?.tool('cancel')) studio.selectShape(null);
    },
  },
  {
    id: 'delete-shape',
    label: 'Delete the picked shape',
    group: 'Region',
    keys: ['delete', 'backspace'],
    undo: 'step',
    enabled: synthesizing,
    run: (studio) => {
      if (!studio.canvas?.tool('back')) studio.deleteShape();
    },
  },
  {
    id: 'clear-region',
    label: 'Clear the region',
    group: 'Region',
    keys: ['mod+backspace', 'mod+delete'],
    undo: 'step',
    enabled: withRegion,
    run: (studio) => studio.clearRegion(),
  },
  {
    id: 'invert-region',
    label: 'Invert the region',
    group: 'Region',
    keys: ['i'],
    undo: 'step',
    enabled: withRegion,
    run: (studio) => studio.region.invert(),
  },
  ...regionActions(),
  ...nudges(),
  ...(['remove', 'replace', 'merge'] as const).map((operation, i): Action => ({
    id: `operation-${operation}`,
    label: `${operation.charAt(0).toUpperCase()}${operation.slice(1)} the region’s edges`,
    group: 'Make',
    keys: [String(i + 1)],
    undo: 'step',
    enabled: synthesizing,
    run: (studio) => studio.setOperation(operation),
  })),
  {
    id: 'shuffle-donor',
    label: 'Shuffle the donor',
    group: 'Make',
    keys: ['o'],
    undo: 'step',
    enabled: withDonor,
    run: (studio) => studio.stepDonor('shuffle'),
  },
  {
    id: 'donor-previous',
    label: 'Previous donor',
    group: 'Make',
    keys: [','],
    undo: 'step',
    repeats: true,
    enabled: withDonor,
    run: (studio) => studio.stepDonor(-1),
  },
  {
    id: 'donor-next',
    label: 'Next donor',
    group: 'Make',
    keys: ['.'],
    undo: 'step',
    repeats: true,
    enabled: withDonor,
    run: (studio) => studio.stepDonor(1),
  },
  {
    id: 'donor-part',
    label: 'Take a part of the donor…',
    group: 'Make',
    keys: ['y'],
    undo: 'step',
    enabled: (studio) => synthesizing(studio) && studio.donors().length > 0,
    run: (studio) => studio.donorParts.open(),
  },
  {
    id: 'place-randomly',
    label: 'Place the donor at random',
    group: 'Make',
    keys: ['a'],
    undo: 'step',
    enabled: withDonor,
    run: (studio) => studio.randomAugmentation(),
  },
  {
    id: 'reseed',
    label: 'New seed',
    group: 'Make',
    keys: ['n'],
    undo: 'step',
    enabled: synthesizing,
    run: (studio) => studio.reseed(),
  },
  {
    id: 'warp',
    label: 'Warp on or off',
    group: 'Make',
    keys: ['t'],
    undo: 'step',
    enabled: synthesizing,
    run: (studio) => studio.setWarp(studio.draft?.warp === null),
  },
  ...VIEW_ACTIONS.map(([viewMode, label, key]): Action => ({
    id: `view-${viewMode}`,
    label,
    group: 'View',
    keys: [key],
    undo: 'view',
    enabled: synthesizing,
    run: (studio) => studio.session.setState({ viewMode }),
  })),
  ...LAYER_ORDER.map((layer, i): Action => ({
    id: `layer-${layer}`,
    label: `Show or hide: ${LAYER_NAMES[layer]}`,
    group: 'View',
    keys: [`shift+${(i + 1) % 10}`],
    undo: 'view',
    enabled: layer === 'heat' || layer === 'reconstruction' ? detecting : synthesizing,
    run: (studio) => studio.setLayer(layer, { visible: !state(studio).layers[layer].visible }),
  })),
  {
    id: 'heat-scale',
    label: 'Next colours of the heat map',
    group: 'View',
    keys: ['c'],
    undo: 'view',
    enabled: (studio) => detecting(studio) && state(studio).layers.heat.visible,
    run: (studio) => studio.detecting.nextScale(),
  },
  {
    id: 'next-reconstruction',
    label: 'Reconstructed picture, JND or edges: the next',
    group: 'View',
    keys: ['shift+r'],
    undo: 'view',
    enabled: detecting,
    run: (studio) => studio.detecting.nextExplanation(),
  },
  {
    id: 'fit',
    label: 'Fit the image',
    group: 'View',
    keys: ['f'],
    undo: 'view',
    enabled: synthesizing,
    run: (studio) => studio.canvas?.fit(),
  },
  {
    id: 'actual-size',
    label: 'Actual size (100 %)',
    group: 'View',
    keys: ['0'],
    undo: 'view',
    enabled: synthesizing,
    run: (studio) => studio.canvas?.zoomTo(1),
  },
  {
    id: 'zoom-in',
    label: 'Zoom in',
    group: 'View',
    keys: ['+', '='],
    undo: 'view',
    repeats: true,
    enabled: synthesizing,
    run: (studio) => studio.canvas?.zoomBy(1.25),
  },
  {
    id: 'zoom-out',
    label: 'Zoom out',
    group: 'View',
    keys: ['-'],
    undo: 'view',
    repeats: true,
    enabled: synthesizing,
    run: (studio) => studio.canvas?.zoomBy(0.8),
  },
  {
    id: 'next-image',
    label: 'Next image',
    group: 'View',
    keys: ['pagedown'],
    undo: 'view',
    enabled: synthesizing,
    run: (studio) => studio.openNeighbour(1),
  },
  {
    id: 'previous-image',
    label: 'Previous image',
    group: 'View',
    keys: ['pageup'],
    undo: 'view',
    enabled: synthesizing,
    run: (studio) => studio.openNeighbour(-1),
  },
  {
    id: 'keep',
    label: 'Keep this result',
    group: 'Results',
    keys: ['k'],
    undo: 'step',
    enabled: (studio) => withRegion(studio) && !state(studio).keeping,
    run: (studio) => studio.keep(),
  },
  {
    id: 'train-new',
    label: 'New training run',
    group: 'Train',
    keys: [],
    undo: 'view',
    enabled: always,
    run: (studio) => {
      studio.go('train');
      studio.training.show(null);
    },
  },
  {
    id: 'train-toggle',
    label: 'Pause the training, or go on with the run shown',
    group: 'Train',
    keys: ['shift+p'],
    undo: 'none',
    enabled: (studio) => studio.training.toggles,
    run: (studio) => studio.training.toggle(),
  },
  {
    id: 'train-use',
    label: 'Use the network of the run shown',
    group: 'Train',
    keys: [],
    undo: 'none',
    enabled: (studio) => Boolean(shownRun(studio)?.best),
    run: async (studio) => {
      const run = shownRun(studio);
      if (run) await studio.training.use(run.id);
    },
  },
];

function shownRun(studio: Studio): TrainingRunRecord | null {
  const { page, trainingId, training } = state(studio);
  return (page === 'train' && training.runs?.find(({ id }) => id === trainingId)) || null;
}

function regionActions(): Action[] {
  const common = { group: 'Region', undo: 'step' } as const;
  const picked = (studio: Studio) => withRegion(studio) && state(studio).selectedShape !== null;
  const hasOthers = (studio: Studio) => withRegion(studio) && studio.region.next() !== null;
  const selected = (studio: Studio) => {
    const index = state(studio).selectedShape ?? -1;
    return { from: index, to: index };
  };
  return [
    {
      ...common,
      id: 'grow-region',
      label: 'Grow the region by 1 px',
      keys: ['>'],
      repeats: true,
      enabled: withRegion,
      run: (studio) => studio.region.growBy(1),
    },
    {
      ...common,
      id: 'shrink-region',
      label: 'Shrink the region by 1 px',
      keys: ['<'],
      repeats: true,
      enabled: withRegion,
      run: (studio) => studio.region.growBy(-1),
    },
    {
      ...common,
      id: 'mark-edge',
      label: 'The region has edges that were not found',
      // No key: Shift is held to add to a region, and a letter beside it that gave the region up would be an accident.
      keys: [],
      enabled: withRegion,
      run: (studio) => studio.edges.mark('edge'),
    },
    {
      ...common,
      id: 'mark-plain',
      label: 'The region has no edges, whatever was found',
      keys: [],
      enabled: withRegion,
      run: (studio) => studio.edges.mark('plain'),
    },
    {
      ...common,
      id: 'unmark',
      label: 'Take back what was said of the edges in the region',
      keys: [],
      enabled: (studio) => withRegion(studio) && studio.edges.current !== null,
      run: (studio) => studio.edges.mark(null),
    },
    {
      ...common,
      id: 'flatten-region',
      label: 'Join all shapes into one mask',
      keys: ['shift+f'],
      enabled: withRegion,
      run: (studio) => studio.region.flatten(),
    },
    {
      ...common,
      id: 'raise-shape',
      label: 'Raise the picked shape',
      keys: ['mod+]'],
      enabled: picked,
      run: (studio) => studio.region.moveSelected('up'),
    },
    {
      ...common,
      id: 'lower-shape',
      label: 'Lower the picked shape',
      keys: ['mod+['],
      enabled: picked,
      run: (studio) => studio.region.moveSelected('down'),
    },
    {
      ...common,
      id: 'combine-shape',
      label: 'Picked shape: add, subtract, intersect',
      keys: ['u'],
      enabled: picked,
      run: (studio) => studio.region.cycleCombine(),
    },
    {
      ...common,
      id: 'hide-shape',
      label: 'Hide or show the picked shape',
      keys: ['shift+h'],
      enabled: picked,
      run: (studio) => studio.region.toggleHidden(selected(studio)),
    },
    {
      ...common,
      id: 'lock-shape',
      label: 'Lock or unlock the picked shape',
      keys: ['shift+l'],
      enabled: picked,
      run: (studio) => studio.region.toggleLocked(selected(studio)),
    },
    {
      ...common,
      id: 'select-above',
      label: 'Pick the shape above',
      keys: ['alt+pageup'],
      undo: 'view',
      repeats: true,
      enabled: withRegion,
      run: (studio) => studio.region.selectNext('up'),
    },
    {
      ...common,
      id: 'select-below',
      label: 'Pick the shape below',
      keys: ['alt+pagedown'],
      undo: 'view',
      repeats: true,
      enabled: withRegion,
      run: (studio) => studio.region.selectNext('down'),
    },
    {
      ...common,
      id: 'apply-next',
      label: 'Apply the region to the next image',
      keys: ['shift+n'],
      enabled: hasOthers,
      run: (studio) => studio.region.applyToNext(),
    },
    {
      ...common,
      id: 'apply-normals',
      label: 'Apply the region to all normal images',
      keys: [],
      enabled: (studio) => withRegion(studio) && studio.region.normals().length > 0,
      run: (studio) => studio.region.applyTo(studio.region.normals()),
    },
    {
      ...common,
      id: 'apply-chosen',
      label: 'Apply the region to chosen images…',
      keys: [],
      enabled: hasOthers,
      run: (studio) => studio.session.setState({ applyOpen: true }),
    },
  ];
}

function nudges(): Action[] {
  const directions = [
    ['left', -1, 0],
    ['right', 1, 0],
    ['up', 0, -1],
    ['down', 0, 1],
  ] as const;
  return directions.flatMap(([name, x, y]): Action[] => {
    const common = {
      group: 'Region',
      undo: 'step',
      scope: 'canvas',
      repeats: true,
      keyOnly: true,
      gathered: true,
      enabled: (studio: Studio) => withRegion(studio) || pointing(studio),
    } as const;
    const key = `arrow${name}`;
    // The tool in hand may have something of its own to move.
    const move = (studio: Studio, by: number) => {
      if (!studio.canvas?.arrow(by * x, by * y)) studio.nudge(by * x, by * y);
    };
    return [
      { ...common, id: `nudge-${name}`, label: `Move the region ${name}`, keys: [key], run: (s) => move(s, 1) },
      {
        ...common,
        id: `nudge-far-${name}`,
        label: `Move the region ${name} by 10`,
        keys: [`shift+${key}`],
        run: (s) => move(s, 10),
      },
      {
        ...common,
        id: `resize-${name}`,
        label: { left: 'Narrower region', right: 'Wider region', up: 'Taller region', down: 'Shorter region' }[name],
        keys: [`alt+${key}`],
        run: (s) => s.nudge(x, -y, true),
      },
    ];
  });
}

const BY_ID = new Map(ACTIONS.map((action) => [action.id, action]));

/** @throws RangeError for an id that is not in the table. */
export function actionOf(id: string): Action {
  const action = BY_ID.get(id);
  if (!action) throw new RangeError(`There is no action “${id}”.`);
  return action;
}

/** The action a key press means, enabled or not; null if none. */
export function actionFor(press: KeyPress, onCanvas: boolean, mac: boolean): Action | null {
  return (
    ACTIONS.find(
      ({ keys, scope }) =>
        (scope !== 'canvas' || onCanvas) && keys.some((key) => matches(parseShortcut(key), press, mac)),
    ) ?? null
  );
}
