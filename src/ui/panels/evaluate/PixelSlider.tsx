import { Slider } from '@mantine/core';
import { scoreText } from '../../../project/evaluation-text';
import { useStudio } from '../../app/context';
import classes from './evaluate.module.css';
import { pixelRange, SLIDER_STEPS, type Run } from './use-run';

/** Moves the score from which on pixels are outlined. */
export function PixelSlider({ run: { details, pixelThreshold } }: { run: Run }) {
  const { evaluating } = useStudio();
  const { low, high } = pixelRange(details);
  const value = pixelThreshold ?? high;
  return (
    <Slider
      className={classes.slider}
      thumbLabel="Pixel threshold"
      thumbValueText={scoreText(value)}
      min={low}
      max={high}
      step={(high - low) / SLIDER_STEPS}
      value={Math.min(high, Math.max(low, value))}
      onChange={(next) => evaluating.dragThresholds({ pixelThreshold: next })}
      onChangeEnd={(next) => evaluating.setThresholds({ pixelThreshold: next })}
    />
  );
}
