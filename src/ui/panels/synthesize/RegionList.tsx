import { ActionIcon, Menu, Tooltip } from '@mantine/core';
import {
  IconChevronRight,
  IconEye,
  IconEyeOff,
  IconLayersIntersect,
  IconMinus,
  IconPlus,
  IconLock,
  IconLockOpen,
  IconStack2,
} from '@tabler/icons-react';
import { useVirtualizer } from '@tanstack/react-virtual';
import { useCallback, useEffect, useMemo, useRef, useState, type KeyboardEvent } from 'react';
import type { Combine, RegionShape } from '../../../core/recipe';
import { useSession, useStudio } from '../../app/context';
import type { Size } from '../../canvas/viewport';
import { NameField } from '../../parts/NameField';
import { commonOf, rowAt, rowsOf, titleOf, type RegionRow } from '../../regions';
import { ShapePicture } from './ShapePicture';
import classes from './region.module.css';

const ROW = 30;
/** Rows in sight; the rest is scrolled to. Half a row says that there is more. */
const MOST_ROWS = 7.5;

const COMBINES: readonly [Combine, string, typeof IconStack2][] = [
  ['add', 'Adds', IconPlus],
  ['subtract', 'Subtracts', IconMinus],
  ['intersect', 'Intersects', IconLayersIntersect],
];

/** The shapes of the region, topmost first. Arrows move between them, Alt and arrows move them, F2 renames. */
export function RegionList({ shapes, size }: { shapes: readonly RegionShape[]; size: Size }) {
  const studio = useStudio();
  const selected = useSession((state) => state.selectedShape);
  const [unfolded, setUnfolded] = useState<ReadonlySet<number>>(new Set());
  const [renaming, setRenaming] = useState<number | null>(null);
  const rows = useMemo(() => rowsOf(shapes, unfolded), [shapes, unfolded]);
  const scroller = useRef<HTMLDivElement>(null);
  // eslint-disable-next-line react-hooks/incompatible-library -- its functions are used in this render alone
  const lines = useVirtualizer({
    count: rows.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => ROW,
    overscan: 4,
  });
  const at = selected === null ? -1 : rowAt(rows, selected);
  useEffect(() => {
    if (at >= 0) lines.scrollToIndex(at, { align: 'auto' });
  }, [at, lines]);
  const tabStop = at >= 0 ? at : 0;

  const fold = useCallback((from: number) => {
    setUnfolded((before) => {
      const after = new Set(before);
      if (!after.delete(from)) after.add(from);
      return after;
    });
  }, []);
  const focusRow = (row: number) => {
    lines.scrollToIndex(row);
    // The line may have to be rendered first.
    requestAnimationFrame(() =>
      requestAnimationFrame(() => scroller.current?.querySelector<HTMLElement>(`[data-row="${row}"] button`)?.focus()),
    );
  };
  const rename = (index: number, name: string | null, stay: boolean) => {
    setRenaming(null);
    if (name !== null) studio.region.rename(index, name);
    if (stay) focusRow(rowAt(rowsOf(studio.draft?.shapes ?? [], unfolded), index));
  };
  const keys = (event: KeyboardEvent<HTMLElement>) => {
    const element = event.target instanceof Element ? event.target.closest('[data-row]') : null;
    const here = Number(element?.getAttribute('data-row') ?? -1);
    if (!(here in rows) || event.ctrlKey || event.metaKey) return;
    const row = rows[here];
    const handled = () => event.preventDefault();
    switch (event.key) {
      case 'ArrowUp':
      case 'ArrowDown': {
        handled();
        const direction = event.key === 'ArrowUp' ? 'up' : 'down';
        if (event.altKey) {
          studio.region.move(row, direction);
          const moved = studio.session.getState().selectedShape;
          const next = rowsOf(studio.draft?.shapes ?? [], unfolded);
          if (moved !== null) focusRow(rowAt(next, moved));
          return;
        }
        const next = Math.min(rows.length - 1, Math.max(0, here + (direction === 'up' ? -1 : 1)));
        studio.selectShape(rows[next].to);
        focusRow(next);
        return;
      }
      case 'Delete':
      case 'Backspace':
        handled();
        studio.region.remove(row);
        if (rows.length > 1) focusRow(Math.min(here, rows.length - 2));
        return;
      case 'F2':
        handled();
        if (row.kind !== 'strokes') setRenaming(row.from);
        return;
      case 'ArrowRight':
      case 'ArrowLeft':
        if (row.kind !== 'strokes' || (event.key === 'ArrowRight') === unfolded.has(row.from)) return;
        handled();
        fold(row.from);
    }
  };

  return (
    <div ref={scroller} className={classes.scroller} style={{ height: Math.min(rows.length, MOST_ROWS) * ROW }}>
      <ul
        className={classes.list}
        style={{ height: lines.getTotalSize() }}
        aria-label="Shapes, topmost first"
        onKeyDown={keys}
      >
        {lines.getVirtualItems().map(({ index, start }) => {
          const row = rows[index];
          return (
            <Row
              key={`${row.kind}-${row.from}`}
              line={index}
              count={rows.length}
              start={start}
              kind={row.kind}
              from={row.from}
              to={row.to}
              shapes={shapes}
              size={size}
              selected={index === at}
              tabStop={index === tabStop}
              unfolded={unfolded.has(row.from)}
              renaming={renaming === row.from && row.kind !== 'strokes'}
              onFold={fold}
              onRename={rename}
              onRenaming={setRenaming}
            />
          );
        })}
      </ul>
    </div>
  );
}

