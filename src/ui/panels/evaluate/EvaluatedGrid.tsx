import { IconAlertCircle, IconBellRinging, IconCheck } from '@tabler/icons-react';
import { useEffect, useRef } from 'react';
import { verdictOf, type Verdict } from '../../../evaluation/threshold';
import type { EvaluatedImage } from '../../../project/evaluation';
import { kindTitle, scoreText } from '../../../project/evaluation-text';
import { useSession, useStudio } from '../../app/context';
import { Thumbnail } from '../../parts/Thumbnail';
import { TileGrid } from '../../parts/TileGrid';
import classes from './evaluate.module.css';
import { drawOverlay, type Overlay } from './overlay';
import { usePictures } from './pictures';

const LEAST_WIDTH = 138;
const CAPTION = 36;

export const VERDICTS: Readonly<Record<Verdict, string>> = {
  miss: 'Miss',
  'false alarm': 'False alarm',
  hit: 'Hit',
  passed: 'Passed',
};

/** Images with what lies over them and their verdicts; only those in sight exist. Arrow keys move, Enter opens. */
export function EvaluatedGrid({
  images,
  threshold,
  range,
}: {
  images: readonly EvaluatedImage[];
  threshold: number;
  range: Overlay['range'];
}) {
  const { evaluating } = useStudio();
  return (
    <TileGrid
      items={images}
      keyOf={({ path }) => path}
      leastWidth={LEAST_WIDTH}
      caption={CAPTION}
      overscan={2}
      label="Images, worst first"
      className={classes.scroller}
    >
      {(image, tile, side) => {
        const verdict = verdictOf(image, threshold);
        const what = image.defects.map(({ name }) => kindTitle(name));
        return (
          <button
            {...tile}
            className={classes.shot}
            data-verdict={verdict}
            aria-label={`${VERDICTS[verdict]}: ${image.path}, score ${scoreText(image.score)}`}
            title={image.path}
            onClick={() => evaluating.view(image.path)}
          >
            <span className={classes.picture} style={{ height: side }}>
              <Picture image={image} side={side} range={range} />
              <span className={classes.verdict}>
                <VerdictIcon verdict={verdict} />
                {VERDICTS[verdict]}
              </span>
            </span>
            <span className={classes.shotText}>
              <span>{image.path.slice(image.path.lastIndexOf('/') + 1)}</span>
              <b>{scoreText(image.score)}</b>
            </span>
            <span className={classes.shotKind}>
              {what.length > 0 ? [...new Set(what)].join(', ') : kindTitle(image.subset)}
            </span>
          </button>
        );
      }}
    </TileGrid>
  );
}

export function VerdictIcon({ verdict }: { verdict: Verdict }) {
  const Icon = verdict === 'miss' ? IconAlertCircle : verdict === 'false alarm' ? IconBellRinging : IconCheck;
  return <Icon size={11} stroke={2.2} aria-hidden />;
}

/** A photograph with its heat map and the outlines of its defects. */
export function Picture({ image, side, range }: { image: EvaluatedImage; side: number; range: Overlay['range'] }) {
  const pictures = usePictures();
  const canvas = useRef<HTMLCanvasElement>(null);
  const heat = useSession((state) => state.evaluationLayers.gridHeat);
  const scale = useSession((state) => state.heat.scale);
  const pixels = Math.round(side * devicePixelRatio);
  useEffect(() => {
    let wanted = true;
    const draw = async () => {
      const [map, truth] = await Promise.all([heat ? pictures.map(image) : null, pictures.truth(image)]);
      if (!wanted || !canvas.current) return;
      const overlay: Overlay = { map, range, scale, heat: 0.75, truth, pixelThreshold: null };
      drawOverlay(canvas.current, overlay, devicePixelRatio);
    };
    // What is gone from storage is not drawn; the photograph says so by itself.
    draw().catch(() => undefined);
    return () => {
      wanted = false;
    };
  }, [pictures, image, heat, range, scale, pixels]);
  const { width, height } = image;
  const inside =
    width > height
      ? { width: side, height: (side * height) / width }
      : { width: (side * width) / height, height: side };
  return (
    <span className={classes.stack} style={inside}>
      {image.photo ? <Thumbnail source={image.photo} from={pictures.photos} /> : <span className={classes.noPhoto} />}
      <canvas
        ref={canvas}
        width={Math.round(inside.width * devicePixelRatio)}
        height={Math.round(inside.height * devicePixelRatio)}
        aria-hidden
      />
    </span>
  );
}
