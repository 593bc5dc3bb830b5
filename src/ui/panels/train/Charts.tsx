import { Slider, Switch } from '@mantine/core';
import { useMemo, useState } from 'react';
import type { LossCurve, TrainingRunRecord } from '../../../project/training';
import type { StepReport } from '../../../training/run/run';
import { useSession, useStudio } from '../../app/context';
import { LineChart, type Line } from '../../charts/LineChart';
import { kindColour } from '../../charts/plot';
import { joinedCurve, lossGroups, measureLines, plotted } from '../../training-curves';
import { lossTitle } from '../../training-text';
import classes from './train.module.css';

const WEIGHT = 2.5;

interface LossProps {
  readonly record: TrainingRunRecord;
  /** Steps that the record does not have yet. */
  readonly since: readonly StepReport[];
  /** Those of how close results are; those that come with the discriminator, which mean something else. */
  readonly of: 'fit' | 'adversarial';
}

/** Losses by step. Of the discriminator there is nothing to draw where it has not come in. */
export function LossChart({ record, since, of }: LossProps) {
  const { logarithmic, smoothing } = useSession((state) => state.trainingCharts);
  const [hidden, setHidden] = useState<ReadonlySet<string>>(new Set());
  const curve = useMemo(() => joinedCurve(record.curve, since), [record.curve, since]);
  const names = lossGroups(curve)[of];
  const toggle = (label: string, shown: boolean) => {
    const next = new Set(hidden);
    if (shown) next.delete(label);
    else next.add(label);
    setHidden(next);
  };
  if (of === 'adversarial' && names.length === 0) return null;
  return (
    <LineChart
      title={of === 'fit' ? 'Losses' : 'Losses with the discriminator'}
      xLabel="Step"
      yLabel="Loss"
      lines={linesOf(curve, names, hidden)}
      xMax={record.config.steps}
      {...{ logarithmic, smoothing }}
      aside={of === 'fit' && <ChartSettings />}
      empty={names.length > 0 ? 'All of them are hidden.' : 'Losses are drawn from the first steps on.'}
      onToggle={toggle}
    />
  );
}

function linesOf({ steps, losses }: LossCurve, names: readonly string[], hidden: ReadonlySet<string>): Line[] {
  const lead = names[0] === 'total' ? 1 : 0;
  return names.map((name, i) => ({
    label: lossTitle(name),
    colour: name === 'total' ? '--accent' : kindColour(i - lead),
    ...(name === 'total' ? { width: WEIGHT } : {}),
    x: steps,
    y: plotted(losses[name]),
    hidden: hidden.has(lossTitle(name)),
  }));
}

/** Of all charts of losses. */
export function ChartSettings() {
  const { training } = useStudio();
  const { logarithmic, smoothing } = useSession((state) => state.trainingCharts);
  return (
    <div className={classes.chartSettings}>
      <Switch
        label="Logarithmic"
        checked={logarithmic}
        onChange={(event) => training.setCharts({ logarithmic: event.currentTarget.checked })}
      />
      <span className={classes.smoothing}>
        <span>Smoothing</span>
        <Slider
          w={84}
          min={0}
          max={0.98}
          step={0.02}
          value={smoothing}
          thumbLabel="Smoothing"
          thumbValueText={smoothing === 0 ? 'None' : smoothing.toFixed(2)}
          onChange={(next) => training.setCharts({ smoothing: next })}
        />
        <output>{smoothing === 0 ? 'none' : smoothing.toFixed(2)}</output>
      </span>
    </div>
  );
}

/** What was measured on photographs that are not trained on, with the best marked. */
export function MeasureChart({ record }: { readonly record: TrainingRunRecord }) {
  const { measurements, best, config } = record;
  const lines = useMemo(
    () =>
      measureLines(config.what, measurements).map((line, i): Line => ({
        ...line,
        colour: i === 0 ? '--accent' : kindColour(i - 1),
        ...(i === 0 ? { width: WEIGHT, mark: best?.step ?? null } : {}),
      })),
    [config.what, measurements, best],
  );
  return (
    <LineChart
      title={record.images.length === 1 ? 'Measured on the photograph' : 'Measured on held-out photographs'}
      xLabel="Step"
      yLabel="Measure"
      lines={lines}
      xMax={config.steps}
      points
      empty="The first measurement comes before the first step."
      foot={best && <p className={classes.chartNote}>The ring is the best: step {best.step}.</p>}
    />
  );
}
