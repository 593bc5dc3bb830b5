import { ActionIcon, Button, Checkbox, Progress, SegmentedControl, Tooltip } from '@mantine/core';
import { IconEye, IconEyeOff, IconPuzzle } from '@tabler/icons-react';
import { useVirtualizer } from '@tanstack/react-virtual';
import { useEffect, useRef, type MouseEvent } from 'react';
import type { PartSettings } from '../../../synthesis/parts/refine';
import type { OpenedImage, PartProposal } from '../../../worker/api';
import { actionOf } from '../../actions';
import { useSession, useShell, useStudio } from '../../app/context';
import { effectiveMode } from '../../canvas/tools/tool';
import { ErrorNote } from '../../parts/ErrorNote';
import { FoldSection, Section } from '../../parts/Section';
import { SliderRow } from '../../parts/SliderRow';
import { timeLeft } from '../../parts/time';
import { partName } from '../../segmenting';
import type { PartsGrid } from '../../session';
import { ProductRows } from './ProductRows';
import classes from './parts-section.module.css';
import shared from './synthesize.module.css';

const ROW = 46;
/** Rows seen at once; the rest scrolls. */
const MOST_ROWS = 5;
const THUMBNAIL = 36;

const percent = new Intl.NumberFormat('en', { style: 'percent', maximumFractionDigits: 1 });
const area = new Intl.NumberFormat('en', { maximumFractionDigits: 0 });

/** The parts the picture falls into: found by the network, cleaned with sliders, taken into the region with a click. */
export function PartsSection() {
  const parts = useSession((state) => state.parts);
  const count = parts?.parts.length ?? 0;
  const found = parts !== null && parts.found !== null;
  const onProduct = useSession((state) => state.foreground !== null);
  return (
    <>
      <Section
        title="Parts"
        aside={
          found && (
            <span className={classes.aside}>
              {count === 1 ? '1 part' : `${count} parts`}
              <Visibility />
            </span>
          )
        }
      >
        {parts?.job ? <Finding /> : <FindButton again={found} />}
        <ProductRows />
        {parts?.error && <ErrorNote message={parts.error.message} />}
        {found && count === 0 && !parts.job && (
          <p className={shared.says}>
            No part is left. Lower “Quality” and “Stability” under Cleaning, or ask at more points.
            {onProduct && ' Parts off the product are left out: lower its threshold too.'}
          </p>
        )}
        {count > 0 && <PartsList />}
      </Section>
      {found && <Cleaning />}
    </>
  );
}

function Visibility() {
  const studio = useStudio();
  const visible = useSession((state) => state.layers.parts.visible);
  const label = visible ? 'Hide the parts' : 'Show the parts';
  return (
    <Tooltip label={label}>
      <ActionIcon size={22} aria-label={label} onClick={() => studio.setLayer('parts', { visible: !visible })}>
        {visible ? <IconEye size={15} stroke={1.6} /> : <IconEyeOff size={15} stroke={1.6} />}
      </ActionIcon>
    </Tooltip>
  );
}

function FindButton({ again }: { again: boolean }) {
  const studio = useStudio();
  const shell = useShell();
  const grid = useSession((state) => state.partsGrid);
  return (
    <div className={classes.find}>
      <Button
        variant="default"
        leftSection={<IconPuzzle size={15} stroke={1.6} />}
        onClick={() => void actionOf('find-parts').run(studio, shell)}
      >
        {again ? 'Find again' : 'Find parts'}
      </Button>
      <SegmentedControl
        aria-label="Points to ask at"
        value={String(grid)}
        data={[
          { value: '16', label: '16 × 16' },
          { value: '32', label: '32 × 32' },
        ]}
        onChange={(value) => studio.session.setState({ partsGrid: Number(value) as PartsGrid })}
      />
    </div>
  );
}

function Finding() {
  const studio = useStudio();
  const job = useSession((state) => state.parts?.job);
  if (!job) return null;
  const { progress, startedAt } = job;
  // The picture is read before the first point is asked at.
  const reading = !progress || progress.done === 0;
  return (
    <div>
      <div className={classes.progressHead}>
        <span role="status">
          {reading ? 'Reading the picture…' : `${area.format(progress.done)} of ${area.format(progress.total)} points`}
        </span>
        <span>{progress ? timeLeft(progress, startedAt) : ''}</span>
      </div>
      <Progress
        size={5}
        aria-label="Finding parts"
        animated={reading}
        value={reading ? 100 : (100 * progress.done) / progress.total}
      />
      <Button mt={8} fullWidth variant="default" onClick={() => void studio.segmenting.cancelParts()}>
        Cancel
      </Button>
    </div>
  );
}

