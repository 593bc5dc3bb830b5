import { ActionIcon, Modal, SegmentedControl, Slider, Switch, Tooltip } from '@mantine/core';
import { useElementSize } from '@mantine/hooks';
import { IconChevronLeft, IconChevronRight } from '@tabler/icons-react';
import { useEffect, useRef, useState, type KeyboardEvent } from 'react';
import { reportOf, type ErrorReport } from '../../../core/errors';
import type { Raster } from '../../../core/raster';
import { foundShare } from '../../../evaluation/image-result';
import { verdictOf } from '../../../evaluation/threshold';
import { EXPLANATIONS, type Explanation } from '../../../models/detector/form';
import type { EvaluatedImage } from '../../../project/evaluation';
import { kindTitle, percentText, scoreText } from '../../../project/evaluation-text';
import { useSession, useStudio } from '../../app/context';
import type { TruthOutlines } from '../../evaluated-pictures';
import { ErrorNote } from '../../parts/ErrorNote';
import { Thumbnail } from '../../parts/Thumbnail';
import classes from './evaluate.module.css';
import { VerdictIcon, VERDICTS } from './EvaluatedGrid';
import { drawOverlay, FOUND_COLOUR, TRUTH_COLOUR, type Overlay } from './overlay';
import { usePictures } from './pictures';
import { PixelSlider } from './PixelSlider';
import type { Run } from './use-run';

type Shown = 'photograph' | Explanation;

const EXPLANATION_NAMES: Readonly<Record<Explanation, string>> = {
  reconstruction: 'Reconstruction',
  jnd: 'JND',
  edges: 'Edges',
};

/** One image in the large: photograph, ground truth, heat map, and what the detector saw. Arrow keys go on. */
export function Viewer({
  run,
  images,
  range,
}: {
  run: Run;
  images: readonly EvaluatedImage[];
  range: Overlay['range'];
}) {
  const { evaluating } = useStudio();
  const path = useSession((state) => state.evaluation.viewed);
  const at = images.findIndex((image) => image.path === path);
  const image = images[at];
  const step = (by: 1 | -1) => evaluating.view(images[(at + by + images.length) % images.length].path);
  const press = (event: KeyboardEvent) => {
    // Sliders and choices keep their arrows.
    if (event.target instanceof Element && event.target.closest('[role="slider"], [role="radiogroup"], input')) return;
    if (event.key !== 'ArrowLeft' && event.key !== 'ArrowRight') return;
    event.preventDefault();
    step(event.key === 'ArrowRight' ? 1 : -1);
  };
  return (
    <Modal
      opened={image !== undefined}
      onClose={() => evaluating.view(null)}
      title={image?.path}
      size="min(1240px, 94vw)"
      closeButtonProps={{ 'aria-label': 'Close' }}
      classNames={{ title: classes.viewerTitle, body: classes.viewerBody }}
      onKeyDown={press}
    >
      {image && (
        <div className={classes.viewer}>
          <Stage run={run} image={image} range={range} />
          <div className={classes.viewerSide}>
            <Facts run={run} image={image} />
            <Layers run={run} />
            <div className={classes.viewerSteps}>
              <Tooltip label="Previous image (Left)">
                <ActionIcon variant="default" aria-label="Previous image" onClick={() => step(-1)}>
                  <IconChevronLeft size={16} />
                </ActionIcon>
              </Tooltip>
              <span role="status">
                {at + 1} of {images.length}
              </span>
              <Tooltip label="Next image (Right)">
                <ActionIcon variant="default" aria-label="Next image" onClick={() => step(1)} data-autofocus>
                  <IconChevronRight size={16} />
                </ActionIcon>
              </Tooltip>
            </div>
          </div>
        </div>
      )}
    </Modal>
  );
}

interface Loaded {
  readonly path: string;
  readonly map: Raster | null;
  readonly truth: TruthOutlines | null;
  readonly error: ErrorReport | null;
}

