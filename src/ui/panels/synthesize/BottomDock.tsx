import { ActionIcon, Menu, Tooltip } from '@mantine/core';
import {
  IconArrowBackUp,
  IconCopy,
  IconDotsVertical,
  IconPencil,
  IconSquareHalf,
  IconTrash,
} from '@tabler/icons-react';
import { useVirtualizer } from '@tanstack/react-virtual';
import { useEffect, useMemo, useRef, useState } from 'react';
import { useShallow } from 'zustand/react/shallow';
import type { Variant } from '../../../project/document';
import { useProject, useSession, useStudio } from '../../app/context';
import { imagesOf } from '../../dataset-images';
import { NameField } from '../../parts/NameField';
import { Thumbnail } from '../../parts/Thumbnail';
import classes from './synthesize.module.css';

/** Below the canvas: the dataset's images, and what was kept. */
export function BottomDock() {
  return (
    <div className={classes.dock}>
      <Filmstrip />
      <Kept />
    </div>
  );
}

const FRAME = 72;

function Filmstrip() {
  const studio = useStudio();
  const datasetId = useSession((state) => state.datasetId);
  const imageId = useSession((state) => state.imageId);
  const images = useProject((state) => state.document.images);
  const edited = useProject(useShallow((state) => Object.keys(state.document.drafts)));
  const list = useMemo(() => (datasetId === null ? [] : imagesOf({ images }, datasetId)), [images, datasetId]);
  const scroller = useRef<HTMLDivElement>(null);
  // eslint-disable-next-line react-hooks/incompatible-library -- its functions are used in this render alone
  const frames = useVirtualizer({
    horizontal: true,
    count: list.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => FRAME,
    overscan: 6,
  });
  const at = list.findIndex(({ id }) => id === imageId);
  useEffect(() => {
    if (at >= 0) frames.scrollToIndex(at, { align: 'auto' });
  }, [at, frames]);
  return (
    <section className={classes.strip} aria-label="Images">
      <h2>
        Images <span>{at >= 0 ? `${at + 1} of ${list.length}` : list.length}</span>
      </h2>
      <div ref={scroller} className={classes.stripScroller} onWheel={sideways}>
        <div style={{ width: frames.getTotalSize(), height: FRAME - 6, position: 'relative' }}>
          {frames.getVirtualItems().map(({ index, start, key }) => {
            const image = list[index];
            return (
              <button
                key={key}
                type="button"
                className={classes.frame}
                style={{ transform: `translateX(${start}px)` }}
                aria-label={image.path}
                aria-current={image.id === imageId ? 'true' : undefined}
                title={image.path}
                data-edited={edited.includes(image.id) || undefined}
                onClick={() => void studio.openImage(image.id)}
              >
                <Thumbnail source={image.thumbnail ?? image.source} />
              </button>
            );
          })}
        </div>
      </div>
    </section>
  );
}

function Kept() {
  const variants = useProject((state) => state.document.variants);
  const list = useMemo(() => Object.values(variants).sort((a, b) => b.createdAt - a.createdAt), [variants]);
  const scroller = useRef<HTMLUListElement>(null);
  const newest = list[0]?.id;
  useEffect(() => {
    scroller.current?.scrollTo({ left: 0 });
  }, [newest]);
  return (
    <section className={classes.strip} aria-label="Kept">
      <h2>
        Kept <span>{list.length}</span>
      </h2>
      {list.length === 0 ? (
        <p className={classes.stripEmpty}>Results you keep appear here, ready to export.</p>
      ) : (
        <ul ref={scroller} className={classes.kept} onWheel={sideways}>
          {list.slice(0, SHOWN_VARIANTS).map((variant) => (
            <KeptVariant key={variant.id} variant={variant} />
          ))}
          {list.length > SHOWN_VARIANTS && (
            <li className={classes.keptMore}>and {list.length - SHOWN_VARIANTS} more on the export page</li>
          )}
        </ul>
      )}
    </section>
  );
}

/** The strip is for the recent ones; the export page lists all. */
const SHOWN_VARIANTS = 60;

function KeptVariant({ variant }: { variant: Variant }) {
  const studio = useStudio();
  const compared = useSession((state) => state.compareId === variant.id);
  const [renaming, setRenaming] = useState(false);
  const source = useMemo(() => ({ kind: 'blob', sha256: variant.thumbnail }) as const, [variant.thumbnail]);
  const rename = (name: string | null) => {
    setRenaming(false);
    if (name !== null) studio.renameVariant(variant.id, name);
  };
  return (
    <li className={classes.variant} data-compared={compared || undefined}>
      <button
        type="button"
        className={classes.variantPicture}
        aria-label={`Take up ${variant.name}`}
        title={`${variant.name}: take its settings up again`}
        onClick={() => void studio.restoreVariant(variant.id)}
      >
        <Thumbnail source={source} />
      </button>
      <div className={classes.variantText}>
        {renaming ? (
          <NameField label="Name" name={variant.name} className={classes.rename} onDone={rename} />
        ) : (
          <span className={classes.variantName} title={variant.name} onDoubleClick={() => setRenaming(true)}>
            {variant.name}
          </span>
        )}
        <span className={classes.variantButtons}>
          <Tooltip label={compared ? 'Stop comparing' : 'Compare on the canvas'}>
            <ActionIcon
              size={22}
              className={classes.toggle}
              aria-label={`Compare with ${variant.name}`}
              aria-pressed={compared}
              onClick={() => studio.compareWith(compared ? null : variant.id)}
            >
              <IconSquareHalf size={14} stroke={1.6} />
            </ActionIcon>
          </Tooltip>
          {/* Giving the focus back would take it from the name's field, and end the renaming. */}
          <Menu position="top-end" returnFocus={!renaming}>
            <Menu.Target>
              <ActionIcon size={22} className={classes.toggle} aria-label={`More for ${variant.name}`}>
                <IconDotsVertical size={14} />
              </ActionIcon>
            </Menu.Target>
            <Menu.Dropdown>
              <Menu.Item
                leftSection={<IconArrowBackUp size={15} />}
                onClick={() => void studio.restoreVariant(variant.id)}
              >
                Take up its settings
              </Menu.Item>
              <Menu.Item leftSection={<IconPencil size={15} />} onClick={() => setRenaming(true)}>
                Rename
              </Menu.Item>
              <Menu.Item leftSection={<IconCopy size={15} />} onClick={() => void studio.copyRecipe(variant.id)}>
                Copy the recipe
              </Menu.Item>
              <Menu.Divider />
              <Menu.Item
                leftSection={<IconTrash size={15} />}
                color="red"
                onClick={() => studio.deleteVariant(variant.id)}
              >
                Delete
              </Menu.Item>
            </Menu.Dropdown>
          </Menu>
        </span>
      </div>
    </li>
  );
}

/** A wheel that only turns one way scrolls a strip that only scrolls the other. */
function sideways(event: React.WheelEvent<HTMLElement>): void {
  if (event.deltaX === 0) event.currentTarget.scrollLeft += event.deltaY;
}
