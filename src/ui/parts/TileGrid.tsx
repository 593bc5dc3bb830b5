import { useElementSize } from '@mantine/hooks';
import { useVirtualizer } from '@tanstack/react-virtual';
import { Fragment, useRef, useState, type KeyboardEvent, type ReactNode } from 'react';
import classes from './parts.module.css';

const GAP = 10;

/** What a tile's button takes: its place, its width, and its part in moving by keys. */
export interface TileProps {
  readonly type: 'button';
  readonly style: { readonly width: number };
  readonly 'data-index': number;
  readonly tabIndex: number;
  onFocus(): void;
}

interface Props<T> {
  readonly items: readonly T[];
  readonly keyOf: (item: T) => string;
  /** Widths and heights in px: tiles are squares at least so wide, with a caption below. */
  readonly leastWidth: number;
  readonly caption: number;
  /** Rows rendered beyond those in sight. */
  readonly overscan: number;
  readonly label: string;
  readonly className: string;
  /** @param side of the tile's square, px. */
  readonly children: (item: T, tile: TileProps, side: number) => ReactNode;
}

/** Tiles in rows; only those in sight exist. Arrow keys move the focus, which one of the tiles has. */
export function TileGrid<T>({ items, keyOf, leastWidth, caption, overscan, label, className, children }: Props<T>) {
  const scroller = useRef<HTMLDivElement>(null);
  const { ref: sized, width } = useElementSize<HTMLDivElement>();
  const [at, setAt] = useState(0);
  const columns = Math.max(1, Math.floor((width + GAP) / (leastWidth + GAP)));
  const side = width > 0 ? (width - GAP * (columns - 1)) / columns : leastWidth;
  const rowHeight = side + caption + GAP;
  // eslint-disable-next-line react-hooks/incompatible-library -- its functions are used in this render alone
  const rows = useVirtualizer({
    count: Math.ceil(items.length / columns),
    getScrollElement: () => scroller.current,
    estimateSize: () => rowHeight,
    overscan,
    paddingStart: 2,
    paddingEnd: 16,
  });
  const [measured, setMeasured] = useState(rowHeight);
  if (measured !== rowHeight) {
    setMeasured(rowHeight);
    rows.measure();
  }

  const tabStop = Math.min(at, items.length - 1);
  const move = (event: KeyboardEvent) => {
    const steps: Record<string, number> = {
      ArrowLeft: -1,
      ArrowRight: 1,
      ArrowUp: -columns,
      ArrowDown: columns,
      Home: -items.length,
      End: items.length,
    };
    const step = steps[event.key];
    if (step === undefined) return;
    event.preventDefault();
    const next = Math.min(items.length - 1, Math.max(0, tabStop + step));
    setAt(next);
    rows.scrollToIndex(Math.floor(next / columns));
    // The tile may have to be rendered first.
    requestAnimationFrame(() =>
      requestAnimationFrame(() => scroller.current?.querySelector<HTMLElement>(`[data-index="${next}"]`)?.focus()),
    );
  };
  const tileProps = (index: number): TileProps => ({
    type: 'button',
    style: { width: side },
    'data-index': index,
    tabIndex: index === tabStop ? 0 : -1,
    onFocus: () => setAt(index),
  });
  return (
    <div ref={scroller} className={className} onKeyDown={move} role="group" aria-label={label}>
      <div ref={sized} style={{ height: rows.getTotalSize(), position: 'relative' }}>
        {rows.getVirtualItems().map((row) => (
          <div key={row.key} className={classes.tileRow} style={{ transform: `translateY(${row.start}px)`, gap: GAP }}>
            {items.slice(row.index * columns, (row.index + 1) * columns).map((item, i) => (
              <Fragment key={keyOf(item)}>{children(item, tileProps(row.index * columns + i), side)}</Fragment>
            ))}
          </div>
        ))}
      </div>
    </div>
  );
}