function Stage({ run, image, range }: { run: Run; image: EvaluatedImage; range: Overlay['range'] }) {
  const pictures = usePictures();
  const { heat, truth, found, ownScale } = useSession((state) => state.evaluationLayers);
  const colours = useSession((state) => state.heat.scale);
  const [loaded, setLoaded] = useState<Loaded | null>(null);
  const [shown, setShown] = useState<Shown>('photograph');
  const canvas = useRef<HTMLCanvasElement>(null);
  const { ref: sized, width: roomWidth, height: roomHeight } = useElementSize<HTMLDivElement>();
  const scale = Math.min(roomWidth / image.width, roomHeight / image.height);
  const [width, height] = [Math.floor(image.width * scale), Math.floor(image.height * scale)];
  const { pixelThreshold } = run;

  useEffect(() => {
    let wanted = true;
    const show = (next: Omit<Loaded, 'path'>) => {
      if (wanted) setLoaded({ ...next, path: image.path });
    };
    Promise.all([pictures.map(image), pictures.truth(image)]).then(
      ([map, outlines]) => show({ map, truth: outlines, error: null }),
      (error: unknown) => show({ map: null, truth: null, error: reportOf(error, 'storage') }),
    );
    return () => {
      wanted = false;
    };
  }, [pictures, image]);

  const current = loaded?.path === image.path ? loaded : null;
  useEffect(() => {
    if (!canvas.current) return;
    drawOverlay(
      canvas.current,
      {
        map: current?.map ?? null,
        range: ownScale && image.map ? image.map : range,
        scale: colours,
        heat: shown === 'photograph' ? heat : 0,
        truth: truth ? (current?.truth ?? null) : null,
        pixelThreshold: found ? pixelThreshold : null,
      },
      1.5 * devicePixelRatio,
    );
  }, [current, image, range, ownScale, colours, heat, truth, found, pixelThreshold, shown, width, height]);

  return (
    <div className={classes.stage}>
      <div ref={sized} className={classes.stageRoom}>
        {width > 0 && (
          <span
            className={classes.stack}
            style={{ width, height }}
            role="img"
            aria-label={`${image.path}: ${image.subset === 'good' ? 'good' : kindTitle(image.subset)}`}
          >
            {image.photo ? (
              <Thumbnail source={image.photo} from={pictures.photos} />
            ) : (
              <span className={classes.noPhoto}>No photograph is kept of this image.</span>
            )}
            <Explained run={run} image={image} shown={shown} />
            <canvas
              ref={canvas}
              width={Math.round(width * devicePixelRatio)}
              height={Math.round(height * devicePixelRatio)}
            />
          </span>
        )}
        {current?.error && <ErrorNote message={current.error.message} />}
      </div>
      <Explanations run={run} shown={shown} onShow={setShown} />
    </div>
  );
}

/** Whether the detector in use is the one that the evaluation was made with. */
function useAtHand({ record }: Run): boolean {
  const detector = useSession((state) => state.detection.network);
  return record.detector.sha256 !== null && detector?.sha256 === record.detector.sha256;
}

function Explanations({ run, shown, onShow }: { run: Run; shown: Shown; onShow(shown: Shown): void }) {
  const atHand = useAtHand(run);
  if (!atHand) return null;
  return (
    <SegmentedControl
      size="xs"
      aria-label="Picture"
      value={shown}
      onChange={(value) => onShow(value as Shown)}
      data={[
        { value: 'photograph', label: 'Photograph' },
        ...EXPLANATIONS.map((value) => ({ value, label: EXPLANATION_NAMES[value] })),
      ]}
    />
  );
}

