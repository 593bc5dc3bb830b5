import { Button, Modal } from '@mantine/core';
import { useElementSize } from '@mantine/hooks';
import { IconCheck } from '@tabler/icons-react';
import { useVirtualizer } from '@tanstack/react-virtual';
import { useRef, useState } from 'react';
import { useSession, useStudio } from '../../app/context';
import type { ImageRecord } from '../../../project/document';
import { Thumbnail } from '../../parts/Thumbnail';
import classes from './apply-dialog.module.css';

/** Chooses the images that the region is applied to. */
export function ApplyDialog() {
  const studio = useStudio();
  const open = useSession((state) => state.applyOpen);
  const close = () => studio.session.setState({ applyOpen: false });
  return (
    <Modal
      opened={open}
      onClose={close}
      title="Apply the region to…"
      size={684}
      closeButtonProps={{ 'aria-label': 'Close' }}
      classNames={{ title: classes.title }}
    >
      {open && <Choice onDone={close} />}
    </Modal>
  );
}

function Choice({ onDone }: { onDone(): void }) {
  const studio = useStudio();
  const [images] = useState(() => studio.siblings().filter(({ id }) => id !== studio.image?.id));
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set());
  const normals = images.filter(({ label }) => label === 'good');
  const toggle = (id: string) =>
    setChosen((before) => {
      const after = new Set(before);
      if (!after.delete(id)) after.add(id);
      return after;
    });
  const drawn = images.filter(
    ({ id }) => chosen.has(id) && (studio.document.drafts[id]?.shapes.length ?? 0) > 0,
  ).length;
  return (
    <>
      <div className={classes.head}>
        <Button variant="default" size="compact-xs" onClick={() => setChosen(new Set(images.map(({ id }) => id)))}>
          All {images.length}
        </Button>
        {normals.length > 0 && normals.length < images.length && (
          <Button variant="default" size="compact-xs" onClick={() => setChosen(new Set(normals.map(({ id }) => id)))}>
            All {normals.length} normal
          </Button>
        )}
        <Button
          variant="subtle"
          color="gray"
          size="compact-xs"
          disabled={chosen.size === 0}
          onClick={() => setChosen(new Set())}
        >
          None
        </Button>
      </div>
      <Images images={images} chosen={chosen} onToggle={toggle} />
      <div className={classes.foot}>
        <span>
          {drawn > 0
            ? `${drawn} of them ${drawn === 1 ? 'has' : 'have'} a region already, which this replaces. One undo brings all back.`
            : 'One undo takes it all back.'}
        </span>
        <Button
          disabled={chosen.size === 0}
          onClick={() => {
            studio.region.applyTo(images.filter(({ id }) => chosen.has(id)));
            onDone();
          }}
        >
          Apply to {chosen.size}
        </Button>
      </div>
    </>
  );
}

const CELL = 92;

interface ImagesProps {
  readonly images: readonly ImageRecord[];
  readonly chosen: ReadonlySet<string>;
  onToggle(id: string): void;
}

/** Thumbnails in rows; only those in sight exist. */
function Images({ images, chosen, onToggle }: ImagesProps) {
  const scroller = useRef<HTMLDivElement>(null);
  const { ref: sized, width } = useElementSize<HTMLDivElement>();
  const columns = Math.max(1, Math.floor(width / CELL));
  // eslint-disable-next-line react-hooks/incompatible-library -- its functions are used in this render alone
  const rows = useVirtualizer({
    count: Math.ceil(images.length / columns),
    getScrollElement: () => scroller.current,
    estimateSize: () => CELL,
    overscan: 3,
  });
  return (
    <div ref={scroller} className={classes.scroller} role="group" aria-label="Images to choose from">
      <div ref={sized} style={{ height: rows.getTotalSize(), position: 'relative' }}>
        {rows.getVirtualItems().map((row) => (
          <div key={row.key} className={classes.row} style={{ transform: `translateY(${row.start}px)` }}>
            {images.slice(row.index * columns, (row.index + 1) * columns).map((image) => (
              <button
                key={image.id}
                type="button"
                className={classes.cell}
                aria-label={image.path}
                aria-pressed={chosen.has(image.id)}
                title={image.path}
                onClick={() => onToggle(image.id)}
              >
                <Thumbnail source={image.thumbnail ?? image.source} />
                {chosen.has(image.id) && (
                  <span className={classes.check}>
                    <IconCheck size={13} stroke={2.5} />
                  </span>
                )}
              </button>
            ))}
          </div>
        ))}
      </div>
    </div>
  );
}
