import { Slider, Switch } from '@mantine/core';
import { useSession, useStudio } from '../../app/context';
import classes from './synthesize.module.css';

/** How unlike a colour may be, and whether it must be connected. Changes count for the last touch too. */
export function WandOptions() {
  const studio = useStudio();
  const { tolerance, contiguous } = useSession((state) => state.wand);
  return (
    <>
      <span className={classes.optionLabel} data-minor aria-hidden>
        Tolerance
      </span>
      <Slider
        className={classes.wandSlider}
        thumbLabel="Tolerance of the wand"
        min={0}
        max={100}
        step={1}
        value={tolerance}
        onChange={(value) => studio.wand.set({ tolerance: value })}
        onChangeEnd={() => studio.project.getState().settle()}
      />
      <span className={classes.optionValue} style={{ width: 24 }}>
        {tolerance}
      </span>
      <Switch
        label="Connected"
        checked={contiguous}
        onChange={(event) => studio.wand.set({ contiguous: event.currentTarget.checked })}
      />
    </>
  );
}