function PartsList() {
  const studio = useStudio();
  const parts = useSession((state) => state.parts)!;
  const opened = useSession((state) => state.opened);
  const mode = useSession((state) => state.regionMode);
  const scroller = useRef<HTMLDivElement>(null);
  const list = parts.parts;
  // eslint-disable-next-line react-hooks/incompatible-library -- its functions are used in this render alone
  const rows = useVirtualizer({
    count: list.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => ROW,
    overscan: 4,
  });
  const lit = list.findIndex(({ id }) => id === parts.lit);
  const byPointer = useRef(false);
  useEffect(() => {
    // Lit on the canvas: its entry is brought into view. Under the pointer the list must not move.
    if (lit >= 0 && !byPointer.current) rows.scrollToIndex(lit, { align: 'auto' });
  }, [lit, rows]);
  if (opened?.imageId !== parts.imageId) return null;
  const chosen = list.filter(({ id }) => parts.chosen.has(id)).length;
  const light = (id: string | null) => studio.segmenting.light(id);
  return (
    <>
      <div className={classes.listHead}>
        <Checkbox
          aria-label="Choose all parts"
          checked={chosen === list.length}
          indeterminate={chosen > 0 && chosen < list.length}
          onChange={() => studio.segmenting.chooseAll(chosen < list.length)}
        />
        <span role="status">{chosen === 0 ? 'Click takes, Shift adds' : `${chosen} chosen`}</span>
        <Button
          size="compact-xs"
          variant={chosen > 0 ? 'filled' : 'default'}
          disabled={chosen === 0}
          onClick={() => studio.segmenting.takeChosen(mode)}
        >
          Take chosen
        </Button>
      </div>
      <div
        ref={scroller}
        className={classes.scroller}
        style={{ height: Math.min(list.length, MOST_ROWS) * ROW }}
        onPointerEnter={() => (byPointer.current = true)}
        onPointerLeave={() => {
          byPointer.current = false;
          light(null);
        }}
      >
        <ul className={classes.list} style={{ height: rows.getTotalSize() }} aria-label="Parts found">
          {rows.getVirtualItems().map(({ index, start }) => {
            const part = list[index];
            return (
              <li
                key={part.id}
                className={classes.row}
                style={{ transform: `translateY(${start}px)` }}
                data-lit={parts.lit === part.id || undefined}
                onPointerEnter={() => light(part.id)}
              >
                <Checkbox
                  aria-label={`Choose ${partName(index)}`}
                  checked={parts.chosen.has(part.id)}
                  onChange={(event) => studio.segmenting.choose(part.id, event.currentTarget.checked)}
                />
                <PartButton
                  part={part}
                  name={partName(index)}
                  colour={parts.colours.get(part.id) ?? 'transparent'}
                  opened={opened}
                />
              </li>
            );
          })}
        </ul>
      </div>
    </>
  );
}

interface PartButtonProps {
  readonly part: PartProposal;
  readonly name: string;
  readonly colour: string;
  readonly opened: OpenedImage;
}

function PartButton({ part, name, colour, opened }: PartButtonProps) {
  const studio = useStudio();
  const { mask, quality } = part;
  const take = ({ shiftKey, altKey, ctrlKey, metaKey }: MouseEvent) => {
    const modifiers = { shift: shiftKey, alt: altKey, mod: ctrlKey || metaKey };
    studio.segmenting.takePart(part.id, effectiveMode(studio.session.getState().regionMode, modifiers));
  };
  return (
    <button
      type="button"
      className={classes.part}
      aria-label={`Take ${name}, ${area.format(mask.area)} px²`}
      onClick={take}
      onFocus={() => studio.segmenting.light(part.id)}
      onBlur={() => studio.segmenting.light(null)}
    >
      <PartThumbnail part={part} colour={colour} opened={opened} />
      <span className={classes.partText}>
        <strong>{name}</strong>
        <span>
          {area.format(mask.area)} px² · {percent.format(mask.area / (mask.width * mask.height))}
        </span>
      </span>
      <span className={classes.quality} title="The network’s own guess of how exact this part is">
        {quality.toFixed(2)}
      </span>
    </button>
  );
}