/** What the detector thinks it should look like, made when it is asked for. */
function Explained({ run, image, shown }: { run: Run; image: EvaluatedImage; shown: Shown }) {
  const { evaluating } = useStudio();
  const canvas = useRef<HTMLCanvasElement>(null);
  const [state, setState] = useState<{ key: string; message: string | null } | null>(null);
  const { sha256 } = run.record.detector;
  const key = `${image.path}/${shown}`;
  useEffect(() => {
    if (shown === 'photograph' || sha256 === null) return;
    let wanted = true;
    const say = (message: string | null) => {
      if (wanted) setState({ key, message });
    };
    evaluating.explain(image, shown, sha256).then(
      (bitmap) => {
        const target = canvas.current;
        if (bitmap && wanted && target) {
          target.width = bitmap.width;
          target.height = bitmap.height;
          target.getContext('2d')?.drawImage(bitmap, 0, 0);
        }
        say(bitmap ? null : `The detector in use does not show this.`);
        bitmap?.close();
      },
      (error: unknown) => say(reportOf(error, 'model').message),
    );
    return () => {
      wanted = false;
    };
  }, [evaluating, image, shown, sha256, key]);
  if (shown === 'photograph') return null;
  const done = state?.key === key;
  return (
    <>
      <canvas ref={canvas} style={{ visibility: done && state.message === null ? 'visible' : 'hidden' }} />
      {(!done || state.message !== null) && (
        <span className={classes.explaining} role="status">
          {done ? state.message : 'Asking the detector…'}
        </span>
      )}
    </>
  );
}

function Facts({ run: { threshold, pixelThreshold }, image }: { run: Run; image: EvaluatedImage }) {
  const verdict = verdictOf(image, threshold);
  return (
    <section aria-label="What was found">
      <p className={classes.viewerVerdict} data-verdict={verdict}>
        <VerdictIcon verdict={verdict} />
        {VERDICTS[verdict]}
      </p>
      <dl className={classes.facts}>
        <div>
          <dt>Score</dt>
          <dd>
            {scoreText(image.score)} {image.score > threshold ? '>' : '≤'} {scoreText(threshold)}
          </dd>
        </div>
        <div>
          <dt>Kind</dt>
          <dd>{kindTitle(image.subset)}</dd>
        </div>
        <div>
          <dt>Peak</dt>
          <dd>
            {scoreText(image.peak.score)} at {image.peak.x}, {image.peak.y}
            {image.defects.length > 0 && (image.peakOnDefect ? ', on a defect' : ', beside the defects')}
          </dd>
        </div>
        <div>
          <dt>Size</dt>
          <dd>
            {image.width}×{image.height}
          </dd>
        </div>
      </dl>
      {image.defects.length > 0 && (
        <table className={classes.defects}>
          <thead>
            <tr>
              <th scope="col">Defect</th>
              <th scope="col">Area</th>
              <th scope="col">Found</th>
            </tr>
          </thead>
          <tbody>
            {image.defects.map((defect, i) => (
              <tr key={i}>
                <th scope="row">{kindTitle(defect.name)}</th>
                <td>{defect.area} px²</td>
                <td title={`Of the ${defect.needed} px² that count as all of it`}>
                  {pixelThreshold === null ? '–' : percentText(foundShare(defect, pixelThreshold))}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </section>
  );
}

function Layers({ run }: { run: Run }) {
  const studio = useStudio();
  const layers = useSession((state) => state.evaluationLayers);
  const set = (change: Partial<typeof layers>) =>
    studio.session.setState({ evaluationLayers: { ...layers, ...change } });
  return (
    <section className={classes.layers} aria-label="Layers">
      <span className={classes.layerName}>Heat map</span>
      <Slider
        thumbLabel="Opacity of the heat map"
        thumbValueText={percentText(layers.heat)}
        min={0}
        max={1}
        step={0.05}
        value={layers.heat}
        onChange={(heat) => set({ heat })}
      />
      <Switch
        label="Colours over this image alone"
        checked={layers.ownScale}
        onChange={(event) => set({ ownScale: event.currentTarget.checked })}
      />
      <Switch
        label={
          <>
            <i className={classes.lineSign} style={{ borderColor: TRUTH_COLOUR }} />
            Ground truth
          </>
        }
        checked={layers.truth}
        onChange={(event) => set({ truth: event.currentTarget.checked })}
      />
      <Switch
        label={
          <>
            <i className={classes.lineSign} style={{ borderColor: FOUND_COLOUR, borderStyle: 'dashed' }} />
            {run.pixelThreshold === null ? 'Outlined pixels' : `Pixels above ${scoreText(run.pixelThreshold)}`}
          </>
        }
        checked={layers.found}
        onChange={(event) => set({ found: event.currentTarget.checked })}
      />
      {layers.found && <PixelSlider run={run} />}
    </section>
  );
}
