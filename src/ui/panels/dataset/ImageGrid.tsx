import { IconBookmarkFilled, IconPencil } from '@tabler/icons-react';
import type { Draft, ImageRecord } from '../../../project/document';
import { useStudio } from '../../app/context';
import { Thumbnail } from '../../parts/Thumbnail';
import { TileGrid } from '../../parts/TileGrid';
import classes from './dataset.module.css';

const LEAST_WIDTH = 132;
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
  const open = (image: ImageRecord) => {
    studio.go('synthesize');
    void studio.openImage(image.id);
  };
  return (
    <TileGrid
      items={images}
      keyOf={({ id }) => id}
      leastWidth={LEAST_WIDTH}
      caption={CAPTION}
      overscan={3}
      label="Images"
      className={classes.scroller}
    >
      {(image, tile, side) => {
        const variants = kept.get(image.id) ?? 0;
        return (
          <button
            {...tile}
            className={classes.tile}
            aria-label={`${image.path}${variants > 0 ? `, ${variants} kept` : ''}`}
            title={image.path}
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
      }}
    </TileGrid>
  );
}
