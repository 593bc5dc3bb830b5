import { Button, NumberInput } from '@mantine/core';
import { useMemo, type ReactNode } from 'react';
import { thresholdAtRate } from '../../../evaluation/curve-sample';
import { scoreHistogram } from '../../../evaluation/histogram';
import {
  bestF1Threshold,
  confusionAt,
  noFalseAlarmThreshold,
  ratesOf,
  type Verdict,
} from '../../../evaluation/threshold';
import { countText, percentText, scoreText } from '../../../project/evaluation-text';
import { useSession, useStudio } from '../../app/context';
import { Section } from '../../parts/Section';
import classes from './evaluate.module.css';
import { PixelSlider } from './PixelSlider';
import { ScoreSlider } from './ScoreSlider';
import { ScoreHistogram } from './ScoreHistogram';
import { pixelRange, type Run } from './use-run';

/** Where images are called anomalous and pixels are outlined, and what follows from it. */
export function ThresholdPanel({ run }: { run: Run }) {
  return (
    <aside className={classes.thresholds} aria-label="Thresholds">
      <ImageThreshold run={run} />
      <Consequences run={run} />
      <PixelThreshold run={run} />
    </aside>
  );
}

function ImageThreshold({ run }: { run: Run }) {
  const { evaluating } = useStudio();
  const { details, threshold } = run;
  const { low, high } = useMemo(() => {
    const range = scoreHistogram(details.images, 1);
    // A little room on either side, where all or none are called.
    const margin = (range.high - range.low) * 0.02;
    return { low: range.low - margin, high: range.high + margin };
  }, [details]);
  const offers = useMemo(
    () => [
      {
        label: 'Detector’s own',
        hint: 'The threshold that came with the detector',
        value: details.ownThresholds?.image,
      },
      {
        label: 'Best F1',
        hint: 'The highest harmonic mean of precision and recall',
        value: bestF1Threshold(details.images),
      },
      {
        label: 'No false alarm',
        hint: 'The lowest threshold at which no good image is called anomalous',
        value: noFalseAlarmThreshold(details.images),
      },
    ],
    [details],
  );
  const move = (next: number) => evaluating.dragThresholds({ threshold: next });
  const set = (next: number) => evaluating.setThresholds({ threshold: next });
  return (
    <Section title="Image threshold" aside={<ScoreInput label="Image threshold" value={threshold} onChange={set} />}>
      <ScoreHistogram {...{ run, low, high }} onMove={move} onDone={set} />
      <ScoreSlider label="Image threshold" {...{ low, high }} value={threshold} onMove={move} onDone={set} />
      <Offers offers={offers} current={threshold} onChoose={set} />
    </Section>
  );
}

/** The confusion matrix, whose cells lead to their images, and the rates. */
function Consequences({ run: { details, threshold } }: { run: Run }) {
  const confusion = confusionAt(details.images, threshold);
  const { precision, recall, f1, falseAlarmRate } = ratesOf(confusion);
  return (
    <Section title="What follows">
      <table className={classes.confusion}>
        <thead>
          <tr>
            <td />
            <th scope="col">Called anomalous</th>
            <th scope="col">Called good</th>
          </tr>
        </thead>
        <tbody>
          <tr>
            <th scope="row">Anomalous</th>
            <Cell verdict="hit" count={confusion.truePositives} one="hit" />
            <Cell verdict="miss" count={confusion.falseNegatives} one="miss" several="misses" />
          </tr>
          <tr>
            <th scope="row">Good</th>
            <Cell verdict="false alarm" count={confusion.falsePositives} one="false alarm" />
            <Cell verdict="passed" count={confusion.trueNegatives} one="passed" several="passed" />
          </tr>
        </tbody>
      </table>
      <dl className={classes.rates}>
        <Rate name="Precision" share={precision} />
        <Rate name="Recall" share={recall} />
        <Rate name="F1" share={f1} />
        <Rate name="False alarms" share={falseAlarmRate} />
      </dl>
    </Section>
  );
}

function Cell({ verdict, count, one, several }: { verdict: Verdict; count: number; one: string; several?: string }) {
  const { evaluating } = useStudio();
  const chosen = useSession((state) => state.evaluation.filter.verdict === verdict);
  const text = countText(count, one, several);
  return (
    <td>
      <button
        type="button"
        className={classes.cell}
        data-verdict={verdict}
        aria-pressed={chosen}
        aria-label={`${text}, show them`}
        onClick={() => evaluating.setFilter({ verdict: chosen ? null : verdict })}
      >
        <strong>{count}</strong>
        <span>{text.slice(String(count).length + 1)}</span>
      </button>
    </td>
  );
}

function Rate({ name, share }: { name: string; share: number | null }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{percentText(share)}</dd>
    </div>
  );
}

function PixelThreshold({ run }: { run: Run }) {
  const { evaluating } = useStudio();
  const { details, pixelThreshold } = run;
  const offers = useMemo(() => {
    const { pixel } = details.curves;
    const atRate = (rate: number) => pixel && thresholdAtRate(pixel.roc, rate);
    return [
      {
        label: 'Detector’s own',
        hint: 'The threshold that came with the detector',
        value: details.ownThresholds?.pixel,
      },
      { label: '1 % of good', hint: 'Outlines at most 1 % of the defect-free pixels', value: atRate(0.01) },
      { label: '5 % of good', hint: 'Outlines at most 5 % of the defect-free pixels', value: atRate(0.05) },
    ];
  }, [details]);
  const value = pixelThreshold ?? pixelRange(details).high;
  const set = (next: number) => evaluating.setThresholds({ pixelThreshold: next });
  return (
    <Section title="Pixel threshold" aside={<ScoreInput label="Pixel threshold" value={value} onChange={set} />}>
      <p className={classes.hint}>Pixels above it are outlined in the images.</p>
      <PixelSlider run={run} />
      <Offers offers={offers} current={value} onChoose={set} />
    </Section>
  );
}

/** Thresholds worth trying; those that are not defined are left out. */
function Offers({
  offers,
  current,
  onChoose,
}: {
  offers: readonly { label: string; hint: string; value: number | null | undefined }[];
  current: number;
  onChoose(threshold: number): void;
}): ReactNode {
  return (
    <div className={classes.offers}>
      {offers.map(({ label, hint, value }) =>
        value === null || value === undefined ? null : (
          <Button
            key={label}
            size="compact-xs"
            variant="default"
            title={`${hint}: ${scoreText(value)}`}
            aria-pressed={value === current}
            data-current={value === current || undefined}
            className={classes.offer}
            onClick={() => onChoose(value)}
          >
            {label}
          </Button>
        ),
      )}
    </div>
  );
}

function ScoreInput({ label, value, onChange }: { label: string; value: number; onChange(value: number): void }) {
  return (
    <NumberInput
      className={classes.scoreInput}
      aria-label={`${label}, exactly`}
      hideControls
      value={Number(value.toPrecision(5))}
      onChange={(next) => {
        if (typeof next === 'number' && Number(next.toPrecision(5)) !== Number(value.toPrecision(5))) onChange(next);
      }}
    />
  );
}
