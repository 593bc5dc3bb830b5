import { useElementSize } from '@mantine/hooks';
import { useVirtualizer } from '@tanstack/react-virtual';
import { IconBookmarkFilled, IconPencil } from '@tabler/icons-react';
import { useRef, useState, type KeyboardEvent } from 'react';
import type { Draft, ImageRecord } from '../../../project/document';
import { useStudio } from '../../app/context';
import { Thumbnail } from '../../parts/Thumbnail';
import classes from './dataset.module.css';

const LEAST_WIDTH = 132;
const GAP = 10;
const CAPTION = 24;

interface Props {
  readonly images: readonly ImageRecord[];
  /** Kept variants by image. */
  readonly kept: ReadonlyMap<string, number>;
  readonly drafts: Readonly<Record<string, Draft>>;
}

/** Thumbnails in rows; only those in sight exist. Arrow keys move, Enter opens. */
export function ImageGrid({ images, kept, drafts }: Props) {
  const studio = useStudio();
  const scroller = useRef<HTMLDivElement>(null);
  const { ref: sized, width } = useElementSize<HTMLDivElement>();
  const [at, setAt] = useState(0);
  const columns = Math.max(1, Math.floor((width + GAP) / (LEAST_WIDTH + GAP)));
  const side = width > 0 ? (width - GAP * (columns - 1)) / columns : LEAST_WIDTH;
  const rowHeight = side + CAPTION + GAP;
  // eslint-disable-next-line react-hooks/incompatible-library -- its functions are used in this render alone
  const rows = useVirtualizer({
    count: Math.ceil(images.length / columns),
    getScrollElement: () => scroller.current,
    estimateSize: () => rowHeight,
    overscan: 3,
    paddingStart: 2,
    paddingEnd: 16,
  });
  const [measured, setMeasured] = useState(rowHeight);
  if (measured !== rowHeight) {
    setMeasured(rowHeight);
    rows.measure();
  }

  const move = (event: KeyboardEvent) => {
    const steps: Record<string, number> = {
      ArrowLeft: -1,
      ArrowRight: 1,
      ArrowUp: -columns,
      ArrowDown: columns,
      Home: -images.length,
      End: images.length,
    };
    const step = steps[event.key];
    if (step === undefined) return;
    event.preventDefault();
    const next = Math.min(images.length - 1, Math.max(0, Math.min(at, images.length - 1) + step));
    setAt(next);
    rows.scrollToIndex(Math.floor(next / columns));
    // The tile may have to be rendered first.
    requestAnimationFrame(() =>
      requestAnimationFrame(() => scroller.current?.querySelector<HTMLElement>(`[data-index="${next}"]`)?.focus()),
    );
  };
  const open = (image: ImageRecord) => {
    studio.go('synthesize');
    void studio.openImage(image.id);
  };
  const tabStop = Math.min(at, images.length - 1);
  return (
    <div ref={scroller} className={classes.scroller} onKeyDown={move} role="group" aria-label="Images">
      <div ref={sized} style={{ height: rows.getTotalSize(), position: 'relative' }}>
        {rows.getVirtualItems().map((row) => (
          <div key={row.key} className={classes.gridRow} style={{ transform: `translateY(${row.start}px)`, gap: GAP }}>
            {images.slice(row.index * columns, (row.index + 1) * columns).map((image, i) => {
              const index = row.index * columns + i;
              const variants = kept.get(image.id) ?? 0;
              return (
                <button
                  key={image.id}
                  type="button"
                  className={classes.tile}
                  style={{ width: side }}
                  data-index={index}
                  tabIndex={index === tabStop ? 0 : -1}
                  aria-label={`${image.path}${variants > 0 ? `, ${variants} kept` : ''}`}
                  title={image.path}
                  onFocus={() => setAt(index)}
                  onClick={() => open(image)}
                >
                  <span className={classes.picture} style={{ height: side }}>
                    <Thumbnail source={image.thumbnail ?? image.source} />
                    {image.label !== 'good' && image.label !== 'unlabelled' && (
                      <span className={classes.badge}>{image.label.replaceAll('_', ' ')}</span>
                    )}
                    {variants > 0 ? (
                      <span className={classes.mark}>
                        <IconBookmarkFilled size={10} /> {variants}
                      </span>
                    ) : drafts[image.id] ? (
                      <span className={classes.mark}>
                        <IconPencil size={11} />
                      </span>
                    ) : null}
                  </span>
                  <span className={classes.captionText}>{image.name}</span>
                </button>
              );
            })}
          </div>
        ))}
      </div>
    </div>
  );
}