/** The part cut from the photograph. */
function PartThumbnail({ part, colour, opened }: Omit<PartButtonProps, 'name'>) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const { id, mask } = part;
  useEffect(() => {
    const context = canvas.current?.getContext('2d');
    const { box, runs, width } = mask;
    if (!context || !box) return;
    const side = THUMBNAIL * Math.min(2, Math.max(1, window.devicePixelRatio));
    context.canvas.width = side;
    context.canvas.height = side;
    const scale = side / Math.max(box.width, box.height);
    context.setTransform(
      scale,
      0,
      0,
      scale,
      (side - box.width * scale) / 2 - box.x * scale,
      (side - box.height * scale) / 2 - box.y * scale,
    );
    context.beginPath();
    for (let i = 0; i < runs.length; i += 2) {
      const y = Math.floor(runs[i] / width);
      context.rect(runs[i] - y * width, y, runs[i + 1] - runs[i], 1);
    }
    context.clip();
    context.drawImage(opened.photo, 0, 0);
    // Masks of the same id are the same, though each answer brings them anew.
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [id, opened]);
  return <canvas ref={canvas} className={classes.thumbnail} style={{ borderColor: colour }} aria-hidden />;
}

type Setting = readonly [
  key: keyof PartSettings,
  label: string,
  least: number,
  most: number,
  step: number,
  unit: '' | ' %',
];

/** Shares are shown in per cent, measures of likeness as they are. */
const SETTINGS: readonly Setting[] = [
  ['quality', 'Quality', 0.3, 1, 0.01, ''],
  ['stability', 'Stability', 0.5, 1, 0.01, ''],
  ['foregroundShare', 'Foreground', 0, 100, 1, ' %'],
  ['largestShare', 'Largest', 1, 100, 1, ' %'],
  ['crumbShare', 'Crumbs', 0, 5, 0.05, ' %'],
  ['crumbReach', 'Crumb reach', 0, 30, 0.5, ' %'],
  ['mergeIou', 'Merge IoU', 0.05, 1, 0.01, ''],
  ['mergeContainment', 'Merge inside', 0.05, 1, 0.01, ''],
];

const EXPLAINED: Partial<Readonly<Record<keyof PartSettings, string>>> = {
  quality: 'The network’s own guess of how exact a mask is: those below are left out',
  stability: 'How little a mask depends on where it is cut: those below are left out',
  foregroundShare: 'What lies in the foreground by less is background',
  largestShare: 'What takes more of the image is background',
  crumbShare: 'What takes less of the image joins its nearest neighbour',
  crumbReach: 'How far that neighbour may be, of the image’s diagonal',
  mergeIou: 'Masks that overlap by more are one part',
  mergeContainment: 'A mask of which more lies inside another is part of it',
};

/** LogicAL's refinement of over-segmented masks (section 3.1): background removed, crumbs grouped, overlaps merged. */
function Cleaning() {
  const studio = useStudio();
  const own = useSession((state) => state.partSettings);
  const defaults = useSession((state) => state.parts?.found?.settings);
  const foreground = useSession((state) => state.foreground);
  const settings = own ?? defaults;
  if (!settings) return null;
  return (
    <FoldSection title="Cleaning" note={own ? 'changed' : 'as measured'}>
      {SETTINGS.map(([key, label, least, most, step, unit]) => {
        const factor = unit === ' %' ? 100 : 1;
        return (
          <div key={key} title={EXPLAINED[key]}>
            <SliderRow
              label={label}
              value={settings[key] * factor}
              min={least}
              max={most}
              step={step}
              unit={unit}
              disabled={key === 'foregroundShare' && !foreground}
              onChange={(value) => studio.segmenting.setSettings({ [key]: value / factor })}
            />
          </div>
        );
      })}
      <Button
        mt={6}
        size="compact-xs"
        variant="default"
        disabled={!own}
        onClick={() => studio.segmenting.resetSettings()}
      >
        Back to defaults
      </Button>
    </FoldSection>
  );
}