interface RowProps extends RegionRow {
  /** Where it stands among `count` lines. */
  readonly line: number;
  readonly count: number;
  readonly start: number;
  readonly shapes: readonly RegionShape[];
  readonly size: Size;
  readonly selected: boolean;
  readonly tabStop: boolean;
  readonly unfolded: boolean;
  readonly renaming: boolean;
  onFold(from: number): void;
  /** With `stay` the line keeps the focus, for the keyboard goes on from there. */
  onRename(index: number, name: string | null, stay: boolean): void;
  onRenaming(index: number): void;
}

function Row(props: RowProps) {
  const { line, count, start, kind, from, to, shapes, size, selected, tabStop, unfolded, renaming } = props;
  const studio = useStudio();
  const shape = shapes[to];
  const number = to - from + 1;
  const title = kind === 'strokes' ? `${number} brush strokes` : titleOf(shape);
  const hidden = commonOf(shapes, { from, to }, 'hidden') === true;
  const locked = commonOf(shapes, { from, to }, 'locked') === true;
  return (
    <li
      className={classes.row}
      style={{ transform: `translateY(${start}px)` }}
      data-row={line}
      data-selected={selected || undefined}
      data-hidden={hidden || undefined}
      data-inner={kind === 'stroke' || undefined}
      aria-posinset={line + 1}
      aria-setsize={count}
    >
      {renaming ? (
        <>
          <ShapePicture shape={shape} size={size} />
          <NameField
            label="Name of the shape"
            name={title}
            className={classes.rename}
            onDone={(name, stay) => props.onRename(from, name, stay)}
          />
        </>
      ) : (
        <button
          type="button"
          className={classes.pick}
          tabIndex={tabStop ? 0 : -1}
          aria-label={title}
          aria-pressed={selected}
          aria-expanded={kind === 'strokes' ? unfolded : undefined}
          title={kind === 'strokes' ? title : `${title}: double click or F2 renames`}
          onClick={() => {
            studio.selectShape(to);
            if (kind === 'strokes') props.onFold(from);
          }}
          onDoubleClick={() => kind !== 'strokes' && props.onRenaming(from)}
        >
          {kind === 'strokes' ? (
            <IconChevronRight size={14} className={classes.chevron} aria-hidden />
          ) : (
            <ShapePicture shape={shape} size={size} />
          )}
          <span className={classes.name}>{title}</span>
        </button>
      )}
      <CombineMenu tabStop={tabStop} title={title} from={from} to={to} shapes={shapes} />
      <Toggle
        tabStop={tabStop}
        label={`${hidden ? 'Show' : 'Hide'} ${title}`}
        pressed={hidden}
        tip={hidden ? 'Hidden: left out of the region' : 'Hide'}
        onClick={() => studio.region.toggleHidden({ from, to })}
      >
        {hidden ? <IconEyeOff size={14} stroke={1.6} /> : <IconEye size={14} stroke={1.6} />}
      </Toggle>
      <Toggle
        tabStop={tabStop}
        label={`${locked ? 'Unlock' : 'Lock'} ${title}`}
        pressed={locked}
        tip={locked ? 'Locked: not moved or deleted' : 'Lock'}
        onClick={() => studio.region.toggleLocked({ from, to })}
      >
        {locked ? <IconLock size={14} stroke={1.6} /> : <IconLockOpen size={14} stroke={1.6} />}
      </Toggle>
    </li>
  );
}

interface ToggleProps {
  readonly tabStop: boolean;
  readonly label: string;
  readonly tip: string;
  readonly pressed: boolean;
  readonly children: React.ReactNode;
  onClick(): void;
}

function Toggle({ tabStop, label, tip, pressed, children, onClick }: ToggleProps) {
  return (
    <Tooltip label={tip}>
      <ActionIcon
        size={22}
        className={classes.toggle}
        tabIndex={tabStop ? 0 : -1}
        aria-label={label}
        aria-pressed={pressed}
        onClick={onClick}
      >
        {children}
      </ActionIcon>
    </Tooltip>
  );
}

interface CombineProps {
  readonly tabStop: boolean;
  readonly title: string;
  readonly from: number;
  readonly to: number;
  readonly shapes: readonly RegionShape[];
}

/** How the shape joins what lies below it. */
function CombineMenu({ tabStop, title, from, to, shapes }: CombineProps) {
  const studio = useStudio();
  const combine = commonOf(shapes, { from, to }, 'combine');
  const [, says, Icon] = COMBINES.find(([value]) => value === combine) ?? [null, 'Adds and subtracts', IconStack2];
  return (
    <Menu position="bottom-end">
      <Menu.Target>
        <Tooltip label={says}>
          <ActionIcon
            size={22}
            className={classes.toggle}
            tabIndex={tabStop ? 0 : -1}
            aria-label={`${title}: ${says.toLowerCase()}; change`}
          >
            <Icon size={14} stroke={1.6} />
          </ActionIcon>
        </Tooltip>
      </Menu.Target>
      <Menu.Dropdown>
        {COMBINES.map(([value, label, Sign]) => (
          <Menu.Item
            key={value}
            leftSection={<Sign size={15} stroke={1.6} />}
            aria-current={value === combine || undefined}
            onClick={() => studio.region.setCombine({ from, to }, value)}
          >
            {label}
          </Menu.Item>
        ))}
      </Menu.Dropdown>
    </Menu>
  );
}
