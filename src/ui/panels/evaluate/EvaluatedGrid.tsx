import { useElementSize } from '@mantine/hooks';
import { useVirtualizer } from '@tanstack/react-virtual';
import { IconAlertCircle, IconBellRinging, IconCheck } from '@tabler/icons-react';
import { useEffect, useRef, useState, type KeyboardEvent } from 'react';
import { verdictOf, type Verdict } from '../../../evaluation/threshold';
import type { EvaluatedImage } from '../../../project/evaluation';
import { kindTitle, scoreText } from '../../../project/evaluation-text';
import { useSession, useStudio } from '../../app/context';
import { Thumbnail } from '../../parts/Thumbnail';
import classes from './evaluate.module.css';
import { drawOverlay, type Overlay } from './overlay';
import { usePictures } from './pictures';

const LEAST_WIDTH = 138;
const GAP = 10;
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
    overscan: 2,
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
  const tabStop = Math.min(at, images.length - 1);
  return (
    <div ref={scroller} className={classes.scroller} onKeyDown={move} role="group" aria-label="Images, worst first">
      <div ref={sized} style={{ height: rows.getTotalSize(), position: 'relative' }}>
        {rows.getVirtualItems().map((row) => (
          <div key={row.key} className={classes.gridRow} style={{ transform: `translateY(${row.start}px)`, gap: GAP }}>
            {images.slice(row.index * columns, (row.index + 1) * columns).map((image, i) => {
              const index = row.index * columns + i;
              const verdict = verdictOf(image, threshold);
              const what = image.defects.map(({ name }) => kindTitle(name));
              const name = image.path.slice(image.path.lastIndexOf('/') + 1);
              return (
                <button
                  key={image.path}
                  type="button"
                  className={classes.shot}
                  style={{ width: side }}
                  data-index={index}
                  data-verdict={verdict}
                  tabIndex={index === tabStop ? 0 : -1}
                  aria-label={`${VERDICTS[verdict]}: ${image.path}, score ${scoreText(image.score)}`}
                  title={image.path}
                  onFocus={() => setAt(index)}
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
                    <span>{name}</span>
                    <b>{scoreText(image.score)}</b>
                  </span>
                  <span className={classes.shotKind}>
                    {what.length > 0 ? [...new Set(what)].join(', ') : kindTitle(image.subset)}
                  </span>
                </button>
              );
            })}
          </div>
        ))}
      </div>
    </div>
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
