import { useStudio } from '../../app/context';
import { ScoreSlider } from './ScoreSlider';
import { pixelRange, type Run } from './use-run';

/** Moves the score above which pixels are outlined. */
export function PixelSlider({ run: { details, pixelThreshold } }: { run: Run }) {
  const { evaluating } = useStudio();
  const { low, high } = pixelRange(details);
  return (
    <ScoreSlider
      label="Pixel threshold"
      {...{ low, high }}
      value={pixelThreshold ?? high}
      onMove={(next) => evaluating.dragThresholds({ pixelThreshold: next })}
      onDone={(next) => evaluating.setThresholds({ pixelThreshold: next })}
    />
  );
}
