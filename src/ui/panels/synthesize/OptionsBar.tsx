import { Loader, NativeSelect, SegmentedControl, Slider, Tooltip, UnstyledButton, VisuallyHidden } from '@mantine/core';
import {
  IconColumns2,
  IconLayoutGrid,
  IconMaximize,
  IconMinus,
  IconPhoto,
  IconPlus,
  IconSquareHalf,
} from '@tabler/icons-react';
import { useSession, useStudio } from '../../app/context';
import type { RegionMode } from '../../canvas/tools/tool';
import { ActionButton } from '../../parts/ActionButton';
import type { Detail } from '../../proposals';
import type { ToolId, ViewMode } from '../../session';
import { WandOptions } from './WandOptions';
import classes from './synthesize.module.css';

const DRAWING: ReadonlySet<ToolId> = new Set(['rectangle', 'ellipse', 'lasso', 'polygon', 'wand']);

/** What the tool in hand can be set to, and how the picture is looked at. */
export function OptionsBar() {
  return (
    <div className={classes.options}>
      <div className={classes.optionsLeft}>
        <ToolOptions />
      </div>
      <div className={classes.optionsRight}>
        <Busy />
        <ViewModes />
        <Zoom />
      </div>
    </div>
  );
}

function ToolOptions() {
  const studio = useStudio();
  const tool = useSession((state) => state.tool);
  const mode = useSession((state) => state.regionMode);
  const { radius, softness } = useSession((state) => state.brush);
  const modes = (
    <SegmentedControl
      aria-label="How a new shape meets the region"
      value={mode}
      data={[
        { value: 'replace', label: 'New' },
        { value: 'add', label: 'Add' },
        { value: 'subtract', label: 'Subtract' },
        { value: 'intersect', label: 'Intersect' },
      ]}
      onChange={(value) => studio.session.setState({ regionMode: value as RegionMode })}
    />
  );
  if (tool === 'smart') {
    return (
      <>
        {modes}
        <ProposalSize />
      </>
    );
  }
  if (DRAWING.has(tool)) {
    return (
      <>
        {modes}
        {tool === 'wand' ? (
          <WandOptions />
        ) : (
          <span className={classes.optionHint} data-minor>
            {tool === 'polygon' ? 'Enter or a double click closes it' : 'Shift adds, Alt subtracts'}
          </span>
        )}
      </>
    );
  }
  if (tool === 'brush' || tool === 'eraser') {
    return (
      <>
        <span className={classes.optionLabel} aria-hidden>
          Size
        </span>
        <Slider
          w={104}
          thumbLabel="Brush size"
          min={0}
          max={100}
          // Small brushes are the ones that need fine steps.
          value={100 * Math.sqrt(Math.min(1, radius / 128))}
          onChange={(value) => studio.setBrush({ radius: Math.max(0.5, 128 * (value / 100) ** 2) })}
        />
        <span className={classes.optionValue}>{radius < 10 ? radius.toFixed(1) : Math.round(radius)} px</span>
        <span className={classes.optionLabel} aria-hidden>
          Softness
        </span>
        <Slider
          w={80}
          thumbLabel="Brush softness"
          min={0}
          max={1}
          step={0.01}
          value={softness}
          onChange={(value) => studio.setBrush({ softness: value })}
        />
        <span className={classes.optionValue}>{Math.round(100 * softness)} %</span>
      </>
    );
  }
  const hints: Partial<Record<ToolId, string>> = {
    select: 'Click a shape to move, resize or turn it; Del removes it.',
    donor: 'Drag to move the donor’s part over the region.',
    pan: 'Drag to move the picture; the wheel zooms.',
  };
  return <span className={classes.optionHint}>{hints[tool]}</span>;
}

/** Which of the network's proposals is meant, the smallest part or the whole. */
function ProposalSize() {
  const studio = useStudio();
  const detail = useSession((state) => state.smart.detail);
  return (
    <NativeSelect
      w={92}
      aria-label="Which proposal of the network"
      value={detail}
      data={[
        { value: 'best', label: 'Best' },
        { value: 'fine', label: 'Fine' },
        { value: 'middle', label: 'Middle' },
        { value: 'coarse', label: 'Coarse' },
      ]}
      onChange={(event) => void studio.segmenting.setDetail(event.currentTarget.value as Detail)}
    />
  );
}

function Busy() {
  const busy = useSession((state) => state.busy || state.opening);
  return (
    <span className={classes.busy} data-busy={busy || undefined} role="status">
      {busy && (
        <>
          <Loader size={12} color="var(--accent)" aria-hidden />
          <VisuallyHidden>Working</VisuallyHidden>
        </>
      )}
    </span>
  );
}

const MODES: readonly [ViewMode, string, typeof IconPhoto][] = [
  ['single', 'One picture', IconPhoto],
  ['wipe', 'Wipe', IconSquareHalf],
  ['split', 'Side by side', IconColumns2],
  ['grid', 'All four', IconLayoutGrid],
];

function ViewModes() {
  const viewMode = useSession((state) => state.viewMode);
  return (
    <div className={classes.buttonGroup} role="group" aria-label="View">
      {MODES.map(([mode, , Icon]) => (
        <ActionButton key={mode} action={`view-${mode}`} active={viewMode === mode}>
          <Icon size={17} stroke={1.6} />
        </ActionButton>
      ))}
    </div>
  );
}

function Zoom() {
  const studio = useStudio();
  const zoom = useSession((state) => state.zoom);
  return (
    <div className={classes.buttonGroup} role="group" aria-label="Zoom">
      <ActionButton action="zoom-out" size={24} className={classes.zoomStep}>
        <IconMinus size={15} />
      </ActionButton>
      <Tooltip label="Actual size">
        <UnstyledButton
          className={classes.zoom}
          aria-label={`Zoom ${Math.round(zoom * 100)} %, set to 100 %`}
          onClick={() => studio.canvas?.zoomTo(1)}
        >
          {Math.round(zoom * 100)} %
        </UnstyledButton>
      </Tooltip>
      <ActionButton action="zoom-in" size={24} className={classes.zoomStep}>
        <IconPlus size={15} />
      </ActionButton>
      <ActionButton action="fit">
        <IconMaximize size={16} stroke={1.6} />
      </ActionButton>
    </div>
  );
}
