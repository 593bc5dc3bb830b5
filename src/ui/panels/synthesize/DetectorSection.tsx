import { Button, Loader, SegmentedControl, Switch } from '@mantine/core';
import { COLOUR_SCALES, type ColourScale } from '../../../core/colour-scales';
import { EXPLANATIONS, type Explanation } from '../../../models/detector/form';
import type { HeatMap } from '../../../worker/api';
import { actionOf, LAYER_NAMES } from '../../actions';
import { useSession, useShell, useStudio } from '../../app/context';
import { gradientOf } from '../../canvas/HeatLegend';
import { currentHeat, pixelThreshold } from '../../detection-view';
import { ErrorNote } from '../../parts/ErrorNote';
import { Section } from '../../parts/Section';
import { SliderRow } from '../../parts/SliderRow';
import classes from './detector.module.css';

const percent = new Intl.NumberFormat('en', { style: 'percent', maximumFractionDigits: 1 });
const area = new Intl.NumberFormat('en', { maximumFractionDigits: 0 });

const EXPLANATION_NAMES: Readonly<Record<Explanation, string>> = {
  reconstruction: 'Picture',
  jnd: 'JND',
  edges: 'Edges',
};

/** What the detector says of the picture, and how it is shown. */
export function DetectorSection() {
  const studio = useStudio();
  const network = useSession((state) => state.detection.network);
  const detecting = useSession((state) => state.detection.detecting);
  const visible = useSession((state) => state.layers.heat.visible);
  if (network === null) {
    return (
      <Section title="Detector">
        <NoDetector />
      </Section>
    );
  }
  return (
    <Section
      title="Detector"
      aside={
        <span className={classes.aside}>
          {detecting && <Loader size={12} aria-hidden />}
          <Switch
            size="xs"
            labelPosition="left"
            label={LAYER_NAMES.heat}
            checked={visible}
            disabled={!network}
            onChange={(event) => studio.detecting.show('heat', event.currentTarget.checked)}
          />
        </span>
      }
    >
      <Scores />
      {visible && <HeatRows />}
      <ReconstructionRow />
      <Failure />
    </Section>
  );
}

function NoDetector() {
  const studio = useStudio();
  const shell = useShell();
  return (
    <>
      <p className={classes.says}>No anomaly detector is installed. Bring the .onnx file of one to see heat maps.</p>
      <Button size="compact-xs" variant="default" onClick={() => void actionOf('networks').run(studio, shell)}>
        Choose a detector…
      </Button>
    </>
  );
}

function Scores() {
  const { photo, result } = useSession((state) => state.detection);
  const preview = useSession((state) => state.shown?.preview ?? null);
  if (!photo && !result) return null;
  return (
    <div role="status" aria-label="Anomaly scores">
      <dl className={classes.scores}>
        {preview && result && <Score label="Result" found={result.found} outdated={result.preview !== preview} />}
        {photo && <Score label="Photograph" found={photo.found} outdated={false} />}
      </dl>
    </div>
  );
}

function Score({ label, found, outdated }: { label: string; found: HeatMap; outdated: boolean }) {
  const { score, thresholds } = found;
  const anomalous = score > thresholds.image;
  return (
    <div className={classes.score} data-outdated={outdated || undefined}>
      <dt>{label}</dt>
      <dd>
        <b data-anomalous={anomalous || undefined}>{anomalous ? 'anomalous' : 'normal'}</b>
        <span className={classes.value}>{score.toFixed(3)}</span>
        <span className={classes.track} title={`Anomalous above ${thresholds.image}`} aria-hidden>
          <span
            className={classes.bar}
            data-anomalous={anomalous || undefined}
            style={{ width: `${100 * Math.min(1, Math.max(0, score))}%` }}
          />
          <i style={{ left: `${100 * thresholds.image}%` }} />
        </span>
      </dd>
    </div>
  );
}

/** Threshold and colours. */
function HeatRows() {
  const studio = useStudio();
  const detection = useSession((state) => state.detection);
  const shown = useSession((state) => state.shown !== null);
  const scale = useSession((state) => state.heat.scale);
  const heat = currentHeat(detection, shown);
  return (
    <>
      {heat && (
        <>
          <SliderRow
            label="Threshold"
            value={pixelThreshold(detection, heat.found)}
            min={0}
            max={1}
            step={0.005}
            origin={heat.found.thresholds.pixel}
            onChange={(threshold) => studio.detecting.setThreshold(threshold)}
          />
          <Exceeding found={heat.found} threshold={pixelThreshold(detection, heat.found)} />
        </>
      )}
      <SegmentedControl
        fullWidth
        aria-label="Colours of the heat map"
        value={scale}
        data={COLOUR_SCALES.map((value) => ({
          value,
          label: (
            <span className={classes.scale}>
              <i style={{ background: gradientOf(value) }} aria-hidden />
              {value}
            </span>
          ),
        }))}
        onChange={(value) => studio.detecting.setView({ scale: value as ColourScale })}
      />
    </>
  );
}

function Exceeding({ found, threshold }: { found: HeatMap; threshold: number }) {
  const { data } = found.map;
  let count = 0;
  for (let i = 0; i < data.length; i++) if (data[i] > threshold) count++;
  return (
    <p className={classes.outcome}>
      {count === 0
        ? 'Nothing lies above it'
        : `${area.format(count)} px² (${percent.format(count / data.length)}) lie above it`}
      <span className={classes.took} title="Time the heat map took">
        {Math.round(found.milliseconds)} ms
      </span>
    </p>
  );
}

/** What the detector would have the picture be. */
function ReconstructionRow() {
  const studio = useStudio();
  const network = useSession((state) => state.detection.network);
  const explain = useSession((state) => state.heat.explain);
  const visible = useSession((state) => state.layers.reconstruction.visible);
  const { photo, result } = useSession((state) => state.detection);
  const known = (result ?? photo)?.found.explanations;
  return (
    <div className={classes.reconstruction}>
      <span id="reconstruction-label">{LAYER_NAMES.reconstruction}</span>
      <SegmentedControl
        fullWidth
        aria-labelledby="reconstruction-label"
        value={visible ? explain : 'off'}
        disabled={!network}
        data={[
          { value: 'off', label: 'Off' },
          ...EXPLANATIONS.map((value) => ({
            value,
            label: EXPLANATION_NAMES[value],
            disabled: known !== undefined && !known.includes(value),
          })),
        ]}
        onChange={(value) => {
          if (value !== 'off') studio.detecting.setView({ explain: value as Explanation });
          studio.detecting.show('reconstruction', value !== 'off');
        }}
      />
    </div>
  );
}

function Failure() {
  const error = useSession((state) => state.detection.error);
  if (!error) return null;
  return <ErrorNote message={error.message} />;
}
