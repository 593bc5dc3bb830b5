import { Slider } from '@mantine/core';
import { scoreText } from '../../../project/evaluation-text';
import classes from './evaluate.module.css';

/** Steps from one end to the other. */
const STEPS = 500;

interface Props {
  readonly label: string;
  readonly low: number;
  readonly high: number;
  /** May lie beyond the ends, where the thumb then stays. */
  readonly value: number;
  onMove(score: number): void;
  onDone(score: number): void;
}

/** Moves a threshold over scores. */
export function ScoreSlider({ label, low, high, value, onMove, onDone }: Props) {
  return (
    <Slider
      className={classes.slider}
      thumbLabel={label}
      thumbValueText={scoreText(value)}
      min={low}
      max={high}
      step={(high - low) / STEPS}
      value={Math.min(high, Math.max(low, value))}
      onChange={onMove}
      onChangeEnd={onDone}
    />
  );
}
